"""What is sent to the tenant's own routes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from parlance.chats.models import AgentId, Title
from parlance.identity.web_keys import WidgetLimits

_MICROS_MAX = 10**15
_ORIGINS_MAX = 50
_ORIGIN_LENGTH_MAX = 300
_PER_MINUTE_MAX = 10**6
_USUAL = WidgetLimits()

type _PerMinute = Annotated[int, Field(ge=1, le=_PER_MINUTE_MAX)]


class _Sent(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class NewKey(_Sent):
    """A key for a backend: of the chats dialect and these routes (`pk_…`), or of the platform dialect (`sk-…`)."""

    name: Title
    kind: Literal["chats", "platform"] = "chats"


class NewWidgetKey(_Sent):
    """A key for web pages of these origins, such as `https://shop.example`, `https://*.shop.example`, `http://localhost:*`.

    The limits are requests a minute: with the key from everywhere, and from one visitor's address.
    """

    name: Title
    agent_id: AgentId = "default"
    origins: Annotated[
        list[Annotated[str, Field(max_length=_ORIGIN_LENGTH_MAX)]], Field(min_length=1, max_length=_ORIGINS_MAX)
    ]
    per_minute: _PerMinute = _USUAL.per_minute
    address_per_minute: _PerMinute = _USUAL.address_per_minute


class NewBudget(_Sent):
    """At least one of the two limits is given. `cost_micros` is in millionths of the currency."""

    period: Literal["day", "month"] = "month"
    cost_micros: Annotated[int, Field(ge=0, le=_MICROS_MAX)] | None = None
    tokens: Annotated[int, Field(ge=0, le=_MICROS_MAX)] | None = None
