"""Keys, checked when they are made: one that exists is a valid key of its curve."""

from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.encoding import decode, encode
from parlance.ecdsa.errors import InvalidKeyError

_COORDINATE = 32
_POINT = 2 * _COORDINATE
_UNCOMPRESSED = b"\x04"
# Clients leave a leading zero out, or put one in front to keep the number positive.
_SCALARS = (31, 32, 33)


class PublicKey:
    """A point on the curve, as X‖Y. Equal keys are equal whatever their spelling was."""

    __slots__ = ("_key", "curve", "raw")

    def __init__(self, curve: Curve, raw: bytes) -> None:
        """Raises InvalidKeyError."""
        if len(raw) != _POINT:
            raise InvalidKeyError("The public key has a wrong length.")
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(curve.algorithm, _UNCOMPRESSED + raw)
        except ValueError:
            raise InvalidKeyError("The public key is not a point of the curve.") from None
        self.curve = curve
        self.raw = raw

    @classmethod
    def parse(cls, text: str, curve: Curve) -> Self:
        """Read base64 of X‖Y, of 04‖X‖Y, or of the DER of a SubjectPublicKeyInfo. Raises InvalidKeyError."""
        try:
            data = decode(text)
        except ValueError:
            raise InvalidKeyError("The public key is not base64.") from None
        for prefix in (_UNCOMPRESSED, curve.spki_prefix):
            if len(data) == len(prefix) + _POINT and data.startswith(prefix):
                return cls(curve, data[len(prefix) :])
        return cls(curve, data)

    @property
    def text(self) -> str:
        return encode(self.raw)

    @property
    def x(self) -> bytes:
        """What tells one client from another: the mirror image (X, -Y) yields the same shared keys as (X, Y)."""
        return self.raw[:_COORDINATE]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and (self.curve, self.raw) == (other.curve, other.raw)

    def __hash__(self) -> int:
        return hash((self.curve, self.raw))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.curve.value}, {self.text})"


class PrivateKey:
    """A secret scalar and the public key that belongs to it. Its repr does not show the scalar; `text` does."""

    __slots__ = ("_key", "curve", "public_key")

    def __init__(self, curve: Curve, scalar: int) -> None:
        """Raises InvalidKeyError unless 0 < scalar < order of the curve."""
        try:
            self._key = ec.derive_private_key(scalar, curve.algorithm)
        except ValueError:
            raise InvalidKeyError("The private key is out of range.") from None
        self.curve = curve
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = PublicKey(curve, point[len(_UNCOMPRESSED) :])

    @classmethod
    def generate(cls, curve: Curve) -> Self:
        return cls(curve, ec.generate_private_key(curve.algorithm).private_numbers().private_value)

    @classmethod
    def parse(cls, text: str, curve: Curve) -> Self:
        """Read base64 of a big-endian unsigned number of 31 to 33 bytes. Raises InvalidKeyError."""
        try:
            data = decode(text)
        except ValueError:
            raise InvalidKeyError("The private key is not base64.") from None
        if len(data) not in _SCALARS:
            raise InvalidKeyError("The private key has a wrong length.")
        return cls(curve, int.from_bytes(data))

    @property
    def text(self) -> str:
        """The secret itself: base64 of 32 bytes."""
        return encode(self._key.private_numbers().private_value.to_bytes(_COORDINATE))

    def shared_key(self, other: PublicKey) -> bytes:
        """The x coordinate that both sides agree on: 32 bytes, raw, no key derivation.

        Raises InvalidKeyError for a key of another curve.
        """
        if other.curve is not self.curve:
            raise InvalidKeyError("The public key is of another curve.")
        return self._key.exchange(ec.ECDH(), other._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateKey) and self.public_key == other.public_key

    def __hash__(self) -> int:
        return hash(self.public_key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(of {self.public_key!r})"
