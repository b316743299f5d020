"""What a request adds to an agent for one turn: what its client can do, and its extensions and limits."""

import json
import re
from collections.abc import Sequence

from parlance.agents.context import ClientFunction, Passage, TurnContext
from parlance.agents.skills import Ability, abilities_to
from parlance.errors import InvalidInputError
from parlance.knowledge.datasets import MAX_TEXT_BYTES
from parlance.platform.abilities import UnsupportedAbilityError, WrittenAbility, abilities_of, ability_of
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.functions import ExtensionRecord, Extensions, Function, Receive

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_FUNCTIONS_MAX = 64
KEPT_MAX = 65_536
"""Bytes of all this where it is kept with the turn, in one item."""


def context_of(
    asked: Receive, *, is_session: bool = False, heard_over: str = "", most: int | None = None
) -> TurnContext:
    """Raises InvalidInputError, and NotImplementedHereError for an extension that there is not.

    `heard_over` is the channel of a client that does not hear the turn itself. The extensions of end users' sessions
    are passed over, as the contract wants it. `most` is how many bytes all this may have as JSON.
    """
    functions = [_function(one) for one in asked.functions or []]
    limits = asked.limits
    extensions = asked.extensions if asked.extensions and not is_session else Extensions()
    context = TurnContext(
        functions=tuple(functions),
        max_rounds=limits.iterations if limits else None,
        max_calls=limits.calls if limits else None,
        max_continuations=(limits.continuations or 0) if limits else 0,
        instructions=extensions.backstory or "",
        passages=_passages(extensions),
        abilities=tuple(abilities_to(_abilities(extensions))),
        heard_over=heard_over,
    )
    check_size(context, most)
    return context


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


def _passages(extensions: Extensions) -> Sequence[Passage]:
    return tuple(
        Passage(record.text, dataset.name or "inline", record.meta or {})
        for dataset in extensions.datasets or []
        for record in dataset.records
        if _is_passage(record)
    )


def _is_passage(record: ExtensionRecord) -> bool:
    """Raises InvalidInputError for one that no dataset could hold either."""
    if len(record.text.encode(errors="replace")) > MAX_TEXT_BYTES:
        raise InvalidInputError(f"extensions.datasets: a record's text has at most {MAX_TEXT_BYTES} bytes")
    return bool(record.text.strip())


def _abilities(extensions: Extensions) -> Sequence[Ability]:
    """Unlike a stored one, an ability that was sent for this answer is refused where it cannot be used."""
    for feature in extensions.features or []:
        raise NotImplementedHereError(f"extensions.features: there is no feature {feature.name[:64]!r} here")
    written = [
        WrittenAbility(one.name, one.description, one.instruction)
        for skillset in extensions.skillsets or []
        for one in skillset.abilities
    ]
    for one in written:
        try:
            ability_of(one)
        except UnsupportedAbilityError as error:
            raise NotImplementedHereError(f"extensions.skillsets: {one.name[:64]!r}: {error}") from None
    return abilities_of(written)


def check_size(context: TurnContext, most: int | None) -> None:
    """Raises InvalidInputError."""
    if len(context.functions) > _FUNCTIONS_MAX:
        raise InvalidInputError(f"functions: at most {_FUNCTIONS_MAX}")
    if most is not None and len(json.dumps(context.stored())) > most:
        raise InvalidInputError(f"functions, extensions, attachments: at most {most} bytes together")
