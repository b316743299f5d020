"""A key that exists is a valid key of its curve; every other input is refused."""

from itertools import chain

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.errors import EcdsaError, InvalidKeyError
from parlance.ecdsa.keys import PrivateKey, PublicKey
from parlance.errors import InvalidInputError
from tests.unit.ecdsa.material import CLIENT, FIELD, ORDER, SERVER, base64, der

OTHER = {Curve.SECP256K1: Curve.P256, Curve.P256: Curve.SECP256K1}
EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
CURVE_OID = {
    Curve.SECP256K1: bytes.fromhex("06052b8104000a"),
    Curve.P256: bytes.fromhex("06082a8648ce3d030107"),
}
curves = pytest.mark.parametrize("curve", Curve, ids=lambda curve: curve.value)


def spki(curve: Curve, point: bytes, *, unused_bits: int = 0) -> bytes:
    return der(0x30, der(0x30, EC_PUBLIC_KEY, CURVE_OID[curve]), der(0x03, bytes([unused_bits]), point))


def compressed(raw: bytes) -> bytes:
    return bytes([2 + raw[-1] % 2]) + raw[:32]


def mirrored(key: PublicKey) -> PublicKey:
    y = FIELD[key.curve] - int.from_bytes(key.raw[32:])
    return PublicKey(key.curve, key.raw[:32] + y.to_bytes(32))


