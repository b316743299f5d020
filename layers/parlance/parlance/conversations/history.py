"""Whether a history that was read beside its conversation, in no certain order, fits it."""

from collections.abc import Sequence

from parlance.conversations.model import Conversation, Message


def is_complete(history: Sequence[Message], conversation: Conversation, *, below: int) -> bool:
    """Whether all that the conversation says is settled stands in a history of the messages under `below`."""
    settled = conversation.settled
    return settled == 0 or settled >= below or (bool(history) and history[-1].number >= settled)
