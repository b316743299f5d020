"""What can be done to a tenant's licenses, service keys, users, login sessions and issuers.

Without a word about terminals: the commands, the seeding and tests share it. Everything raises NotFoundError("tenant").
"""

from collections.abc import Iterable, Sequence

from parlance.errors import InvalidInputError, NotFoundError
from parlance.identity.issuers import Issuer, Issuers, RegisteredIssuer, secret_of
from parlance.identity.jwks import HttpFetch, KeySets
from parlance.identity.licenses import AuthLevel, IssuedLicense, License, Licenses
from parlance.identity.login_sessions import LoginSession, LoginSessions
from parlance.identity.service_keys import ServiceKey, ServiceKeys, ServiceKeyType
from parlance.identity.tokens import TokenVerifier, VerifiedToken, sign
from parlance.identity.users import CHATBOT, DEFAULT_COMMUNITY, Account, Accounts
from parlance_cli.deployment import Deployment
from parlance_cli.operations import require_tenant


def create_license(deployment: Deployment, tenant_id: str, name: str, auth_level: AuthLevel) -> IssuedLicense:
    require_tenant(deployment, tenant_id)
    return licenses_of(deployment).create(tenant_id, name, auth_level)


def list_licenses(deployment: Deployment, tenant_id: str) -> Sequence[License]:
    require_tenant(deployment, tenant_id)
    return licenses_of(deployment).of_tenant(tenant_id)


def revoke_license(deployment: Deployment, tenant_id: str, license_id: str) -> License:
    """Raises NotFoundError("license") as well."""
    require_tenant(deployment, tenant_id)
    return licenses_of(deployment).revoke(tenant_id, license_id)


def create_service_key(deployment: Deployment, tenant_id: str, key_type: ServiceKeyType, tag: str) -> ServiceKey:
    require_tenant(deployment, tenant_id)
    return service_keys_of(deployment).create(tenant_id, key_type, tag)


def list_service_keys(deployment: Deployment, tenant_id: str) -> Sequence[ServiceKey]:
    """With their secrets."""
    require_tenant(deployment, tenant_id)
    return service_keys_of(deployment).of_tenant(tenant_id)


def reset_service_key(deployment: Deployment, tenant_id: str, key_id: str) -> ServiceKey:
    """Raises NotFoundError("service_key") as well."""
    require_tenant(deployment, tenant_id)
    return service_keys_of(deployment).reset(tenant_id, key_id)


def create_user(
    deployment: Deployment,
    tenant_id: str,
    username: str,
    *,
    user_id: str | None = None,
    community_id: str = DEFAULT_COMMUNITY,
    permissions: Iterable[str] = (CHATBOT,),
) -> Account:
    """Raises InvalidInputError, and ConflictError for an id that is taken."""
    require_tenant(deployment, tenant_id)
    accounts = _accounts(deployment)
    return accounts.create(tenant_id, username, account_id=user_id, community_id=community_id, permissions=permissions)


def list_users(deployment: Deployment, tenant_id: str) -> Sequence[Account]:
    require_tenant(deployment, tenant_id)
    return _accounts(deployment).of_tenant(tenant_id)


def disable_user(deployment: Deployment, tenant_id: str, user_id: str) -> Account:
    """Ends their login sessions as well. Raises NotFoundError("user")."""
    require_tenant(deployment, tenant_id)
    return _accounts(deployment).disable(tenant_id, user_id)


def enable_user(deployment: Deployment, tenant_id: str, user_id: str) -> Account:
    """Raises NotFoundError("user")."""
    require_tenant(deployment, tenant_id)
    return _accounts(deployment).enable(tenant_id, user_id)


def create_login_session(deployment: Deployment, tenant_id: str, user_id: str, *, seconds: int) -> LoginSession:
    """One that lives so long from now. Raises NotFoundError("user"), ForbiddenError for one who is disabled."""
    require_tenant(deployment, tenant_id)
    return _sessions(deployment).create(tenant_id, user_id, deployment.clock.now() + seconds * 1000)


def list_login_sessions(deployment: Deployment, tenant_id: str, user_id: str) -> Sequence[LoginSession]:
    """Those that live. Raises NotFoundError("user")."""
    require_tenant(deployment, tenant_id)
    return _sessions(deployment).live(tenant_id, user_id)


