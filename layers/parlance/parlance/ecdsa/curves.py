"""The two curves that the dialect knows. Both have 32-byte coordinates and scalars, and no small subgroups."""

from enum import Enum

from cryptography.hazmat.primitives.asymmetric import ec


class Curve(Enum):
    """A curve by the name that `EC_CURVE_NAME` gives it."""

    SECP256K1 = "secp256k1"
    P256 = "prime256v1"

    @property
    def algorithm(self) -> ec.EllipticCurve:
        return _ALGORITHMS[self]

    @property
    def spki_prefix(self) -> bytes:
        """What stands before X‖Y in the one DER form of an uncompressed public key (SubjectPublicKeyInfo)."""
        return _SPKI_PREFIXES[self]


_ALGORITHMS = {Curve.SECP256K1: ec.SECP256K1(), Curve.P256: ec.SECP256R1()}

# SEQUENCE { SEQUENCE { OID id-ecPublicKey, OID of the curve }, BIT STRING { 04 …
_SPKI_PREFIXES = {
    Curve.SECP256K1: bytes.fromhex("3056 3010 0607 2a8648ce3d0201 0605 2b8104000a 0342 00 04"),
    Curve.P256: bytes.fromhex("3059 3013 0607 2a8648ce3d0201 0608 2a8648ce3d030107 0342 00 04"),
}
