"""How a request gets to who answers it: the words that buffered and streaming groups share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from parlance.http.answers import Answer


@dataclass(frozen=True, slots=True)
class Admission[Caller]:
    """Who was let in, and what every answer to them says in its headers."""

    caller: Caller
    headers: Mapping[str, str]


class RefusedError(Exception):
    """The gate knows the caller but does not let them in: `reason` is the failure to answer with."""

    def __init__(self, reason: Exception, headers: Mapping[str, str]) -> None:
        super().__init__("refused at the gate")
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Route[Caller, Result = Answer]:
    """A method and a path, in Powertools' notation, and who answers there. `<name>` parts reach it decoded.

    `elsewhere` are methods that the path takes too and another function answers: a refusal tells of them.
    """

    method: str
    path: str
    answer: Callable[..., Result]
    elsewhere: Sequence[str] = ()
