"""One attempt to hand an event to its receiver, over a connection that goes only where it may and ends in time."""

from dataclasses import dataclass
from http.client import HTTPException

from parlance.clock import Clock
from parlance.outbound.addresses import ForbiddenAddressError, Guard, target_of
from parlance.outbound.line import Line
from parlance.outbound.patience import Patience
from parlance.webhooks import signing
from parlance.webhooks.model import Event

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 15.0
_DIGITS_MAX = 6
_GONE = 410


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver has it."""

    status: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The receiver wants nothing more, ever."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not work; it may later. `why` names a status or a kind of failure. `retry_after` is in seconds."""

    why: str
    retry_after: int = 0


type Sent = Accepted | Gone | Refused


class Sender:
    """Signs and posts. A redirect is not followed: it counts as a failure, as the scheme advises."""

    def __init__(self, guard: Guard, clock: Clock, *, answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._guard = guard
        self._clock = clock
        self._answer_seconds = answer_seconds

    def send(self, url: str, secret: str, event: Event) -> Sent:
        """Raises SigningSecretError."""
        body = event.body.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Parlance",
            **signing.headers(secret, event.id, body, at_seconds=self._clock.now() // 1000),
        }
        try:
            check_url(url, self._guard)
            line = Line(self._guard, connect_seconds=_CONNECT_SECONDS)
            with line, Patience(line.hang_up) as patience:
                patience.expect(self._answer_seconds)
                answer = line.ask("POST", target_of(url), headers=headers, body=body)
                status, retry_after = answer.status, _seconds(answer.headers.get("Retry-After"))
            if patience.ran_out:
                # Headers that are cut off by the end of their connection look whole.
                return Refused(TimeoutError.__name__)
        except ForbiddenAddressError as error:
            return Refused(str(error))
        except (OSError, HTTPException, ValueError) as error:
            # Their texts may show addresses.
            return Refused(type(error).__name__)
        if 200 <= status < 300:
            return Accepted(status)
        return Gone() if status == _GONE else Refused(f"status {status}", retry_after)


def check_url(url: str, guard: Guard) -> None:
    """Raises ForbiddenAddressError for anything but https, unless the operator has opened the host by name."""
    target = target_of(url)
    if target.scheme != "https" and not guard.opens(target.host):
        raise ForbiddenAddressError("only https addresses may be called")


def _seconds(header: str | None) -> int:
    """Of a Retry-After in seconds; a date is passed over, as the schedule waits long enough by itself."""
    plain = header is not None and header.isascii() and header.isdigit() and len(header) <= _DIGITS_MAX
    return int(header) if plain and header else 0
