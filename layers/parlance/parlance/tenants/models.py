"""What is sent to the tenant's own routes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_MICROS_MAX = 10**15


class NewBudget(BaseModel):
    """At least one of the two limits is given. `cost_micros` is in millionths of the currency."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    period: Literal["day", "month"] = "month"
    cost_micros: Annotated[int, Field(ge=0, le=_MICROS_MAX)] | None = None
    tokens: Annotated[int, Field(ge=0, le=_MICROS_MAX)] | None = None
