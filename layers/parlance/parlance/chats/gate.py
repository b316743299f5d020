"""How requests get into the chats dialect over HTTP."""

from parlance.http.rate_gate import count_request
from parlance.http.requests import Request
from parlance.http.routes import Admission
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Principal
from parlance.limits.rates import RateLimiter

ROOT = "/api/v1/chats"
_POLICY = "rest"


class Gate:
    """Lets a request in by its API key and its tenant's rate limit."""

    def __init__(self, authenticator: Authenticator, limiter: RateLimiter) -> None:
        self._authenticator = authenticator
        self._limiter = limiter

    def __call__(self, request: Request) -> Admission[Principal]:
        """Raises UnauthenticatedError, or RefusedError when the limit is used up."""
        principal = self._authenticator.authenticate(request.header("x-api-key"))
        per_minute = principal.limits.rest_per_minute
        headers = count_request(self._limiter, principal.tenant_id, _POLICY, per_minute=per_minute)
        return Admission(principal, headers)
