"""Tasks: what a bot shall do, at once or by a schedule, and how that went."""

from collections.abc import Iterator
from typing import Any

from parlance.clock import Clock
from parlance.errors import InvalidInputError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.channels import Subscription
from parlance.platform.documents import Document
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.paths import ROOT
from parlance.platform.rendering import line
from parlance.platform.routes import done
from parlance.platform.task_runner import what_to_do
from parlance.platform.task_runs import TaskRuns

_TASK = f"{ROOT}/task/<reference>"
_PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.5


class TaskCalls:
    """Running tasks, and their executions."""

    def __init__(self, library: Library, runs: TaskRuns, clock: Clock, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._tasks = library.engine("task")
        self._executions = library.engine("taskExecution")
        self._runs = runs
        self._clock = clock
        self._patience = patience

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_TASK}/cancel", self.cancel),
            Route("POST", f"{_TASK}/trigger", self.trigger),
            Route("POST", f"{_TASK}/subscribe", self.subscribe),
            Route("POST", f"{_TASK}/execution/<execution>/cancel", self.cancel_execution),
        ]

    def trigger(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        task = self._tasks.fetch(caller.tenant_id, reference)
        if not what_to_do(task).strip():
            raise InvalidInputError("The task has neither a description nor a name that says what to do")
        self._runs.start(task)
        return done(task)

    def cancel(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        task = self._tasks.fetch(caller.tenant_id, reference)
        self._runs.cancel_task(task)
        return done(task)

    def cancel_execution(self, request: Request, caller: Caller, reference: str, execution: str) -> Answer:
        body_of(request)
        task = self._tasks.fetch(caller.tenant_id, reference)
        found = self._executions.fetch(caller.tenant_id, execution, parent=task.id)
        self._runs.cancel(task, found)
        return Answer(200, {"id": found.id, "taskId": task.id})

    def subscribe(self, request: Request, caller: Caller, reference: str) -> Answer:
        """The begin and the end of executions: of the newest that were, then of one that runs or comes soon.

        The answer is whole: it comes when an execution has ended, or when nothing has for a while.
        """
        asked = read(Subscription, body_of(request))
        wanted_form(request)
        task = self._tasks.fetch(caller.tenant_id, reference)
        told = [one for past in self._newest(task, asked.historyLength or 0) for one in _events(past)]
        told += self._awaited(task)
        return Answer(200, text="".join(told), content_type="application/jsonl")

    def _newest(self, task: Document, count: int) -> list[Document]:
        """Those that have ended, the oldest of them first."""
        ended = (one for one in self._walk(task) if one.values["status"] != "running")
        return [one for one, _ in zip(ended, range(count), strict=False)][::-1]

    def _awaited(self, task: Document) -> list[str]:
        began = self._clock.now()
        until = self._clock.monotonic() + self._patience
        running: str | None = None
        while True:
            newest = next(self._walk(task), None)
            if newest is not None and (newest.id == running or _is_news(newest, began)):
                running = newest.id
                if newest.values["status"] != "running":
                    return list(_events(newest))
            if self._clock.monotonic() >= until:
                return list(_events(newest)) if newest is not None and newest.id == running else []
            self._clock.sleep(_POLL_SECONDS)

    def _walk(self, task: Document) -> Iterator[Document]:
        return self._executions.walk(task.tenant_id, ListQuery(), parent=task.id)


def _is_news(execution: Document, since: int) -> bool:
    return execution.values["status"] == "running" or execution.created_at >= since


def _events(execution: Document) -> Iterator[str]:
    operation: dict[str, Any] = {"id": execution.id, "action": {"id": "execution", "name": "Execution of the task"}}
    yield line("operationBegin", operation, createdAt=execution.created_at)
    if execution.values["status"] == "running":
        return
    if execution.values["outcome"] == "failure":
        failure = {"message": execution.values.get("summary", ""), "code": "TASK_FAILED"}
        yield line("error", failure, createdAt=execution.updated_at)
    yield line("operationEnd", operation, createdAt=execution.updated_at)
