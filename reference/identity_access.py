"""Who may call the identity dialect: its credentials, and which of them go together."""

from typing import Any


def _header(name: str, about: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": name, "description": about}


SCHEMES = {
    "ClientKey": _header("publickey", "The client's public key: base64 of X‖Y, 64 bytes. Anybody can make one."),
    "RequestId": _header(
        "requestid",
        'The envelope of `{"appid", "uuid", "ts"}`, with `ts` in seconds since 1970. Good once and for a short while.',
    ),
    "SealedLicense": _header("licensekey", "The envelope of a license key"),
    "License": _header("license", "A license key, plain"),
    "ServiceKeyId": _header("keyId", "The id of a service key"),
    "ServiceKeySecret": _header("keySecret", "The secret of that service key"),
    "UserToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's token, plain or in an envelope for the key in the header `publickey`",
    },
}

FRESH = ["ClientKey", "RequestId"]
LICENSED = [*FRESH, "SealedLicense"]
SERVICE = ["ServiceKeyId", "ServiceKeySecret"]
BACKEND = [*SERVICE, "License"]
USER = ["UserToken"]
