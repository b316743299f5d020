"""Tasks: what a bot shall do, kept with its schedule. Running one is not served."""

from collections.abc import Mapping
from typing import Any

from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.library import Library
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, page_answer
from parlance.platform.routes import done

_TASK = f"{ROOT}/task/<reference>"


class TaskCalls:
    """Cancelling a task, and its executions, of which there are none."""

    def __init__(self, library: Library) -> None:
        self._tasks = library.engine("task")

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_TASK}/cancel", self.cancel),
            Route("POST", f"{_TASK}/trigger", self.trigger),
            Route("POST", f"{_TASK}/subscribe", self.subscribe),
            Route("GET", f"{_TASK}/execution/list", self.executions),
            Route("POST", f"{_TASK}/execution/<execution>/cancel", self.cancel_execution),
        ]

    def cancel(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)

        def canceled(values: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**values, "status": "canceled"}

        return done(self._tasks.change(caller.tenant_id, reference, canceled))

    def trigger(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        self._tasks.fetch(caller.tenant_id, reference)
        raise NotImplementedHereError("Tasks are kept and not run.")

    def subscribe(self, request: Request, caller: Caller, reference: str) -> Answer:
        """The events of a task that does not run: none."""
        body_of(request)
        self._tasks.fetch(caller.tenant_id, reference)
        return lines_answer([])

    def executions(self, request: Request, caller: Caller, reference: str) -> Answer:
        self._tasks.fetch(caller.tenant_id, reference)
        return lines_answer([]) if wanted_form(request) is Form.LINES else page_answer([], "")

    def cancel_execution(self, request: Request, caller: Caller, reference: str, execution: str) -> Answer:
        body_of(request)
        self._tasks.fetch(caller.tenant_id, reference)
        raise NotFoundError("execution", "Not found", details={"execution": execution})
