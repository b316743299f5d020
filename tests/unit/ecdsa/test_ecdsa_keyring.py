"""The current key seals, every key opens, and an agreement is made once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.errors import EcdsaError, InvalidEnvelopeError, InvalidKeyError, InvalidPlaintextError
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey, PublicKey
from tests.unit.ecdsa.material import CLIENT, RECORDED, SERVER, Recorded, base64

K1 = Curve.SECP256K1
curves = pytest.mark.parametrize("curve", Curve, ids=lambda curve: curve.value)


class CountingKey(PrivateKey):
    """Counts its agreements."""

    __slots__ = ("agreements",)

    def __init__(self, curve: Curve, scalar: int) -> None:
        super().__init__(curve, scalar)
        self.agreements = 0

    def shared_key(self, other: PublicKey) -> bytes:
        self.agreements += 1
        return super().shared_key(other)


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.id)
def test_a_recorded_envelope_opens_and_is_made_again_on_both_sides(one: Recorded) -> None:
    server = PrivateKey.parse(one.server_private_key, K1)
    client = PrivateKey.parse(one.client_private_key, K1)
    for ours, theirs in ((server, one.client_public_key), (client, one.server_public_key)):
        keyring = Keyring(ours, ivs=lambda: one.iv)
        other = PublicKey.parse(theirs, K1)
        assert keyring.decrypt(one.ciphertext, other) == one.plaintext
        assert keyring.encrypt(one.plaintext, other) == one.ciphertext


@curves
@settings(deadline=None, max_examples=30)
@given(plaintext=st.text())
def test_what_one_side_seals_the_other_opens(curve: Curve, plaintext: str) -> None:
    server, client = Keyring(SERVER[curve]), Keyring(CLIENT[curve])
    sealed = server.encrypt(plaintext, client.public_key)
    assert client.decrypt(sealed, server.public_key) == plaintext
    assert server.decrypt(sealed, client.public_key) == plaintext


def test_the_same_text_is_sealed_differently_each_time() -> None:
    keyring = Keyring(SERVER[K1])
    assert len({keyring.encrypt("text", CLIENT[K1].public_key) for _ in range(20)}) == 20


def test_a_rotated_key_opens_and_the_current_one_seals() -> None:
    oldest, old, new = (PrivateKey(K1, scalar) for scalar in (101, 102, 103))
    client = CLIENT[K1]
    rotated = Keyring(new, [old, oldest])
    assert rotated.public_key == new.public_key
    for server in (oldest, old, new):
        sealed = Keyring(client).encrypt("text", server.public_key)
        assert rotated.decrypt(sealed, client.public_key) == "text"
    answer = rotated.encrypt("answer", client.public_key)
    assert Keyring(client).decrypt(answer, new.public_key) == "answer"
    with pytest.raises(InvalidEnvelopeError):
        Keyring(client).decrypt(answer, old.public_key)


def test_a_key_that_was_dropped_opens_nothing() -> None:
    dropped, old, new = (PrivateKey(K1, scalar) for scalar in (101, 102, 103))
    sealed = Keyring(CLIENT[K1]).encrypt("text", dropped.public_key)
    for keyring in (Keyring(new), Keyring(new, [old])):
        with pytest.raises(InvalidEnvelopeError) as caught:
            keyring.decrypt(sealed, CLIENT[K1].public_key)
        assert caught.value.message == "The envelope cannot be opened."


def test_an_envelope_of_another_client_does_not_open() -> None:
    keyring = Keyring(SERVER[K1], [PrivateKey(K1, 102)])
    sealed = keyring.encrypt("text", PrivateKey(K1, 5).public_key)
    with pytest.raises(InvalidEnvelopeError):
        keyring.decrypt(sealed, CLIENT[K1].public_key)


def test_an_agreement_is_made_once_for_a_pair_of_keys() -> None:
    current, previous = CountingKey(K1, 103), CountingKey(K1, 102)
    keyring = Keyring(current, [previous])
    sealed = Keyring(CLIENT[K1]).encrypt("text", previous.public_key)
    spellings = [CLIENT[K1].public_key.raw, b"\x04" + CLIENT[K1].public_key.raw]
    for data in spellings * 2:
        client = PublicKey.parse(base64(data), K1)
        assert keyring.decrypt(sealed, client) == "text"
        keyring.encrypt("text", client)
    assert (current.agreements, previous.agreements) == (1, 1)
    keyring.encrypt("text", PrivateKey(K1, 5).public_key)
    assert (current.agreements, previous.agreements) == (2, 1)


def test_the_current_key_is_tried_first() -> None:
    current, previous = CountingKey(K1, 103), CountingKey(K1, 102)
    sealed = Keyring(CLIENT[K1]).encrypt("text", current.public_key)
    assert Keyring(current, [previous]).decrypt(sealed, CLIENT[K1].public_key) == "text"
    assert (current.agreements, previous.agreements) == (1, 0)


def test_the_cache_is_bounded_and_forgets_what_was_used_least_recently() -> None:
    server = CountingKey(K1, 103)
    keyring = Keyring(server, remembered=2)
    first, second, third = (PrivateKey(K1, scalar).public_key for scalar in (5, 6, 7))
    for client in (first, second, first, third, first):
        keyring.encrypt("text", client)
    assert server.agreements == 3
    keyring.encrypt("text", second)
    assert server.agreements == 4


def test_what_is_no_envelope_costs_no_agreement() -> None:
    server = CountingKey(K1, 103)
    keyring = Keyring(server)
    for text in ("", "!!!!", base64(bytes(31))):
        with pytest.raises(InvalidEnvelopeError):
            keyring.decrypt(text, CLIENT[K1].public_key)
    assert server.agreements == 0


def test_threads_share_a_keyring() -> None:
    clients = [PrivateKey(Curve.P256, scalar) for scalar in range(5, 13)]
    keyring = Keyring(SERVER[Curve.P256], [PrivateKey(Curve.P256, 102)], remembered=3)
    rings = [Keyring(client) for client in clients]

    def exchange(number: int) -> str:
        client, ring = clients[number % 8], rings[number % 8]
        sealed = ring.encrypt(f"text {number}", keyring.public_key)
        answer = keyring.encrypt(keyring.decrypt(sealed, client.public_key), client.public_key)
        return ring.decrypt(answer, keyring.public_key)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(exchange, range(400))) == [f"text {number}" for number in range(400)]


def test_ivs_come_from_their_source_one_for_each_envelope() -> None:
    ivs = iter([bytes(16), b"\1" * 16])
    keyring = Keyring(SERVER[K1], ivs=lambda: next(ivs))
    first, second = (keyring.encrypt("text", CLIENT[K1].public_key) for _ in range(2))
    assert first.startswith("A" * 21)
    assert second.startswith("AQEB")


def test_a_keyring_is_of_one_curve() -> None:
    with pytest.raises(ValueError, match="one curve"):
        Keyring(SERVER[K1], [SERVER[Curve.P256]])
    keyring = Keyring(SERVER[K1])
    stranger = CLIENT[Curve.P256].public_key
    with pytest.raises(InvalidKeyError):
        keyring.encrypt("text", stranger)
    with pytest.raises(InvalidKeyError):
        keyring.decrypt(base64(bytes(32)), stranger)


def test_text_that_utf8_cannot_express_is_refused() -> None:
    with pytest.raises(InvalidPlaintextError):
        Keyring(SERVER[K1]).encrypt("\ud800", CLIENT[K1].public_key)


@settings(deadline=None)
@given(st.binary(max_size=200).map(base64) | st.text())
def test_any_input_raises_no_other_error(text: str) -> None:
    keyring = Keyring(SERVER[Curve.P256], [PrivateKey(Curve.P256, 102)])
    with pytest.raises(EcdsaError):
        keyring.decrypt(text, CLIENT[Curve.P256].public_key)
