"""Functions that the client executes: their results are known beforehand, or come over a channel."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from parlance.agents.context import ClientFunction
from parlance.agents.models.base import Cancellation, Tool
from parlance.agents.tools.base import Outcome, ToolFailedError

WAIT_SECONDS = 120.0


class Channels(Protocol):
    """Where clients publish the results of functions that they execute."""

    def receive(self, tenant_id: str, channel: str, *, seconds: float, cancellation: Cancellation) -> str | None:
        """The next message of the channel, which is then taken; None when none came in time, or a stop did.

        Asks a store at most once a second.
        """
        ...


class NoChannels:
    """For the dialects that have none."""

    def receive(self, tenant_id: str, channel: str, *, seconds: float, cancellation: Cancellation) -> str | None:  # noqa: ARG002
        return None


class ClientTool:
    """Implements `RunnableTool` for functions with data or a channel."""

    is_foreign = True

    def __init__(self, tenant_id: str, function: ClientFunction, channels: Channels) -> None:
        self._tenant_id = tenant_id
        self._function = function
        self._channels = channels
        self.tool = tool_of(function)
        self.channel = function.channel

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:  # noqa: ARG002
        if self.channel is None:
            return Outcome(_as_text(self._function.data))
        found = self._channels.receive(self._tenant_id, self.channel, seconds=WAIT_SECONDS, cancellation=cancellation)
        if found is None:
            raise ToolFailedError("the client did not answer")
        return Outcome(found)


def tool_of(function: ClientFunction) -> Tool:
    return Tool(function.name, function.description, function.parameters)


def is_handed_over(function: ClientFunction) -> bool:
    """Whether the turn ends with a call of it, since nothing here can tell the result."""
    return function.data is None and function.channel is None


def _as_text(data: Any) -> str:
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
