"""Functions that the client executes: their results are known beforehand, or come over a channel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from parlance.agents.context import ClientFunction
from parlance.agents.models.base import Cancellation, Tool
from parlance.agents.tools.base import Outcome, ToolFailedError

WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ChannelCall:
    """A call whose result is awaited at `channel`. `result` is what came, once it `is_over`; None if nothing did."""

    channel: str
    name: str
    arguments: Mapping[str, Any]
    is_over: bool = False
    result: str | None = None


class Channels(Protocol):
    """Where clients publish the results of functions that they execute."""

    def receive(self, tenant_id: str, channel: str, *, seconds: float, cancellation: Cancellation) -> str | None:
        """The next message of the channel, which is then taken; None when none came in time, or a stop did.

        Asks a store at most once a second.
        """
        ...

    def tell(self, tenant_id: str, channel: str, call: ChannelCall) -> None:
        """Let whoever listens at a channel know of a call that waits at another, or no longer does."""
        ...


class NoChannels:
    """For the dialects that have none."""

    def receive(self, tenant_id: str, channel: str, *, seconds: float, cancellation: Cancellation) -> str | None:  # noqa: ARG002
        return None

    def tell(self, tenant_id: str, channel: str, call: ChannelCall) -> None:
        pass


class ClientTool:
    """Implements `RunnableTool` for functions with data or a channel."""

    is_foreign = True

    def __init__(self, tenant_id: str, function: ClientFunction, channels: Channels, heard_over: str = "") -> None:
        """`heard_over` is the channel where the client hears of the turn, if it does not hear the turn itself."""
        self._tenant_id = tenant_id
        self._heard_over = heard_over
        self._function = function
        self._channels = channels
        self.tool = tool_of(function)
        self.channel = function.channel

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:
        if self.channel is None:
            return Outcome(_as_text(self._function.data))
        waiting = ChannelCall(self.channel, self._function.name, arguments)
        self._tell(waiting)
        found = self._channels.receive(self._tenant_id, self.channel, seconds=WAIT_SECONDS, cancellation=cancellation)
        self._tell(replace(waiting, is_over=True, result=found))
        if found is None:
            raise ToolFailedError("the client did not answer")
        return Outcome(found)

    def _tell(self, call: ChannelCall) -> None:
        if self._heard_over:
            self._channels.tell(self._tenant_id, self._heard_over, call)


def tool_of(function: ClientFunction) -> Tool:
    return Tool(function.name, function.description, function.parameters)


def is_handed_over(function: ClientFunction) -> bool:
    """Whether the turn ends with a call of it, since nothing here can tell the result."""
    return function.data is None and function.channel is None


def _as_text(data: Any) -> str:
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
