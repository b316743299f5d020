"""The gate of what everybody may see."""

from parlance.http.group import Admission
from parlance.http.requests import Request


def open_door(_: Request) -> Admission[None]:
    return Admission(None, {})
