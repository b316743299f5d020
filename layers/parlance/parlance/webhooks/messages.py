"""What stands in the webhooks queue: names of things to look at, and nothing of a conversation."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)

    tenant_id: str
    conversation_id: str
    turn_number: int


class TurnEnding(_Body):
    """A turn is about to end: sent before its end is stored, so that no crash between the two loses it."""

    kind: Literal["ending"] = "ending"


class Delivery(_Body):
    """An ended turn is to be told to one webhook."""

    kind: Literal["delivery"] = "delivery"
    webhook_id: str
    message_id: str


type Notice = Annotated[TurnEnding | Delivery, Field(discriminator="kind")]

_notice: TypeAdapter[TurnEnding | Delivery] = TypeAdapter(Notice)


def parse_notice(body: str) -> TurnEnding | Delivery:
    """Raises ValueError."""
    return _notice.validate_json(body)
