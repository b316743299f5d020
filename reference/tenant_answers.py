"""What a tenant's own routes answer, as models."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class UsedUp(_Answered):
    """`cost_micros` is in millionths of the currency in which the deployment's prices are."""

    attempts: int
    input_tokens: int
    output_tokens: int
    cost_micros: int


class UsageOfADay(UsedUp):
    day: str = Field(description="ISO 8601, UTC")
    agent: str | None = Field(default=None, description="With `by=agent`")
    user: str | None = Field(default=None, description="With `by=user`; null for users who were erased")


class UsageReport(_Answered):
    usage: list[UsageOfADay]
    total: UsedUp


class BudgetAmount(_Answered):
    cost_micros: int
    tokens: int


class BudgetStanding(_Answered):
    """A budget, and how much of it is spent or held back for replies under way."""

    scope: Literal["tenant", "agent", "user"]
    id: str | None
    period: Literal["day", "month"]
    cost_micros: int | None
    tokens: int | None
    window: str
    resets_on: str
    spent: BudgetAmount
    reserved: BudgetAmount


class BudgetList(_Answered):
    budgets: list[BudgetStanding]


class Retention(_Answered):
    days: int | None = Field(description="null: messages are kept until somebody deletes them")


class ExportPage(_Answered):
    items: list[dict[str, object]]
    cursor: str | None = Field(description="For the next page; null at the end")


class Accepted(_Answered):
    status: Literal["accepted"]


class _Listed(_Answered):
    id: str
    name: str
    hint: str = Field(description="The last four characters")
    created_at: str = Field(description="ISO 8601, UTC")
    revoked_at: str | None


class Key(_Listed):
    """A key of a backend."""

    kind: Literal["chats", "platform"]
    current: bool = Field(description="Whether this call came with it")


class KeyList(_Answered):
    keys: list[Key]


class NewKeyMade(Key):
    key: str = Field(description="The text of the key")


class WidgetKeyShown(_Listed):
    """A key of web pages."""

    agent_id: str
    origins: list[str]
    per_minute: int
    address_per_minute: int


class WidgetKeyList(_Answered):
    keys: list[WidgetKeyShown]


class NewWidgetKeyMade(WidgetKeyShown):
    key: str = Field(description="The text of the key")
