"""How requests get into the chats dialect over HTTP."""

from parlance.errors import RateLimitedError
from parlance.http.rate_headers import rate_headers
from parlance.http.requests import Request
from parlance.http.routes import Admission, RefusedError
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Principal
from parlance.limits.port import TenantCounter
from parlance.limits.rates import RateLimiter

ROOT = "/api/v1/chats"
_WINDOW_SECONDS = 60
_POLICY = "rest"


class Gate:
    """Lets a request in by its API key and its tenant's rate limit."""

    def __init__(self, authenticator: Authenticator, limiter: RateLimiter) -> None:
        self._authenticator = authenticator
        self._limiter = limiter

    def __call__(self, request: Request) -> Admission[Principal]:
        """Raises UnauthenticatedError, or RefusedError when the limit is used up."""
        principal = self._authenticator.authenticate(request.header("x-api-key"))
        allowance = self._limiter.hit(
            TenantCounter(principal.tenant_id, _POLICY),
            limit=principal.limits.rest_per_minute,
            window_seconds=_WINDOW_SECONDS,
        )
        headers = rate_headers(_POLICY, allowance)
        if not allowance.allowed:
            error = RateLimitedError(
                f"At most {allowance.limit} requests a minute are allowed.", retry_after=allowance.reset_seconds
            )
            raise RefusedError(error, headers)
        return Admission(principal, headers)
