"""Signatures by the Standard Webhooks scheme 1.0.0 (standardwebhooks.com), symmetric: what is signed is
`{id}.{timestamp}.{body}`, by HMAC-SHA256 under the bytes that stand in base64 behind `whsec_`.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable

PREFIX = "whsec_"
_SECRET_BYTES = 32
_SECRET_BYTES_MIN, _SECRET_BYTES_MAX = 24, 64


class SigningSecretError(Exception):
    """What should be a signing secret is none."""


def new_secret(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    return PREFIX + base64.b64encode(random_bytes(_SECRET_BYTES)).decode()


def headers(secret: str, event_id: str, body: bytes, *, at_seconds: int) -> dict[str, str]:
    """The scheme's three headers; `at_seconds` is the time of this attempt. Raises SigningSecretError."""
    signed = f"{event_id}.{at_seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
    return {"webhook-id": event_id, "webhook-timestamp": str(at_seconds), "webhook-signature": f"v1,{signature}"}


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SigningSecretError("not in base64") from error
    if not secret.startswith(PREFIX) or not _SECRET_BYTES_MIN <= len(key) <= _SECRET_BYTES_MAX:
        raise SigningSecretError("no signing secret")
    return key
