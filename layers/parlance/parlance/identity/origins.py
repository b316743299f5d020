"""Which web origins may use a widget key.

An entry is an origin as browsers write it (`https://shop.example`, RFC 6454), or one with a star in place of all ports
(`http://localhost:*`) or of the names before a domain (`https://*.shop.example`).
"""

import re
from collections.abc import Sequence

from parlance.errors import InvalidInputError

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = rf"{_LABEL}(\.{_LABEL})*"
_ENTRY = re.compile(rf"https?://((\*\.)?{_NAME}|\[[0-9a-f:.]+\])(:([0-9]{{1,5}}|\*))?\Z", re.ASCII)
_SUBDOMAINS = r"([a-z0-9-]+\.)+"
_ANY_PORT = r"(:[0-9]{1,5})?"


def checked(entry: str) -> str:
    """An entry in its one spelling. Raises InvalidInputError when it is none."""
    spelled = entry.strip().lower().rstrip("/")
    if not _ENTRY.match(spelled):
        raise InvalidInputError(f"{entry!r} is not an origin, such as https://shop.example or http://localhost:*.")
    return spelled


def is_allowed(origin: str, entries: Sequence[str]) -> bool:
    """Whether a browser's Origin header is on the list. `null` never is."""
    return any(_pattern(entry).fullmatch(origin.lower()) for entry in entries)


def _pattern(entry: str) -> re.Pattern[str]:
    escaped = re.escape(entry)
    if entry.endswith(":*"):
        escaped = escaped.removesuffix(re.escape(":*")) + _ANY_PORT
    return re.compile(escaped.replace(re.escape("//*."), "//" + _SUBDOMAINS))
