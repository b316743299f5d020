"""Keys and recorded envelopes that the tests share."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keys import PrivateKey

FIELD = {
    Curve.SECP256K1: 2**256 - 2**32 - 977,
    Curve.P256: 2**256 - 2**224 + 2**192 + 2**96 - 1,
}
ORDER = {
    Curve.SECP256K1: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    Curve.P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
}
SERVER = {curve: PrivateKey(curve, 0xA11CE << 200 | 7) for curve in Curve}
CLIENT = {curve: PrivateKey(curve, 0xB0B << 210 | 11) for curve in Curve}


@dataclass(frozen=True)
class Recorded:
    """An envelope that one of the dialect's own clients made."""

    id: str
    client_private_key: str
    client_public_key: str
    server_private_key: str
    server_public_key: str
    shared_key: bytes
    plaintext: str
    ciphertext: str
    iv: bytes


@dataclass(frozen=True)
class Refused:
    """An envelope that the dialect's own clients refuse."""

    id: str
    ciphertext: str
    shared_key: bytes


_FILE: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))

RECORDED = [
    Recorded(
        one["id"],
        one["client_private_key"],
        one["client_public_key"],
        one["server_private_key"],
        one["server_public_key"],
        b64decode(one["shared_key"]),
        one["plaintext"],
        one["ciphertext"],
        bytes.fromhex(one["iv_hex"]),
    )
    for one in _FILE["vectors"]
]
REFUSED = [Refused(one["id"], one["ciphertext"], b64decode(one["shared_key"])) for one in _FILE["negative"]]


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def der(tag: int, *contents: bytes) -> bytes:
    """A DER element of up to 127 bytes."""
    body = b"".join(contents)
    assert len(body) < 0x80
    return bytes([tag, len(body)]) + body
