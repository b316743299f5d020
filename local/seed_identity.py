"""What the demo tenants need for the identity dialect: a license, a service key, and a user who is signed in."""

from collections.abc import Mapping
from contextlib import suppress

from parlance.errors import ConflictError, UnauthenticatedError
from parlance_cli.deployment import Deployment
from parlance_cli.identity import operations

USER = "demo-user"
AUDIENCE = "parlance"
_NAME = "local cloud"
_DAY = 24 * 3600
_TOKEN_SECONDS = 30 * _DAY
_RENEWED_SECONDS = 7 * _DAY
"""A token that would end sooner than this is replaced."""


def issuer_of(tenant_id: str) -> str:
    """Who signs the demo tenant's tokens."""
    return f"urn:parlance:{tenant_id}"


def identity_credentials(operated: Deployment, tenant_id: str, before: Mapping[str, object]) -> dict[str, object]:
    """The tenant's credentials: those of an earlier start that still work, and new ones for those that do not."""
    return {
        "license_key": _license(operated, tenant_id, before.get("license_key")),
        "service_key": _service_key(operated, tenant_id, before.get("service_key")),
        "user_token": _user_token(operated, tenant_id, before.get("user_token")),
    }


def _license(operated: Deployment, tenant_id: str, text: object) -> str:
    if isinstance(text, str):
        with suppress(UnauthenticatedError):
            found = operations.licenses_of(operated).verify(text)
            if (found.tenant_id, found.auth_level) == (tenant_id, "system"):
                return text
    return operations.create_license(operated, tenant_id, _NAME, "system").text


def _service_key(operated: Deployment, tenant_id: str, pair: object) -> dict[str, str]:
    match pair:
        case {"keyId": str(key_id), "keySecret": str(secret)}:
            with suppress(UnauthenticatedError):
                if operations.service_keys_of(operated).verify(key_id, secret).tenant_id == tenant_id:
                    return {"keyId": key_id, "keySecret": secret}
    made = operations.create_service_key(operated, tenant_id, "ecdsa", _NAME)
    return {"keyId": made.key_id, "keySecret": made.secret}


def _user_token(operated: Deployment, tenant_id: str, token: object) -> str:
    _ensure_user(operated, tenant_id)
    if isinstance(token, str):
        with suppress(UnauthenticatedError):
            verified = operations.verify_token(operated, token)
            renewed_at = operated.clock.now() + _RENEWED_SECONDS * 1000
            if verified.account.tenant_id == tenant_id and verified.session.expires_at > renewed_at:
                return token
    return operations.sign_token(operated, tenant_id, USER, issuer_url=issuer_of(tenant_id), seconds=_TOKEN_SECONDS)


def _ensure_user(operated: Deployment, tenant_id: str) -> None:
    """A user who may sign in, and an issuer for their tokens."""
    with suppress(ConflictError):
        operations.create_user(operated, tenant_id, "Demo user", user_id=USER)
    operations.enable_user(operated, tenant_id, USER)
    with suppress(ConflictError):
        operations.add_secret_issuer(operated, tenant_id, issuer_of(tenant_id), AUDIENCE)
