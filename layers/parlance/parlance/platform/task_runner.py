"""What a worker does with an execution each time that it looks: begin it, stop it, or see how it ended."""

import math

from parlance.agents.context import TurnContext
from parlance.clock import Clock
from parlance.conversations.engine import TurnEngine
from parlance.conversations.model import TurnState
from parlance.errors import ConflictError, NotFoundError
from parlance.platform.conversing import Begun, Conversing
from parlance.platform.documents import Document
from parlance.platform.errands import Errands
from parlance.platform.library import Library
from parlance.platform.task_runs import TaskRuns

_ITERATIONS_MAX = 1_000


class TaskRunner:
    """Looks after executions. Looking once more than needed does no harm."""

    def __init__(
        self,
        library: Library,
        runs: TaskRuns,
        conversing: Conversing,
        engine: TurnEngine,
        errands: Errands,
        clock: Clock,
    ) -> None:
        self._tasks = library.engine("task")
        self._executions = library.engine("taskExecution")
        self._runs = runs
        self._conversing = conversing
        self._engine = engine
        self._errands = errands
        self._clock = clock

    def look(self, tenant_id: str, task_id: str, execution_id: str, *, looks: int) -> bool:
        """False for an execution that its task does not name: a worker may have been sent before that was written.

        Raises UnavailableError.
        """
        try:
            task = self._tasks.fetch(tenant_id, task_id)
            execution = self._executions.fetch(tenant_id, execution_id, parent=task_id)
        except NotFoundError:
            return True  # Deleted meanwhile: what the bot is about ends by itself.
        if execution.values["status"] != "running":
            self._runs.free(task, execution)
            self._stop(execution)
            return True
        if task.values.get("executionId") != execution.id:
            return False
        if not self._has_ended(task, execution):
            self._errands.look_at_task(tenant_id, task_id, execution_id, looks=looks + 1)
        return True

    def give_up(self, tenant_id: str, task_id: str, execution_id: str) -> None:
        """Of an execution that was never meant to be, nothing stays."""
        try:
            self._executions.delete(tenant_id, execution_id, parent=task_id)
        except NotFoundError:
            return

    def _has_ended(self, task: Document, execution: Document) -> bool:
        try:
            begun = self._begun(task, execution)
        except NotFoundError as error:
            self._runs.end(task, execution, status="idle", outcome="failure", summary=str(error))
            return True
        except ConflictError:
            # The key was used for a text that the task does not have any more.
            self._runs.end(task, execution, status="idle", outcome="failure", summary="The task was changed.")
            return True
        if begun.turn.state.ended:
            self._settle(task, execution, begun)
        elif self._is_over(task, execution):
            self._engine.stop(task.tenant_id, begun.conversation_id, begun.turn)
        return begun.turn.state.ended

    def _begun(self, task: Document, execution: Document) -> Begun:
        """The turn of the execution, begun if it has not been. Raises NotFoundError for what it cannot be without."""
        conversation_id = execution.values.get("conversationId")
        if conversation_id is None:
            conversation_id = self._conversing.create(task.tenant_id, _conversation(task))
            execution = self._runs.noted(execution, conversationId=conversation_id)
        turn_id = execution.values.get("turnId")
        if turn_id is not None:
            return Begun(conversation_id, self._engine.turn(task.tenant_id, conversation_id, turn_id))
        begun = self._conversing.say(
            task.tenant_id, conversation_id, what_to_do(task), key=execution.id, context=_context(task)
        )
        self._runs.noted(execution, turnId=begun.turn.id)
        return begun

    def _settle(self, task: Document, execution: Document, begun: Begun) -> None:
        turn = begun.turn
        done = turn.state is TurnState.DONE
        if turn.state is TurnState.FAILED:
            summary = turn.failure.message if turn.failure else ""
        else:
            reply = self._engine.reply(task.tenant_id, begun.conversation_id, turn)
            summary = reply.content if reply else ""
        self._runs.end(task, execution, status="idle", outcome="success" if done else "failure", summary=summary)

    def _is_over(self, task: Document, execution: Document) -> bool:
        time_max = task.values.get("maxTime") or math.inf
        return bool(self._clock.now() > execution.created_at + time_max)

    def _stop(self, execution: Document) -> None:
        values = execution.values
        if values["status"] != "canceled" or "turnId" not in values:
            return
        try:
            turn = self._engine.turn(execution.tenant_id, values["conversationId"], values["turnId"])
            if not turn.state.ended:
                self._engine.stop(execution.tenant_id, values["conversationId"], turn)
        except NotFoundError:
            return  # The conversation was deleted.


def what_to_do(task: Document) -> str:
    """What the bot is told; empty when the task does not say."""
    return str(task.values.get("description") or task.values.get("name") or "")


def _conversation(task: Document) -> dict[str, str | None]:
    values = task.values
    return {
        "name": values.get("name"),
        "botId": values.get("botId"),
        "contactId": values.get("contactId"),
        "taskId": task.id,
    }


def _context(task: Document) -> TurnContext:
    iterations = task.values.get("maxIterations")
    return TurnContext(max_rounds=int(min(max(iterations, 1), _ITERATIONS_MAX)) if iterations else None)
