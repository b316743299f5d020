"""Runs of tasks: each is an execution, and a task has one at a time.

    trigger or schedule                     the worker looks again and again
    ------------------> running / pending ----------------------------------> idle / success or failure
                               |
                               +--- cancel ---> canceled / failure

An execution is written first, then the worker is sent, and last the task is marked: so none is marked that nobody runs.
An execution whose task does not name it was never meant to be.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from parlance.clock import Clock
from parlance.errors import ConflictError, NotFoundError
from parlance.platform.documents import Document
from parlance.platform.errands import Errands
from parlance.platform.library import Library
from parlance.platform.scheduled_documents import with_next

EXECUTIONS_KEPT_MS = 90 * 24 * 3600 * 1000
SUMMARY_MAX = 500


class TaskRuns:
    """Begins and ends executions, as far as the task and the execution are concerned."""

    def __init__(self, library: Library, errands: Errands, clock: Clock) -> None:
        self._tasks = library.engine("task")
        self._executions = library.engine("taskExecution")
        self._errands = errands
        self._clock = clock

    def start(self, task: Document) -> Document:
        """A new execution. Raises ConflictError while another is under way, NotFoundError, UnavailableError."""
        now = self._clock.now()
        values = {"taskId": task.id, "status": "running", "outcome": "pending", "expiresAt": now + EXECUTIONS_KEPT_MS}
        execution = self._executions.put(task.tenant_id, values, parent=task.id)
        self._errands.look_at_task(task.tenant_id, task.id, execution.id, looks=0)

        def marked(values: Mapping[str, Any]) -> Mapping[str, Any]:
            if values.get("status") == "running":
                raise ConflictError("The task is running")
            mark = {"status": "running", "outcome": "pending", "lastRunAt": now, "executionId": execution.id}
            return {**values, **mark}

        try:
            self._tasks.change(task.tenant_id, task.id, marked)
        except (ConflictError, NotFoundError):
            self._executions.delete(task.tenant_id, execution.id, parent=task.id)
            raise
        return execution

    def cancel_task(self, task: Document) -> None:
        """What runs is ended and no schedule begins another, until one is set anew."""
        execution_id = task.values.get("executionId")

        def canceled(values: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**with_next("task", values, None), "status": "canceled"}

        self._tasks.change(task.tenant_id, task.id, canceled)
        if execution_id and task.values.get("status") == "running":
            self.cancel(task, self._executions.fetch(task.tenant_id, execution_id, parent=task.id))

    def cancel(self, task: Document, execution: Document) -> None:
        """End an execution; one that has ended stays as it is. A worker stops what the bot is about."""
        self.end(task, execution, status="canceled", outcome="failure", summary="The execution was canceled.")
        self._errands.look_at_task(task.tenant_id, task.id, execution.id, looks=0)

    def end(self, task: Document, execution: Document, *, status: str, outcome: str, summary: str) -> None:
        """Write down how an execution ended, unless that is written, and free the task for the next."""
        end = {
            "status": status,
            "outcome": outcome,
            "summary": summary[:SUMMARY_MAX],
            "completedAt": datetime.fromtimestamp(self._clock.now() / 1000, UTC).isoformat(timespec="milliseconds"),
        }

        def ended(values: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**values, **end} if values["status"] == "running" else values

        ended_execution = self._executions.change(task.tenant_id, execution.id, ended, parent=task.id)
        self.free(task, ended_execution)

    def free(self, task: Document, execution: Document) -> None:
        """Let the task run again, if it still waits for that execution, which has ended."""
        outcome = execution.values["outcome"]

        def freed(values: Mapping[str, Any]) -> Mapping[str, Any]:
            if values.get("executionId") != execution.id or values.get("status") == "idle":
                return values
            status = "idle" if values.get("status") == "running" else values["status"]
            return {**values, "status": status, "outcome": outcome}

        if task.values.get("executionId") == execution.id:
            self._tasks.change(task.tenant_id, task.id, freed)

    def noted(self, execution: Document, **known: Any) -> Document:
        """The execution with what has become known of it."""
        return self._executions.change(
            execution.tenant_id, execution.id, lambda values: {**values, **known}, parent=execution.parent
        )
