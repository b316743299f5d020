"""Signatures by the Standard Webhooks scheme, version 1: any of its libraries verifies them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: HMAC-SHA256 over
`id.timestamp.body`, the secret being what stands in base64 behind `whsec_`.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from parlance.identity.keys import SecretSource

PREFIX = "whsec_"


def new_secret(source: SecretSource) -> str:
    """256 random bits."""
    return PREFIX + base64.b64encode(base64.urlsafe_b64decode(source.secret() + "=")).decode()


def signed_headers(secret: str, *, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """`timestamp` is in seconds since 1970, of this attempt. Raises ValueError for a secret that is none."""
    if not secret.startswith(PREFIX):
        raise ValueError("not a webhook's secret")
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
