"""What the dialect's own clients sealed opens, from both sides; what was touched does not."""

import traceback
from base64 import b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.envelope import IV_LENGTH, Envelope, random_iv
from parlance.ecdsa.errors import EcdsaError, InvalidEnvelopeError, InvalidPlaintextError
from parlance.ecdsa.keys import PrivateKey, PublicKey
from tests.unit.ecdsa.material import RECORDED, REFUSED, Recorded, Refused, base64

KEY = bytes(range(32))
IV = bytes(range(16))
recorded = pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.id)


@recorded
def test_both_sides_of_a_recorded_envelope_agree_on_its_key(one: Recorded) -> None:
    curve = Curve.SECP256K1
    client = PrivateKey.parse(one.client_private_key, curve)
    server = PrivateKey.parse(one.server_private_key, curve)
    assert client.public_key.text == one.client_public_key
    assert server.public_key.text == one.server_public_key
    assert client.shared_key(PublicKey.parse(one.server_public_key, curve)) == one.shared_key
    assert server.shared_key(PublicKey.parse(one.client_public_key, curve)) == one.shared_key


@recorded
def test_a_recorded_envelope_opens(one: Recorded) -> None:
    envelope = Envelope.parse(one.ciphertext)
    assert envelope.iv == one.iv
    assert envelope.open(one.shared_key) == one.plaintext


@recorded
def test_the_same_iv_makes_the_recorded_bytes(one: Recorded) -> None:
    assert Envelope.seal(one.plaintext, one.shared_key, one.iv).text == one.ciphertext


@recorded
def test_a_recorded_envelope_opens_in_every_tolerated_spelling(one: Recorded) -> None:
    urlsafe = urlsafe_b64encode(b64decode(one.ciphertext)).decode()
    folded = "\r\n".join(one.ciphertext[start : start + 76] for start in range(0, len(one.ciphertext), 76))
    for text in (one.ciphertext.rstrip("="), urlsafe, urlsafe.rstrip("="), folded, f"\n{one.ciphertext}\n"):
        assert Envelope.parse(text).open(one.shared_key) == one.plaintext


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one.id)
def test_what_the_clients_refuse_is_refused(one: Refused) -> None:
    with pytest.raises(InvalidEnvelopeError):
        Envelope.parse(one.ciphertext).open(one.shared_key)


def test_every_recorded_case_is_there() -> None:
    assert {one.id.split("-")[0] for one in RECORDED} == {"node", "java", "go", "php"}
    assert len(RECORDED) == 10
    assert len(REFUSED) == 3


def test_every_flipped_bit_is_noticed() -> None:
    data = b64decode(Envelope.seal("ok", KEY, IV).text)
    for bit in range(len(data) * 8):
        touched = bytearray(data)
        touched[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidEnvelopeError):
            Envelope.parse(base64(bytes(touched))).open(KEY)


def test_every_changed_digit_is_noticed() -> None:
    text = Envelope.seal("ok!", KEY, IV).text
    assert text.endswith("=")
    for at, digit in enumerate(text):
        for other in "AQgw+=":
            if other != digit:
                with pytest.raises(InvalidEnvelopeError):
                    Envelope.parse(text[:at] + other + text[at + 1 :]).open(KEY)


@pytest.mark.parametrize("length", range(50))
def test_a_cut_envelope_is_refused(length: int) -> None:
    data = b64decode(Envelope.seal("eighteen characters", KEY, IV).text)
    with pytest.raises(InvalidEnvelopeError):
        Envelope.parse(base64(data[:length])).open(KEY)


def test_a_short_tag_is_refused() -> None:
    data = b64decode(Envelope.seal("some text", KEY, IV).text)
    for missing in range(1, 16):
        with pytest.raises(InvalidEnvelopeError):
            Envelope.parse(base64(data[:-missing])).open(KEY)


def test_the_shortest_envelope_holds_the_empty_text() -> None:
    text = Envelope.seal("", KEY, IV).text
    assert len(b64decode(text)) == 32
    assert Envelope.parse(text).open(KEY) == ""
    with pytest.raises(InvalidEnvelopeError, match="too short"):
        Envelope.parse(base64(b64decode(text)[:31]))


@pytest.mark.parametrize(
    "text", ["", "A", "=", "!!!!", "é" * 64, "\udc80" * 64, "A" * 65, "A" * 44 + "=", "A" * 45 + "B"]
)
def test_odd_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidEnvelopeError):
        Envelope.parse(text)


def test_another_iv_length_is_another_format() -> None:
    nonce = IV[:12]
    with pytest.raises(InvalidEnvelopeError):
        Envelope.parse(base64(nonce + AESGCM(KEY).encrypt(nonce, b"twelve bytes of IV", None))).open(KEY)
    for length in (0, 12, 15, 17):
        with pytest.raises(ValueError, match="16 bytes"):
            Envelope.seal("text", KEY, bytes(length))


def test_additional_data_is_another_format() -> None:
    with pytest.raises(InvalidEnvelopeError):
        Envelope.parse(base64(IV + AESGCM(KEY).encrypt(IV, b"text", b"header"))).open(KEY)


@pytest.mark.parametrize("data", [b"\xff", b"secret \xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"])
def test_what_is_not_utf8_is_refused_in_the_words_of_a_wrong_key(data: bytes) -> None:
    envelope = Envelope.parse(base64(IV + AESGCM(KEY).encrypt(IV, data, None)))
    with pytest.raises(InvalidEnvelopeError) as not_utf8:
        envelope.open(KEY)
    with pytest.raises(InvalidEnvelopeError) as wrong_key:
        envelope.open(bytes(32))
    assert not_utf8.value.message == wrong_key.value.message == "The envelope cannot be opened."
    assert "codec" not in "".join(traceback.format_exception(not_utf8.value))


def test_text_that_utf8_cannot_express_is_refused() -> None:
    with pytest.raises(InvalidPlaintextError) as caught:
        Envelope.seal("half a pair: \ud83d", KEY, IV)
    assert caught.value.message == "The data is not valid Unicode."


def test_random_ivs_differ() -> None:
    ivs = {random_iv() for _ in range(100)}
    assert len(ivs) == 100
    assert {len(iv) for iv in ivs} == {IV_LENGTH}


@settings(deadline=None)
@given(st.text(), st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
def test_what_was_sealed_opens(plaintext: str, key: bytes, iv: bytes) -> None:
    envelope = Envelope.seal(plaintext, key, iv)
    assert Envelope.parse(envelope.text) == envelope
    assert envelope.open(key) == plaintext
    assert len(b64decode(envelope.text)) == 32 + len(plaintext.encode())


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_raise_no_other_error(data: bytes) -> None:
    with pytest.raises(EcdsaError):
        Envelope.parse(base64(data)).open(KEY)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_sealed_bytes_are_a_text_or_refused(data: bytes) -> None:
    envelope = Envelope.parse(base64(IV + AESGCM(KEY).encrypt(IV, data, None)))
    try:
        assert envelope.open(KEY).encode() == data
    except EcdsaError:
        with pytest.raises(UnicodeDecodeError):
            data.decode()


@settings(deadline=None)
@given(st.text() | st.text(alphabet=st.characters(categories=["Cs", "Cc", "L"])))
def test_any_text_raises_no_other_error(text: str) -> None:
    with pytest.raises(EcdsaError):
        Envelope.parse(text).open(KEY)
