"""Messages as clients send them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parlance.platform.fields import Sent

MESSAGE_TYPES = ("user", "bot", "reasoning", "context", "instruction", "backstory", "activity", "checkpoint")
type MessageType = Literal["user", "bot", "reasoning", "context", "instruction", "backstory", "activity", "checkpoint"]

FIRST_MESSAGES_MAX = 90
"""A conversation is created with its messages in one transaction, which holds 100 operations."""

MESSAGES_MAX = 1_000


class Replacement(Sent):
    begin: float
    end: float
    text: str


class Entity(Sent):
    type: str
    begin: float
    end: float
    text: str
    replacement: Replacement | None = None


class FirstMessage(Sent):
    """A message that a conversation begins with."""

    type: MessageType
    text: str
    meta: dict[str, Any] | None = None


class SpokenMessage(BaseModel):
    """A message that is told to a model and not kept; what else it carries does not matter."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    type: MessageType
    text: str


type Spoken = Annotated[list[SpokenMessage], Field(min_length=1, max_length=MESSAGES_MAX)]
