"""What an answer says about the caller's rate limit: the IETF draft's fields and the customary ones."""

from parlance.limits.model import Allowance


def rate_headers(policy: str, allowance: Allowance) -> dict[str, str]:
    """`policy` names the limit. All times are in seconds from now."""
    return {
        "RateLimit-Policy": f'"{policy}";q={allowance.limit};w={allowance.window_seconds}',
        "RateLimit": f'"{policy}";r={allowance.remaining};t={allowance.reset_seconds}',
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.reset_seconds),
    }
