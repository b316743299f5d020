"""The tools of one turn: exactly those of the agent's skillset and of the client, by name."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from parlance.agents.calls import Called, CallOutcome
from parlance.agents.models.base import Cancellation, Tool, ToolCall
from parlance.agents.tools.arguments import ArgumentsError, SchemaError, checked_arguments
from parlance.agents.tools.base import RESULT_MAX, Outcome, RunnableTool, ToolFailedError
from parlance.logs import logger


@dataclass(frozen=True, slots=True)
class Ran:
    """A call and what it cost."""

    called: Called
    outcome: Outcome


class ToolBox:
    """Whatever a model asks for, only what is in here is run, and only with arguments that fit.

    `handed_over` are the client's: a call of one ends the turn. A name that stands twice means the first.
    """

    def __init__(self, runnable: Sequence[RunnableTool], handed_over: Sequence[Tool] = ()) -> None:
        self._runnable: Mapping[str, RunnableTool] = {one.tool.name: one for one in reversed(runnable)}
        self._handed_over = {tool.name: tool for tool in handed_over if tool.name not in self._runnable}

    @property
    def tools(self) -> Sequence[Tool]:
        return [*(one.tool for one in self._runnable.values()), *self._handed_over.values()]

    @property
    def handed_over(self) -> Sequence[Tool]:
        return list(self._handed_over.values())

    @property
    def is_empty(self) -> bool:
        """Whether no call is run here, so that an answer should be the turn's last."""
        return not self._runnable

    def is_handed_over(self, call: ToolCall) -> bool:
        return call.name in self._handed_over

    def channel_of(self, call: ToolCall) -> str | None:
        found = self._runnable.get(call.name)
        return found.channel if found else None

    def run(self, call: ToolCall, cancellation: Cancellation) -> Ran:
        """What comes of a call; a failure is told to the model, which may try otherwise."""
        began = time.monotonic()
        outcome, how = self._outcome(call, cancellation)
        milliseconds = int((time.monotonic() - began) * 1000)
        # A name that is no tool's is something that a model has said.
        known = call.name if call.name in self._runnable else None
        logger.info("tool called", tool=known, outcome=how, milliseconds=milliseconds)
        called = Called(call, how, outcome.text, milliseconds, self.channel_of(call))
        return Ran(called, outcome)

    def _outcome(self, call: ToolCall, cancellation: Cancellation) -> tuple[Outcome, CallOutcome]:
        found = self._runnable.get(call.name)
        if found is None:
            return Outcome("There is no such tool."), "failed"
        try:
            fits = checked_arguments(call.arguments, found.tool.parameters, patterns=not found.is_foreign)
            outcome = found.run(fits, cancellation)
        except (ToolFailedError, ArgumentsError, SchemaError) as error:
            return Outcome(f"This did not work: {error}"[:RESULT_MAX]), "failed"
        return replace(outcome, text=outcome.text[:RESULT_MAX]), "ok"
