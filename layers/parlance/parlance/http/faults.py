"""Failures that nobody foresaw."""

import secrets
import traceback

from parlance.logs import logger


def log_fault(error: BaseException) -> str:
    """Log an unknown failure under a new id, which is all that the caller is told.

    Where it happened is logged, and what kind it was, but not its message: that may quote what users sent.
    """
    fault_id = f"err_{secrets.token_hex(8)}"
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error(
        "unforeseen failure", fault_id=fault_id, error=type(error).__name__, aws_code=_aws_code(error), frames=frames
    )
    return fault_id


def _aws_code(error: BaseException) -> str | None:
    """What AWS called the failure. Told by its shape: functions that need no AWS must not import its SDK for this."""
    match getattr(error, "response", None):
        case {"Error": {"Code": str(code)}}:
            return code
    return None
