"""Documents that are due from time to time, and the calls that wake a worker then.

A call is a message that comes when a document is due, or a while before and is sent on: no message can be held back for
long, and so nothing has to look for what is due while nothing is. A call is sent before its time is written down; one
whose time is not, or no longer, the document's own means nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from parlance.clock import Clock
from parlance.platform.documents import Document, DocumentsAround, DocumentStore
from parlance.platform.errands import Errands
from parlance.platform.schedules import next_time


@dataclass(frozen=True, slots=True)
class Times:
    """Under which names a kind of document keeps when it was due last, and when it is next."""

    last: str
    next: str


TASK, TRIGGER = "task", "triggerIntegration"

TIMES: Mapping[str, Times] = {
    TASK: Times("lastRunAt", "nextRunAt"),
    TRIGGER: Times("lastTriggerAt", "nextTriggerAt"),
}
"""The kinds that have a `schedule` and a `timezone`."""


class ScheduledDocuments(DocumentsAround):
    """A DocumentStore that writes the next time down whenever a schedule is new or other than before."""

    def __init__(self, store: DocumentStore, kind: str, errands: Errands, clock: Clock) -> None:
        super().__init__(store)
        self._kind = kind
        self._errands = errands
        self._clock = clock

    def create(self, document: Document, *, token: str) -> None:
        self._store.create(self._scheduled(document) if _schedule(document.values)[0] else document, token=token)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        is_other = _schedule(before.values) != _schedule(after.values)
        self._store.replace(before, self._scheduled(after) if is_other else after, token=token)

    def _scheduled(self, document: Document) -> Document:
        at = next_due(document.values, document.updated_at)
        if at is not None:
            call(self._errands, self._clock, document, self._kind, at)
        return replace(document, values=with_next(self._kind, document.values, at))


def next_due(values: Mapping[str, Any], after: int) -> int | None:
    """The first time after `after`, if the document has a schedule that says one."""
    schedule, time_zone = _schedule(values)
    return next_time(schedule, time_zone, after) if schedule else None


def with_next(kind: str, values: Mapping[str, Any], at: int | None) -> dict[str, Any]:
    """The values with that next time, or without any."""
    name = TIMES[kind].next
    rest = {key: value for key, value in values.items() if key != name}
    return rest if at is None else {**rest, name: at}


def call(errands: Errands, clock: Clock, document: Document, kind: str, at: int) -> None:
    """Have a worker look at the document at that time. Raises UnavailableError."""
    seconds = max(0, -(-(at - clock.now()) // 1000))
    errands.call_at(document.tenant_id, kind, document.id, at=at, seconds=seconds)


def _schedule(values: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return values.get("schedule"), values.get("timezone")
