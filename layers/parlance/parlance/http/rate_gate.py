"""Counting a request against its tenant's limit, on the way through a gate."""

from collections.abc import Mapping

from parlance.errors import RateLimitedError
from parlance.http.rate_headers import rate_headers
from parlance.http.routes import RefusedError
from parlance.limits.port import TenantCounter
from parlance.limits.rates import RateLimiter

_WINDOW_SECONDS = 60


def count_request(limiter: RateLimiter, tenant_id: str, policy: str, *, per_minute: int) -> Mapping[str, str]:
    """What every answer to the request says of the limit in its headers. Raises RefusedError when it is used up."""
    allowance = limiter.hit(TenantCounter(tenant_id, policy), limit=per_minute, window_seconds=_WINDOW_SECONDS)
    headers = rate_headers(policy, allowance)
    if not allowance.allowed:
        error = RateLimitedError(
            f"At most {allowance.limit} requests a minute are allowed.", retry_after=allowance.reset_seconds
        )
        raise RefusedError(error, headers)
    return headers
