"""How requests get into the widget dialect: by address, then key, then origin.

A widget key stands in web pages, so it proves little. What keeps it from being used elsewhere is its list of origins,
and what keeps it from being used up are its limits: for each client address, and in all.
"""

import re
from collections.abc import Mapping

from parlance.errors import ForbiddenError, RateLimitedError, UnauthenticatedError
from parlance.http.rate_headers import rate_headers
from parlance.http.requests import Request
from parlance.http.routes import Admission, RefusedError
from parlance.http.viewers import Viewers
from parlance.identity.origins import is_allowed
from parlance.identity.web_keys import WidgetKey, WidgetKeys, WidgetLimits
from parlance.limits.model import Allowance
from parlance.limits.port import AddressCounter, TenantCounter
from parlance.limits.rates import RateLimiter
from parlance.widget.errors import PreflightError

_WINDOW_SECONDS = 60
_POLICY = "widget"
_ADDRESS_POLICY = "widget-address"
_STRANGERS = "widget-strangers"
_HEADERS = "content-type, x-api-key, x-widget-api-key, idempotency-key"
_ASKED_HEADERS = re.compile(r"[A-Za-z0-9-]+( ?, ?[A-Za-z0-9-]+){0,30}\Z", re.ASCII)
_EXPOSED = (
    "Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "x-vercel-ai-ui-message-stream"
)
_PREFLIGHT_SECONDS = 600


def key_in(request: Request) -> str | None:
    return request.header("x-api-key") or request.header("x-widget-api-key")


class WidgetGate:
    """Lets pages in. What browsers need to be told (CORS) stands in every answer that a page may read."""

    def __init__(self, keys: WidgetKeys, limiter: RateLimiter, viewers: Viewers) -> None:
        self._keys = keys
        self._limiter = limiter
        self._viewers = viewers

    def __call__(self, request: Request) -> Admission[WidgetKey]:
        """Raises RefusedError, for a preflight too: it comes without the key, and is answered without one."""
        origin = request.header("origin")
        if request.method == "OPTIONS":
            raise RefusedError(PreflightError(), _preflight(origin, request.header("access-control-request-headers")))
        readable = _readable(origin)
        key = self._key(request, readable)
        if origin is not None and not is_allowed(origin, key.origins):
            # Readable, so that the page's owner is told at once: a browser could not tell it from a lost connection.
            raise RefusedError(ForbiddenError("This origin is not on the key's list."), readable)
        counter = TenantCounter(key.tenant_id, f"{_POLICY}#{key.id}")
        allowance = self._limiter.hit(counter, limit=key.limits.per_minute, window_seconds=_WINDOW_SECONDS)
        headers = readable | rate_headers(_POLICY, allowance)
        if not allowance.allowed:
            raise RefusedError(_too_many(allowance), headers)
        return Admission(key, headers)

    def _key(self, request: Request, readable: Mapping[str, str]) -> WidgetKey:
        """The limit for one address is the key's, and is looked at first; whoever has no key has the usual one."""
        try:
            key = self._keys.verify(key_in(request))
        except UnauthenticatedError as error:
            self._count_address(request, _STRANGERS, WidgetLimits(), readable)
            raise RefusedError(error, readable) from error
        self._count_address(request, f"{_POLICY}#{key.id}", key.limits, readable)
        return key

    def _count_address(self, request: Request, name: str, limits: WidgetLimits, readable: Mapping[str, str]) -> None:
        counter = AddressCounter(name, self._viewers.address_of(request))
        allowance = self._limiter.hit(counter, limit=limits.address_per_minute, window_seconds=_WINDOW_SECONDS)
        if not allowance.allowed:
            raise RefusedError(_too_many(allowance), {**readable, **rate_headers(_ADDRESS_POLICY, allowance)})


def _too_many(allowance: Allowance) -> RateLimitedError:
    return RateLimitedError(
        f"At most {allowance.limit} requests a minute are allowed.", retry_after=allowance.reset_seconds
    )


def _readable(origin: str | None) -> dict[str, str]:
    """Lets the page read the answer. No credentials are allowed: a visitor's cookies have no part in this."""
    if origin is None:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": _EXPOSED,
        "Vary": "Origin",
    }


def _preflight(origin: str | None, asked: str | None) -> dict[str, str]:
    return _readable(origin) | {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": asked if asked and _ASKED_HEADERS.match(asked) else _HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
