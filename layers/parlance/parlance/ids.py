"""Identifiers: opaque to clients, made of `[A-Za-z0-9_-]` only, because every dialect puts them into paths unescaped.

The id of a message or a turn ends in its number within the conversation, so that a look-up by id is a read
by key. The random part in front makes it unguessable.
"""

import re
import secrets
from typing import Protocol

_RANDOM_HEX = 24
_NUMBERED = re.compile(rf"(?:msg|turn)_[0-9a-f]{{{_RANDOM_HEX}}}([1-9][0-9]{{0,11}})\Z")


class IdSource(Protocol):
    """Where random parts come from. Made per call, never at import: a snapshot may be restored many times."""

    def random(self) -> str:
        """24 hexadecimal digits, 96 random bits."""
        ...


class RandomIds:
    """Ids from the operating system's random source."""

    def random(self) -> str:
        return secrets.token_hex(_RANDOM_HEX // 2)


def message_id(random: str, number: int) -> str:
    return f"msg_{random}{number}"


def turn_id(random: str, number: int) -> str:
    return f"turn_{random}{number}"


def number_of(identifier: str) -> int | None:
    """The number inside a message's or turn's id, or None for anything else."""
    match = _NUMBERED.match(identifier)
    return int(match[1]) if match else None
