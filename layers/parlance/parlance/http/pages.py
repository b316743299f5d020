"""Which page of a list is asked for."""

from dataclasses import dataclass
from typing import Literal

from parlance.errors import InvalidInputError
from parlance.http.requests import Request

OFFSET_MAX = 10**12
LIMIT_MAX = 100
_LIMIT_DEFAULT = 50
_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Page:
    offset: int
    limit: int
    order: Literal["asc", "desc"]


def page_of(request: Request, *, default_order: Literal["asc", "desc"]) -> Page:
    """Read `offset`, `limit` and `order`. Raises InvalidInputError."""
    return Page(
        offset=_number(request, "offset", 0, 0, OFFSET_MAX),
        limit=_number(request, "limit", _LIMIT_DEFAULT, 1, LIMIT_MAX),
        order=_order(request, default_order),
    )


def _number(request: Request, name: str, default: int, lowest: int, highest: int) -> int:
    text = request.query(name)
    if text is None:
        return default
    plain = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
    if not plain or not lowest <= int(text) <= highest:
        raise InvalidInputError(
            f"{name} must be a whole number from {lowest} to {highest}.",
            details={"parameter": name, "minimum": lowest, "maximum": highest},
        )
    return int(text)


def _order(request: Request, default: Literal["asc", "desc"]) -> Literal["asc", "desc"]:
    match request.query("order"):
        case None:
            return default
        case "asc":
            return "asc"
        case "desc":
            return "desc"
    raise InvalidInputError("order must be asc or desc.", details={"parameter": "order", "allowed": ["asc", "desc"]})
