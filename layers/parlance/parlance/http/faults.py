"""Failures that nobody foresaw."""

import secrets
import traceback

from botocore.exceptions import ClientError

from parlance.logs import logger


def log_fault(error: BaseException) -> str:
    """Log an unknown failure under a new id, which is all that the caller is told.

    Where it happened is logged, and what kind it was, but not its message: that may quote what users sent.
    """
    fault_id = f"err_{secrets.token_hex(8)}"
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    logger.error("unforeseen failure", fault_id=fault_id, error=type(error).__name__, aws_code=code, frames=frames)
    return fault_id
