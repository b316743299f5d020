"""What calls of models may use at the most, and what they did use where nobody counted."""

import json
from collections.abc import Iterable, Iterator, Sequence

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

_RESULTS_TOKENS = 7_000
"""What the tools of one round say: as much as a model is told of one of them. More is reserved when it is known."""


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
    """What a turn needs to begin, by the dearest of the agent's models."""
    amounts = each(agent, prices, history, content)
    return Amount(max(amount.micros for amount in amounts), max(amount.tokens for amount in amounts))


def each(agent: Agent, prices: Prices, history: Iterable[str], content: str) -> Sequence[Amount]:
    """What a turn needs to begin, by each of the agent's models in their order.

    That is one answer, and where it may call tools, the one that closes the turn after it.
    """
    asked = most_input(agent, history, content)
    goes_on = agent.skillset_id is not None
    return [_answers(choice, asked, prices, goes_on=goes_on) for choice in agent.choices]


def most_of(choice: ModelChoice, request: ModelRequest, prices: Prices) -> Amount:
    """One answer to this very request."""
    return _answers(choice, _most_asked(request), prices, goes_on=False)


def closing_of(choice: ModelChoice, request: ModelRequest, prices: Prices) -> Amount:
    """The answer that closes a turn after one to this request which calls tools."""
    return _closing(choice, _most_asked(request), prices)


def _answers(choice: ModelChoice, asked: int, prices: Prices, *, goes_on: bool) -> Amount:
    answer = _amount(choice, asked, prices)
    return answer + _closing(choice, asked, prices) if goes_on else answer


def _closing(choice: ModelChoice, asked: int, prices: Prices) -> Amount:
    return _amount(choice, asked + most_output(choice, prices) + _RESULTS_TOKENS, prices)


def _amount(choice: ModelChoice, asked: int, prices: Prices) -> Amount:
    answered = most_output(choice, prices)
    return Amount(prices.of(choice).micros(asked, answered), asked + answered)


def _most_asked(request: ModelRequest) -> int:
    asked = sum(_most_tokens(text) for text in _texts(request))
    return asked + (_FRAME_TOKENS if request.tools else 0) + (_PASSAGES_TOKENS if request.dataset_id is not None else 0)


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
