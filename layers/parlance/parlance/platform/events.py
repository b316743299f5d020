"""The event log: what happened to an account's resources."""

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.channels import Subscription
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, page_answer, table_answer

_LOG = f"{ROOT}/event/log"


class EventCalls:
    """The log is served and empty: nothing is written to it."""

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{_LOG}/list", self.listing),
            Route("GET", f"{_LOG}/export", self.listing),
            Route("POST", f"{_LOG}/subscribe", self.subscribe),
        ]

    def listing(self, request: Request, _: Caller) -> Answer:
        match wanted_form(request):
            case Form.LINES:
                return lines_answer([])
            case Form.CSV:
                return table_answer([])
        return page_answer([], "")

    def subscribe(self, request: Request, _: Caller) -> Answer:
        read(Subscription, body_of(request))
        return lines_answer([])
