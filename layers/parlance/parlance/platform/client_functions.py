"""What the client can do for the model, as the agents are told of it."""

import json
import re
from collections.abc import Sequence

from parlance.agents.context import ClientFunction, TurnContext
from parlance.errors import InvalidInputError
from parlance.platform.functions import Function, Receive

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_FUNCTIONS_MAX = 64
_BYTES_MAX = 65_536
"""They are kept with the turn, in one item."""


def context_of(asked: Receive, *, over_channels: bool = True) -> TurnContext:
    """Functions whose result is known or comes over a channel, and the limit of rounds. Raises InvalidInputError.

    Others would end the turn with a call, which this dialect has no way to answer: no model is told of them. Without
    `over_channels` nobody hears what is called while the turn runs, so those that a client would have to answer are
    left out as well.
    """
    functions = [_function(one) for one in asked.functions or []]
    offered = [one for one in functions if one.data is not None or (over_channels and one.channel is not None)]
    _check(offered)
    return TurnContext(functions=tuple(offered), max_rounds=asked.limits.iterations if asked.limits else None)


def _function(sent: Function) -> ClientFunction:
    if not _NAME.match(sent.name):
        raise InvalidInputError("functions.name: must be 1 to 64 letters, digits, _ and -")
    result = sent.result
    return ClientFunction(
        sent.name,
        sent.description,
        sent.parameters.model_dump(exclude_none=True),
        data=result.data if result else None,
        channel=result.channel if result else None,
    )


def _check(functions: Sequence[ClientFunction]) -> None:
    size = len(json.dumps(TurnContext(functions=functions).stored()))
    if len(functions) > _FUNCTIONS_MAX or size > _BYTES_MAX:
        raise InvalidInputError(f"functions: at most {_FUNCTIONS_MAX}, of {_BYTES_MAX} bytes together")
