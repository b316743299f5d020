"""What an attempt may use at the most, before its model is called, and what it did use where nobody counted."""

from collections.abc import Iterable

from parlance.agents.counting import estimated_tokens
from parlance.agents.definitions import Agent, ModelChoice
from parlance.usage.budgets import Amount
from parlance.usage.prices import Prices

_BYTES_A_TOKEN = 3
"""Prose has more, so that counting by this is rather too much than too little."""

_FRAME_TOKENS = 500
_PASSAGES_TOKENS = 4_500
"""What the house itself adds to a request: how material is marked, and the passages that were found."""


def most_input(agent: Agent, history: Iterable[str], content: str) -> int:
    """The input tokens of one request to a model of this agent."""
    said = min(sum(_most_tokens(text) for text in history), agent.history_tokens * 4 // _BYTES_A_TOKEN)
    added = _FRAME_TOKENS + (_PASSAGES_TOKENS if agent.dataset_id is not None else 0)
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


def least_input(agent: Agent, history: Iterable[str], content: str) -> int:
    """What a provider has read at least when it began to answer."""
    said = min(sum(estimated_tokens(text) for text in history), agent.history_tokens)
    return estimated_tokens(agent.instructions) + said + estimated_tokens(content)


def _most_tokens(text: str) -> int:
    return -(-len(text.encode(errors="replace")) // _BYTES_A_TOKEN)
