"""What calls of models may use at the most, and what they did use where nobody counted."""

import json
from collections.abc import Iterable, Iterator

from parlance.agents.counting import estimated_tokens
from parlance.agents.definitions import Agent, ModelChoice
from parlance.agents.models.base import ModelRequest
from parlance.usage.budgets import Amount
from parlance.usage.prices import Prices

_BYTES_A_TOKEN = 3
"""Prose has more, so that counting by this is rather too much than too little."""

_FRAME_TOKENS = 500
_PASSAGES_TOKENS = 4_500
"""What is added to a request: how material is marked, or a provider's own words on tools; the passages found."""

_TOOLS_TOKENS = 1_500
"""Enough for most skillsets. What a larger one takes beyond it is reserved when it is known."""


def most_input(agent: Agent, history: Iterable[str], content: str) -> int:
    """The input tokens of one request to a model of this agent."""
    said = min(sum(_most_tokens(text) for text in history), agent.history_tokens * 4 // _BYTES_A_TOKEN)
    added = _FRAME_TOKENS
    added += _PASSAGES_TOKENS if agent.dataset_id is not None else 0
    added += _TOOLS_TOKENS if agent.skillset_id is not None else 0
    return _most_tokens(agent.instructions) + said + _most_tokens(content) + added


def most_output(choice: ModelChoice, prices: Prices) -> int:
    asked = choice.settings.get("max_tokens")
    if isinstance(asked, int) and not isinstance(asked, bool) and asked > 0:
        return asked
    return prices.of(choice).max_output


def most(agent: Agent, prices: Prices, history: Iterable[str], content: str) -> Amount:
    """One answer by the dearest of the agent's models."""
    asked = most_input(agent, history, content)
    amounts = [(asked, most_output(choice, prices), prices.of(choice)) for choice in agent.choices]
    return Amount(
        micros=max(price.micros(tokens_in, tokens_out) for tokens_in, tokens_out, price in amounts),
        tokens=max(tokens_in + tokens_out for tokens_in, tokens_out, _ in amounts),
    )


def most_of(choice: ModelChoice, request: ModelRequest, prices: Prices) -> Amount:
    """One answer to this very request."""
    asked = sum(_most_tokens(text) for text in _texts(request))
    asked += (_FRAME_TOKENS if request.tools else 0) + (_PASSAGES_TOKENS if request.dataset_id is not None else 0)
    answered = most_output(choice, prices)
    return Amount(prices.of(choice).micros(asked, answered), asked + answered)


def least_input(request: ModelRequest) -> int:
    """What a provider has read at least when it began to answer."""
    return sum(estimated_tokens(text) for text in _texts(request))


def _texts(request: ModelRequest) -> Iterator[str]:
    yield request.instructions
    yield request.context
    for tool in request.tools:
        yield f"{tool.name} {tool.description} {json.dumps(tool.parameters)}"
    for message in request.messages:
        yield message.content
        yield from (f"{call.name} {call.arguments}" for call in message.calls)
        yield from (result.content for result in message.results)


def _most_tokens(text: str) -> int:
    return -(-len(text.encode(errors="replace")) // _BYTES_A_TOKEN)
