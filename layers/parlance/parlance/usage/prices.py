"""What models cost, as the deployment is configured: whole millionths of its currency for a million tokens."""

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parlance.agents.definitions import ModelChoice

EVERY_MODEL = "*"
_MILLION = 1_000_000
_MAX_OUTPUT = 4_096

type _Micros = Annotated[int, Field(ge=0, le=10**12)]


class Price(BaseModel):
    """`input` and `output` are for a million tokens. `max_output` bounds an answer where an agent's settings do not."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    input: _Micros
    output: _Micros
    max_output: Annotated[int, Field(ge=1, le=10**6)] = _MAX_OUTPUT

    def micros(self, input_tokens: int, output_tokens: int) -> int:
        """What that many tokens cost, rounded up."""
        return -(-(input_tokens * self.input + output_tokens * self.output) // _MILLION)


FREE = Price(input=0, output=0)
_prices: TypeAdapter[dict[str, Price]] = TypeAdapter(dict[str, Price])


class PricesError(Exception):
    """The configured prices are none. The text names what is wrong with them."""


class Prices:
    """Prices by model: `bedrock/some-model-id` before `bedrock` before `*`. What has no price is free."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = dict(prices)

    @classmethod
    def from_json(cls, text: str) -> "Prices":
        """From `{"bedrock/some-model-id": {"input": 3000000, "output": 15000000}, …}`. Raises PricesError."""
        try:
            return cls(_prices.validate_python(json.loads(text or "{}")))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise PricesError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        except ValueError as error:
            raise PricesError("the prices are no JSON") from error

    def of(self, choice: ModelChoice) -> Price:
        named = f"{choice.model}/{choice.settings.get('model', '')}"
        for name in (named, choice.model, EVERY_MODEL):
            if name in self._prices:
                return self._prices[name]
        return FREE
