"""Letting anybody begin to talk with a bot that its account has made public."""

import re
from collections.abc import Callable
from typing import Protocol

from parlance.errors import RateLimitedError, UnauthenticatedError
from parlance.http.rate_headers import rate_headers
from parlance.http.requests import Request
from parlance.http.routes import Admission, RefusedError
from parlance.http.viewers import Viewers
from parlance.identity.model import Limits, Tenant
from parlance.limits.port import AddressCounter, Counter, TenantCounter
from parlance.limits.rates import RateLimiter
from parlance.platform.callers import Caller
from parlance.platform.paths import CORS_HEADERS, below_root

SESSIONS_PER_MINUTE = 10
"""From one address, with all public bots together."""

_POLICY, _STRANGERS = "platform", "platform-strangers"
_WINDOW_SECONDS = 60
_SESSION = re.compile(r"/bot/(?P<id>[^/]+)/session/create\Z")


class PublicBots(Protocol):
    """Which bots are public."""

    def tenant_of(self, bot_id: str) -> str | None:
        """Whose a bot is, if it was made public."""
        ...


class Tenants(Protocol):
    def tenant(self, tenant_id: str) -> Tenant | None: ...


class PublicGate:
    """Lets strangers in to open a session with a public bot, some from each address; others pass the usual gate."""

    def __init__(
        self,
        gate: Callable[[Request], Admission[Caller]],
        bots: PublicBots,
        tenants: Tenants,
        limiter: RateLimiter,
        viewers: Viewers,
    ) -> None:
        self._gate = gate
        self._bots = bots
        self._tenants = tenants
        self._limiter = limiter
        self._viewers = viewers

    def __call__(self, request: Request) -> Admission[Caller]:
        """Raises UnauthenticatedError, RefusedError when a limit is used up, and what the usual gate raises."""
        match = _SESSION.match(below_root(request.path))
        if match is None or request.header("authorization"):
            return self._gate(request)
        self._count(AddressCounter(_STRANGERS, self._viewers.address_of(request)), SESSIONS_PER_MINUTE)
        tenant_id = self._bots.tenant_of(match["id"])
        if tenant_id is None:
            raise UnauthenticatedError("Not authenticated")
        tenant = self._tenants.tenant(tenant_id)
        limits = tenant.limits if tenant else Limits()
        headers = self._count(TenantCounter(tenant_id, _POLICY), limits.rest_per_minute)
        return Admission(Caller(tenant_id, limits, is_stranger=True), {**headers, **CORS_HEADERS})

    def _count(self, counter: Counter, limit: int) -> dict[str, str]:
        allowance = self._limiter.hit(counter, limit=limit, window_seconds=_WINDOW_SECONDS)
        headers = dict(rate_headers(_POLICY, allowance))
        if not allowance.allowed:
            error = RateLimitedError("Too many requests", retry_after=allowance.reset_seconds)
            raise RefusedError(error, headers)
        return headers
