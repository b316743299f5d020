"""Who may ask an agent: a tenant's backend with its service key and license, a user with a token, or both together.

Every credential that is sent must hold, and all must be of one tenant. What a token says of its user is verified. What
a backend says of a user is that backend's word, which counts where no token speaks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from parlance.clock import Clock
from parlance.ecdsa.errors import EcdsaError
from parlance.errors import ForbiddenError, UnauthenticatedError
from parlance.http.rate_gate import count_request
from parlance.http.requests import Request
from parlance.http.routes import Admission
from parlance.identity.licenses import Licenses
from parlance.identity.model import Tenant
from parlance.identity.port import KeyLookup
from parlance.identity.remembering import Remembered
from parlance.identity.service_keys import ServiceKeyVerifier
from parlance.identity.tokens import TokenVerifier
from parlance.identity.users import Account
from parlance.kosmos.clients import Clients
from parlance.limits.rates import RateLimiter

_POLICY = "query"
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class QueryCaller:
    """`account` is the user that a token belongs to; None for a backend that speaks for itself."""

    tenant_id: str
    account: Account | None


class Credentials:
    """Verifies whatever credentials a request brings."""

    def __init__(self, keys: ServiceKeyVerifier, licenses: Licenses, tokens: TokenVerifier, clients: Clients) -> None:
        self._keys = keys
        self._licenses = licenses
        self._tokens = tokens
        self._clients = clients

    def verify(self, request: Request) -> QueryCaller:
        """Raises UnauthenticatedError; ForbiddenError when they are of different tenants."""
        key_id, license_text = request.header("keyid"), request.header("license")
        token = request.header("authorization")
        if token is None and (key_id is None or license_text is None):
            raise UnauthenticatedError("A service key with a license is required, or a user's token.")
        account = self._tokens.verify(self._plain(request, token)).account if token is not None else None
        tenants = set(self._tenants(request, key_id, license_text))
        tenants |= {account.tenant_id} if account else set()
        if len(tenants) != 1:
            raise ForbiddenError("The credentials are of different tenants.")
        return QueryCaller(tenants.pop(), account)

    def _tenants(self, request: Request, key_id: str | None, license_text: str | None) -> Iterator[str]:
        key_secret = request.header("keysecret")
        if key_id is not None or key_secret is not None:
            yield self._keys.verify(key_id, key_secret).tenant_id
        if license_text is not None:
            yield self._licenses.verify(license_text).tenant_id

    def _plain(self, request: Request, header: str) -> str:
        """The token, which may come in an envelope, as may the whole header. An envelope holds no dot."""
        text = _without_scheme(header)
        if "." in text:
            return text
        try:
            return _without_scheme(self._clients.of(request).open(text))
        except EcdsaError as error:
            raise UnauthenticatedError("Invalid token") from error


class QueryGate:
    """Lets a request in by its credentials and its tenant's rate limit."""

    def __init__(
        self, credentials: Credentials, tenants: KeyLookup, limiter: RateLimiter, clock: Clock, *, ttl: float = 60
    ) -> None:
        self._credentials = credentials
        self._tenants = tenants
        self._limiter = limiter
        self._clock = clock
        self._known = Remembered[Tenant](clock, ttl=ttl)

    def __call__(self, request: Request) -> Admission[QueryCaller]:
        """Raises UnauthenticatedError, ForbiddenError, or RefusedError when the limit is used up."""
        caller = self._credentials.verify(request)
        per_minute = self._tenant(caller.tenant_id).limits.rest_per_minute
        headers = count_request(self._limiter, caller.tenant_id, _POLICY, per_minute=per_minute)
        return Admission(caller, headers)

    def _tenant(self, tenant_id: str) -> Tenant:
        known = self._known.recall(tenant_id)
        if known is not None:
            return known
        asked_at = self._clock.monotonic()
        found = self._tenants.tenant(tenant_id)
        if found is None:
            raise UnauthenticatedError("The tenant is not known.")
        self._known.keep(tenant_id, found, asked_at=asked_at)
        return found


def _without_scheme(header: str) -> str:
    text = header.strip()
    return text[len(_BEARER) :].strip() if text.lower().startswith(_BEARER) else text
