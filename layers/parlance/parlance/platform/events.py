"""The event log over HTTP."""

from typing import Any

from parlance.clock import Clock
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.channels import Subscription
from parlance.platform.documents import Document, Position
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery, query_of
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, table_answer
from parlance.platform.routes import listed

_LOG = f"{ROOT}/event/log"
_PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.5


class EventCalls:
    """Lists of events, and waiting for the next."""

    def __init__(self, library: Library, clock: Clock, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._events = library.engine("event")
        self._clock = clock
        self._patience = patience

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{_LOG}/list", self.listing),
            Route("GET", f"{_LOG}/export", self.export),
            Route("POST", f"{_LOG}/subscribe", self.subscribe),
        ]

    def listing(self, request: Request, caller: Caller) -> Answer:
        return listed(request, self._events, caller.tenant_id, query_of(request), event_view)

    def export(self, request: Request, caller: Caller) -> Answer:
        if wanted_form(request) is Form.CSV:
            events = self._events.walk(caller.tenant_id, query_of(request))
            return table_answer(_in_columns(event_view(event)) for event in events)
        return self.listing(request, caller)

    def subscribe(self, request: Request, caller: Caller) -> Answer:
        """The newest events that there are, and what comes next: whole, as soon as something has, or after a while."""
        asked = read(Subscription, body_of(request))
        wanted_form(request)
        newest = self._events.page(caller.tenant_id, ListQuery(take=max(asked.historyLength or 0, 1))).documents
        place = newest[0].position if newest else None
        told = list(newest[: asked.historyLength or 0])[::-1]
        until = self._clock.monotonic() + self._patience
        while not (came := self._since(caller.tenant_id, place)) and self._clock.monotonic() < until:
            self._clock.sleep(_POLL_SECONDS)
        return lines_answer(event_view(event) for event in [*told, *came])

    def _since(self, tenant_id: str, place: Position | None) -> list[Document]:
        return list(self._events.walk(tenant_id, ListQuery(after=place, newest_first=False)))


def event_view(event: Document) -> dict[str, Any]:
    """An event as clients see it, with the ids of all that it is about."""
    told = {name: value for name, value in event.values.items() if name != "expiresAt"}
    return {"id": event.id, "createdAt": event.created_at, "updatedAt": event.updated_at, **told}


def _in_columns(event: dict[str, Any]) -> dict[str, Any]:
    """In a table every event has the same columns: which ids it has differs, so they share one."""
    fixed = ("id", "createdAt", "updatedAt", "type", "meta")
    about = {name: value for name, value in event.items() if name not in fixed}
    return {**{name: event.get(name) for name in fixed}, "about": about}
