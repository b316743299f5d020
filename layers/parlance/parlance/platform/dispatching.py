"""Answers that a worker makes while the client listens at a channel, or does not."""

from typing import Any

from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.errors import InvalidInputError
from parlance.ids import IdSource
from parlance.platform import functions as sent
from parlance.platform.channels import Channels
from parlance.platform.inline import InlineAgents
from parlance.platform.library import Library
from parlance.platform.unkept import Unkept

KEPT_DAYS = 1
_OWN = ("model", "backstory", "datasetId", "skillsetId", "privacy", "moderation")


class Dispatching:
    """Begins turns and leaves them to workers."""

    def __init__(
        self,
        library: Library,
        engine: TurnEngine,
        inline: InlineAgents,
        unkept: Unkept,
        channels: Channels,
        ids: IdSource,
    ) -> None:
        self._conversations = library.engine("conversation")
        self._engine = engine
        self._inline = inline
        self._unkept = unkept
        self._channels = channels
        self._ids = ids

    def channel(self, wanted: str | None) -> str:
        """The client's, or a new one."""
        return wanted or f"channel_{self._ids.random()}"

    def begin(self, command: BeginTurn, channel: str) -> None:
        """From now on whoever subscribes to the channel hears the turn."""
        begun = self._engine.begin(command)
        self._channels.announce(command.tenant_id, channel, command.conversation_id, begun.turn.id)
        self._engine.wake(command, begun)

    def conversation(self, tenant_id: str, asked: sent.Stateless, user_id: str) -> str:
        """The id of a conversation of these messages, kept for a day, because a worker has to read them.

        Raises InvalidInputError, NotFoundError.
        """
        own = {name: value for name in _OWN if (value := getattr(asked, name)) is not None}
        if asked.botId and own:
            raise InvalidInputError(f"botId: is not dispatched together with {', '.join(own)}")
        self._unkept.check_model(self._inline.agent_for(tenant_id, asked))
        values: dict[str, Any] = {
            **own,
            **({"botId": asked.botId} if asked.botId else {}),
            **({"contactId": user_id} if user_id else {}),
            "messages": [one.model_dump() for one in asked.messages],
            "keptDays": KEPT_DAYS,
        }
        return self._conversations.put(tenant_id, values).id
