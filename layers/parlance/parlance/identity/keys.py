"""API keys as text. Only a hash is ever stored: 256 random bits need no salt and no slow hash.

The prefix says for which dialect a key was made: `sk-` for the platform, `pk_` for all others.
"""

import hashlib
import re
from typing import Protocol

from parlance.errors import UnauthenticatedError

PREFIX = "pk_"
PLATFORM_PREFIX = "sk-"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}\Z", re.ASCII)
_HINT_LENGTH = 4


class SecretSource(Protocol):
    """Where secrets come from. Called per secret, never at import."""

    def secret(self) -> str:
        """43 URL-safe characters that carry 256 random bits."""
        ...


def new_key(source: SecretSource, prefix: str = PREFIX) -> str:
    return prefix + source.secret()


def hint_of(key: str) -> str:
    return key[-_HINT_LENGTH:]


def hash_of(key: str, prefix: str = PREFIX) -> str:
    """The stored form of a key. Raises UnauthenticatedError for a text that cannot be one, whatever it holds."""
    if not key.startswith(prefix) or not _SECRET.match(key, len(prefix)):
        raise UnauthenticatedError("The API key is not valid.")
    return hashlib.sha256(key.encode("ascii")).hexdigest()
