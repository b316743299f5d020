"""Base64 as the dialect's clients write it."""

from base64 import b64decode, b64encode

_SPELLINGS = str.maketrans("-_", "+/", " \t\r\n")


def encode(data: bytes) -> str:
    """Standard alphabet, padded, in one line."""
    return b64encode(data).decode()


def decode(text: str) -> bytes:
    """Read either alphabet, padded or not, in one line or many.

    Raises ValueError for anything else: wrong padding, a length that no data has, stray bits in the last digit.
    """
    compact = text.translate(_SPELLINGS)
    digits = compact.rstrip("=")
    data = b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    padded = encode(data)
    if compact not in (padded, padded.rstrip("=")):
        raise ValueError("not base64")
    return data
