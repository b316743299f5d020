"""Letting requests of the platform dialect in: by a secret key, or by a session's token."""

from typing import Protocol

from parlance.errors import ForbiddenError, InvalidInputError, RateLimitedError, UnauthenticatedError
from parlance.http.rate_headers import rate_headers
from parlance.http.requests import Request
from parlance.http.routes import Admission, RefusedError
from parlance.identity.administration import child_email
from parlance.identity.authentication import Authenticator
from parlance.identity.keys import PLATFORM_PREFIX, hash_of
from parlance.identity.model import Limits, Tenant
from parlance.limits.port import TenantCounter
from parlance.limits.rates import RateLimiter
from parlance.platform.callers import Caller, TriggerPlace, session_reaches, trigger_of
from parlance.platform.paths import CORS_HEADERS, below_root

_POLICY = "platform"
_WINDOW_SECONDS = 60
_RUN_AS = ("x-runas-user-id", "x-runas-userid")


class Tenants(Protocol):
    def tenant(self, tenant_id: str) -> Tenant | None: ...

    def child(self, parent_id: str, email: str) -> Tenant | None:
        """The child that its parent knows by that address, in the form of `child_email`."""
        ...


class SessionReader(Protocol):
    """Finds the session of a token."""

    def caller(self, token: str) -> Caller:
        """Raises UnauthenticatedError for a session that is unknown or over, ForbiddenError for no token at all."""
        ...


class TriggerReader(Protocol):
    """Finds the trigger of a secret."""

    def place(self, secret: str) -> TriggerPlace | None: ...


class Gate:
    """Says who calls and that they may call this route at all, and counts the request."""

    def __init__(
        self,
        authenticator: Authenticator,
        tenants: Tenants,
        sessions: SessionReader,
        triggers: TriggerReader,
        limiter: RateLimiter,
    ) -> None:
        self._authenticator = authenticator
        self._tenants = tenants
        self._sessions = sessions
        self._triggers = triggers
        self._limiter = limiter

    def __call__(self, request: Request) -> Admission[Caller]:
        """Raises UnauthenticatedError, ForbiddenError, or RefusedError when the limit is used up."""
        caller = self._caller(request)
        allowance = self._limiter.hit(
            TenantCounter(caller.tenant_id, _POLICY),
            limit=caller.limits.rest_per_minute,
            window_seconds=_WINDOW_SECONDS,
        )
        headers = rate_headers(_POLICY, allowance)
        if not allowance.allowed:
            error = RateLimitedError("Too many requests", retry_after=allowance.reset_seconds)
            raise RefusedError(error, headers)
        return Admission(caller, {**headers, **CORS_HEADERS})

    def _caller(self, request: Request) -> Caller:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("Not authenticated")
        if token.startswith(PLATFORM_PREFIX):
            return self._run_as(request, self._by_key(token))
        trigger_id = trigger_of(below_root(request.path))
        if trigger_id is not None:
            return self._by_trigger(token, trigger_id)
        caller = self._sessions.caller(token)
        if not session_reaches(below_root(request.path), caller.conversation_id or ""):
            raise ForbiddenError("Not authorized")
        return caller

    def _by_key(self, token: str) -> Caller:
        try:
            principal = self._authenticator.authenticate_hash(hash_of(token, PLATFORM_PREFIX))
        except UnauthenticatedError as error:
            raise UnauthenticatedError("Not authenticated") from error
        return Caller(principal.tenant_id, principal.limits, principal.key_id)

    def _by_trigger(self, secret: str, trigger_id: str) -> Caller:
        place = self._triggers.place(secret)
        if place is None or place.id != trigger_id:
            raise ForbiddenError("Not authorized")
        tenant = self._tenants.tenant(place.tenant_id)
        return Caller(place.tenant_id, tenant.limits if tenant else Limits())

    def _run_as(self, request: Request, caller: Caller) -> Caller:
        """The child tenant that the caller acts for. Raises UnauthenticatedError when it is none of theirs."""
        wanted = next((named for name in _RUN_AS if (named := request.header(name))), None)
        email = request.header("x-runas-child-user-email")
        if wanted is None and not email:
            return caller
        children = [self._tenants.tenant(wanted)] if wanted else []
        if email:
            children.append(self._by_email(caller, email))
        child = children[0]
        # Whoever names a child twice has to mean the same one.
        if child is None or child.parent_id != caller.tenant_id or children[-1] != child:
            raise UnauthenticatedError("Not authenticated")
        return Caller(child.id, child.limits, caller.key_id)

    def _by_email(self, caller: Caller, email: str) -> Tenant | None:
        try:
            return self._tenants.child(caller.tenant_id, child_email(email))
        except InvalidInputError:
            return None