def end_login_sessions(deployment: Deployment, tenant_id: str, user_id: str) -> None:
    """All of a user's. Raises NotFoundError("user")."""
    require_tenant(deployment, tenant_id)
    _sessions(deployment).destroy_all(tenant_id, user_id)


def add_secret_issuer(
    deployment: Deployment, tenant_id: str, url: str, audience: str, *, secret: str | None = None
) -> RegisteredIssuer:
    """Raises InvalidInputError, and ConflictError for an issuer that is there."""
    require_tenant(deployment, tenant_id)
    return _issuers(deployment).add_secret(tenant_id, url, audience, secret=secret)


def add_jwks_issuer(
    deployment: Deployment, tenant_id: str, url: str, audience: str, *, jwks_url: str, algorithms: Sequence[str]
) -> Issuer:
    """Raises as `add_secret_issuer` does."""
    require_tenant(deployment, tenant_id)
    return _issuers(deployment).add_jwks(tenant_id, url, audience, jwks_url=jwks_url, algorithms=algorithms)


def list_issuers(deployment: Deployment, tenant_id: str) -> Sequence[Issuer]:
    require_tenant(deployment, tenant_id)
    return _issuers(deployment).of_tenant(tenant_id)


def remove_issuer(deployment: Deployment, tenant_id: str, url: str) -> None:
    """Raises NotFoundError("issuer")."""
    require_tenant(deployment, tenant_id)
    _issuers(deployment).remove(tenant_id, url)


def sign_token(
    deployment: Deployment, tenant_id: str, user_id: str, *, issuer_url: str | None = None, seconds: int
) -> str:
    """A token with a login session of its own, both of which live so long from now.

    Raises InvalidInputError when no issuer whose secret we know is named or goes without saying.
    """
    issuer = _signer(list_issuers(deployment, tenant_id), issuer_url)
    session = create_login_session(deployment, tenant_id, user_id, seconds=seconds)
    account = _accounts(deployment).get(tenant_id, user_id)
    secret = secret_of(issuer, deployment.credentials.vault)
    return sign(issuer, secret, account, session, now=session.created_at, expires_at=session.expires_at)


def verify_token(deployment: Deployment, token: str) -> VerifiedToken:
    """Raises InvalidTokenError; ends no sessions."""
    known = deployment.credentials
    verifier = TokenVerifier(
        known.issuers,
        _sessions(deployment),
        vault=known.vault,
        key_sets=KeySets(HttpFetch(allow_loopback=deployment.local), deployment.clock),
        clock=deployment.clock,
    )
    return verifier.verify(token)


def licenses_of(deployment: Deployment) -> Licenses:
    return Licenses(
        deployment.credentials.licenses, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets
    )


def service_keys_of(deployment: Deployment) -> ServiceKeys:
    known = deployment.credentials
    return ServiceKeys(
        known.service_keys, known.vault, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets
    )


def _accounts(deployment: Deployment) -> Accounts:
    return Accounts(deployment.credentials.accounts, clock=deployment.clock, ids=deployment.ids)


def _sessions(deployment: Deployment) -> LoginSessions:
    known = deployment.credentials
    return LoginSessions(known.sessions, known.accounts, clock=deployment.clock, ids=deployment.ids)


def _issuers(deployment: Deployment) -> Issuers:
    known = deployment.credentials
    return Issuers(
        known.issuers,
        known.vault,
        clock=deployment.clock,
        ids=deployment.ids,
        secrets=deployment.secrets,
        allow_loopback=deployment.local,
    )


def _signer(issuers: Sequence[Issuer], url: str | None) -> Issuer:
    if url is not None and url not in {issuer.url for issuer in issuers}:
        raise NotFoundError("issuer", details={"issuer": url})
    able = [issuer for issuer in issuers if issuer.kind == "secret" and url in {None, issuer.url}]
    if not able:
        raise InvalidInputError("A token is signed with an issuer's secret: add an issuer that shares one.")
    if len(able) > 1:
        raise InvalidInputError("The tenant has several issuers with a secret: name one.")
    return able[0]