class TestPublicKey:
    @curves
    def test_every_spelling_is_the_same_key(self, curve: Curve) -> None:
        raw = CLIENT[curve].public_key.raw
        written = ec.EllipticCurvePublicKey.from_encoded_point(curve.algorithm, b"\x04" + raw).public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        assert written == spki(curve, b"\x04" + raw)
        keys = {PublicKey.parse(base64(data), curve) for data in (raw, b"\x04" + raw, written)}
        assert keys == {CLIENT[curve].public_key}
        assert keys.pop().text == base64(raw)

    @curves
    def test_a_short_coordinate_keeps_its_zeros(self, curve: Curve) -> None:
        scalar = next(n for n in range(1, 5000) if PrivateKey(curve, n).public_key.raw[0] == 0)
        key = PrivateKey(curve, scalar).public_key
        assert PublicKey.parse(key.text, curve) == key
        assert len(key.raw) == 64

    @curves
    def test_an_x_that_begins_with_04_is_not_taken_for_a_mark(self, curve: Curve) -> None:
        scalar = next(n for n in range(1, 5000) if PrivateKey(curve, n).public_key.raw[0] == 4)
        key = PrivateKey(curve, scalar).public_key
        assert PublicKey.parse(key.text, curve) == key
        assert PublicKey.parse(base64(b"\x04" + key.raw), curve) == key

    @curves
    def test_points_off_the_curve_are_refused(self, curve: Curve) -> None:
        raw = CLIENT[curve].public_key.raw
        field = FIELD[curve].to_bytes(32)
        swapped = raw[32:] + raw[:32]
        flipped = (raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(64))
        other = CLIENT[OTHER[curve]].public_key.raw
        for point in chain(
            [bytes(64), b"\xff" * 64, swapped, other, raw[:32] + bytes(32), bytes(32) + raw[32:]],
            [field + bytes(32), bytes(32) + field, field + field],
            flipped,
        ):
            for data in (point, b"\x04" + point, spki(curve, b"\x04" + point)):
                with pytest.raises(InvalidKeyError, match="not a point"):
                    PublicKey.parse(base64(data), curve)

    def test_a_coordinate_beyond_the_field_is_no_other_spelling(self) -> None:
        curve = Curve.SECP256K1
        y = pow(8, (FIELD[curve] + 1) // 4, FIELD[curve])
        PublicKey(curve, (1).to_bytes(32) + y.to_bytes(32))
        with pytest.raises(InvalidKeyError):
            PublicKey(curve, (FIELD[curve] + 1).to_bytes(32) + y.to_bytes(32))

    @curves
    def test_other_forms_of_a_point_are_refused(self, curve: Curve) -> None:
        raw = CLIENT[curve].public_key.raw
        hybrid = bytes([6 + raw[-1] % 2]) + raw
        for point in (
            b"\x00",
            b"\x04",
            hybrid,
            compressed(raw),
            *(bytes([first]) + raw for first in (0, 2, 3, 5, 255)),
        ):
            for data in (point, spki(curve, point)):
                with pytest.raises(InvalidKeyError):
                    PublicKey.parse(base64(data), curve)

    @curves
    def test_wrong_lengths_are_refused(self, curve: Curve) -> None:
        raw = CLIENT[curve].public_key.raw
        for data in (b"", raw[:32], raw[:63], raw + b"\0", b"\x04" + raw[:63], b"\x04" + raw + b"\0", raw + raw):
            with pytest.raises(InvalidKeyError):
                PublicKey.parse(base64(data), curve)

    @curves
    def test_the_other_curve_is_refused(self, curve: Curve) -> None:
        other = CLIENT[OTHER[curve]].public_key.raw
        for point in (other, CLIENT[curve].public_key.raw):
            with pytest.raises(InvalidKeyError):
                PublicKey.parse(base64(spki(OTHER[curve], b"\x04" + point)), curve)

    @curves
    def test_der_has_one_form(self, curve: Curve) -> None:
        point = b"\x04" + CLIENT[curve].public_key.raw
        algorithm = der(0x30, EC_PUBLIC_KEY, CURVE_OID[curve])
        key = der(0x03, b"\0", point)
        good = spki(curve, point)
        assert PublicKey.parse(base64(good), curve) == CLIENT[curve].public_key
        for data in (
            good + b"\0",
            good[:-1],
            b"\x30\x81" + good[1:],
            b"\x30\x82\0" + good[1:],
            b"\x30\x80" + good[2:] + b"\0\0",
            der(0x31, algorithm, key),
            der(0x30, algorithm),
            der(0x30, key, algorithm),
            der(0x30, algorithm, key, b"\x05\0"),
            der(0x30, der(0x30, EC_PUBLIC_KEY), key),
            der(0x30, der(0x30, EC_PUBLIC_KEY, b"\x05\0"), key),
            der(0x30, der(0x30, EC_PUBLIC_KEY, CURVE_OID[curve], b"\x05\0"), key),
            der(0x30, der(0x30, b"\x06\x03\x2b\x65\x70", CURVE_OID[curve]), key),
            der(0x30, algorithm, der(0x04, b"\0", point)),
            der(0x30, algorithm, b"\x03\x81" + key[1:]),
            der(0x30, algorithm, der(0x23, key)),
            spki(curve, point, unused_bits=1),
            base64(good).encode(),
            b"-----BEGIN PUBLIC KEY-----" + base64(good).encode(),
        ):
            with pytest.raises(InvalidKeyError):
                PublicKey.parse(base64(data), curve)

    @curves
    @pytest.mark.parametrize("text", ["", "!!!!", "A", "AAAA=", "é", "\udc80", "\0", "null", "x" * 10_240])
    def test_garbage_is_refused(self, curve: Curve, text: str) -> None:
        with pytest.raises(InvalidKeyError):
            PublicKey.parse(text, curve)

    @curves
    def test_a_mirror_image_shares_x_and_the_shared_keys_but_is_another_key(self, curve: Curve) -> None:
        key = CLIENT[curve].public_key
        mirror = mirrored(key)
        assert mirror != key
        assert mirror.x == key.x == key.raw[:32]
        assert SERVER[curve].shared_key(mirror) == SERVER[curve].shared_key(key)

    def test_equality_is_of_keys(self) -> None:
        key = CLIENT[Curve.P256].public_key
        assert key != CLIENT[Curve.SECP256K1].public_key
        assert key != key.text
        assert repr(key) == f"PublicKey(prime256v1, {key.text})"

    @curves
    @settings(deadline=None)
    @given(data=st.binary(max_size=100) | st.binary(min_size=64, max_size=65))
    def test_any_bytes_raise_no_other_error(self, curve: Curve, data: bytes) -> None:
        with pytest.raises(InvalidKeyError):
            PublicKey.parse(base64(data), curve)

    @curves
    @settings(deadline=None)
    @given(text=st.text() | st.text(alphabet=st.characters(categories=["Cs", "Cc", "L"])))
    def test_any_text_raises_no_other_error(self, curve: Curve, text: str) -> None:
        for parse in (PublicKey.parse, PrivateKey.parse):
            with pytest.raises(InvalidKeyError):
                parse(text, curve)


class TestPrivateKey:
    @curves
    def test_clients_spell_the_scalar_in_31_to_33_bytes(self, curve: Curve) -> None:
        small = PrivateKey(curve, 5)
        for length in (31, 32, 33):
            assert PrivateKey.parse(base64((5).to_bytes(length)), curve) == small
        assert small.text == base64((5).to_bytes(32))
        large = PrivateKey(curve, ORDER[curve] - 1)
        for length in (32, 33):
            assert PrivateKey.parse(base64((ORDER[curve] - 1).to_bytes(length)), curve).text == large.text

    @curves
    @pytest.mark.parametrize("length", [0, 1, 16, 30, 34, 48, 64])
    def test_wrong_lengths_are_refused(self, curve: Curve, length: int) -> None:
        with pytest.raises(InvalidKeyError, match="length"):
            PrivateKey.parse(base64(bytes(length - 1) + b"\x05" if length else b""), curve)

    @curves
    def test_scalars_out_of_range_are_refused(self, curve: Curve) -> None:
        order = ORDER[curve]
        texts = [base64(bytes(length)) for length in (31, 32, 33)]
        texts += [base64(scalar.to_bytes(32)) for scalar in (order, order + 1, 2**256 - 1)]
        texts += [
            base64(scalar.to_bytes(33)) for scalar in (order, order + 1, 2 * order, 2**256, 2**256 + 5, 2**264 - 1)
        ]
        for text in texts:
            with pytest.raises(InvalidKeyError, match="range"):
                PrivateKey.parse(text, curve)

    @pytest.mark.parametrize("scalar", [-1, 0])
    @curves
    def test_numbers_out_of_range_are_refused(self, curve: Curve, scalar: int) -> None:
        with pytest.raises(InvalidKeyError):
            PrivateKey(curve, scalar)

    @curves
    @pytest.mark.parametrize("text", ["!!!!", "A", "é", "\udc80", "AAAA="])
    def test_garbage_is_refused(self, curve: Curve, text: str) -> None:
        with pytest.raises(InvalidKeyError, match="base64"):
            PrivateKey.parse(text, curve)

    @curves
    def test_generated_keys_differ_and_survive_their_text(self, curve: Curve) -> None:
        first, second = PrivateKey.generate(curve), PrivateKey.generate(curve)
        assert first != second
        assert PrivateKey.parse(first.text, curve) == first
        assert hash(PrivateKey.parse(first.text, curve)) == hash(first)
        assert first != first.public_key

    @curves
    def test_it_does_not_show_itself(self, curve: Curve) -> None:
        scalar = ORDER[curve] // 3
        key = PrivateKey(curve, scalar)
        for shown in (repr(key), str(key), f"{[key]}"):
            for secret in (key.text, str(scalar), f"{scalar:x}"):
                assert secret not in shown
        assert key.public_key.text in repr(key)

    @curves
    def test_a_refusal_does_not_show_what_was_refused(self, curve: Curve) -> None:
        text = base64(b"\xff" * 32)
        with pytest.raises(EcdsaError) as caught:
            PrivateKey.parse(text, curve)
        assert isinstance(caught.value, InvalidInputError)
        assert caught.value.message == "The private key is out of range."
        assert caught.value.details == {}
        assert caught.value.__suppress_context__


class TestAgreement:
    @curves
    @settings(deadline=None, max_examples=20)
    @given(data=st.data())
    def test_both_sides_agree(self, curve: Curve, data: st.DataObject) -> None:
        scalars = st.integers(1, ORDER[curve] - 1)
        one, other = PrivateKey(curve, data.draw(scalars)), PrivateKey(curve, data.draw(scalars))
        assert one.shared_key(other.public_key) == other.shared_key(one.public_key)

    def test_the_known_answer_of_nist(self) -> None:
        """The first case of the KAS ECC CDH primitive's vectors for P-256."""
        theirs = bytes.fromhex(
            "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
            "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac"
        )
        ours = PrivateKey(Curve.P256, 0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534)
        agreed = ours.shared_key(PublicKey(Curve.P256, theirs))
        assert agreed.hex() == "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"

    @curves
    def test_a_short_coordinate_is_padded_to_32_bytes(self, curve: Curve) -> None:
        scalar = next(n for n in range(1, 5000) if PrivateKey(curve, n).public_key.raw[0] == 0)
        shared = PrivateKey(curve, 1).shared_key(PrivateKey(curve, scalar).public_key)
        assert shared == PrivateKey(curve, scalar).public_key.x
        assert len(shared) == 32

    def test_an_x_of_zero_on_p256_is_a_point_like_any_other(self) -> None:
        b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
        y = pow(b, (FIELD[Curve.P256] + 1) // 4, FIELD[Curve.P256])
        key = PublicKey(Curve.P256, bytes(32) + y.to_bytes(32))
        assert PrivateKey(Curve.P256, 1).shared_key(key) == bytes(32)

    @curves
    def test_keys_of_two_curves_do_not_agree(self, curve: Curve) -> None:
        with pytest.raises(InvalidKeyError, match="another curve"):
            SERVER[curve].shared_key(CLIENT[OTHER[curve]].public_key)
