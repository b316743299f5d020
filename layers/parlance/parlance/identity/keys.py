"""API keys as text. Only a hash is ever stored: 256 random bits need no salt and no slow hash."""

import hashlib
import re
from typing import Protocol

from parlance.errors import UnauthenticatedError

PREFIX = "pk_"
_SHAPE = re.compile(r"pk_[A-Za-z0-9_-]{43}\Z", re.ASCII)
_HINT_LENGTH = 4


class SecretSource(Protocol):
    """Where secrets come from. Called per secret, never at import."""

    def secret(self) -> str:
        """43 URL-safe characters that carry 256 random bits."""
        ...


def new_key(source: SecretSource) -> str:
    return PREFIX + source.secret()


def hint_of(key: str) -> str:
    return key[-_HINT_LENGTH:]


def hash_of(key: str) -> str:
    """The stored form of a key. Raises UnauthenticatedError for a text that cannot be one, whatever it holds."""
    if not _SHAPE.match(key):
        raise UnauthenticatedError("The API key is not valid.")
    return hashlib.sha256(key.encode("ascii")).hexdigest()
