"""What a dialect knows about one turn and its agent should: who is asking, and what the client can do itself.

It is kept with the turn, because a worker, or the next one, may be the one that runs it. It is never part of the
message's metadata, which clients write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """Who the user is, as a dialect has verified it. `attributes` are such as name and email."""

    subject: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientFunction:
    """A function that the client executes. `parameters` is a JSON Schema of an object.

    With `data` the result is known beforehand. With `channel` the call waits until the client has published the
    result there. With neither, the turn ends with the call in its reply, and the client sends the result with what it
    sends next.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    data: Any = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Something to answer from, and what it is from. What `is_attached` is shown whether or not it is asked for."""

    text: str
    source: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    is_attached: bool = False


_PLAIN = ("max_rounds", "max_calls", "max_continuations", "must_call", "instructions", "heard_over")
"""What JSON holds as it is; kept unless it is what it would be anyway."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """`instructions`, `passages` and `abilities` are what the agent has for this turn besides its own.

    `max_rounds` bounds how often the model may be given the results of tools, None leaves it to the agent. `max_calls`
    bounds the calls of tools in the whole turn. An answer that was cut at the model's limit is gone on with up to
    `max_continuations` times. With `must_call` the model is to call one of the functions that it hands over.
    `heard_over` is the channel where a client that does not hear the turn itself is told which functions wait for it.
    """

    identity: VerifiedIdentity | None = None
    functions: Sequence[ClientFunction] = ()
    max_rounds: int | None = None
    max_calls: int | None = None
    max_continuations: int = 0
    must_call: bool = False
    instructions: str = ""
    passages: Sequence[Passage] = ()
    abilities: Sequence[Mapping[str, Any]] = ()
    """As `parlance.agents.skills.abilities_to` writes them."""
    heard_over: str = ""

    def stored(self) -> Mapping[str, Any]:
        """As JSON holds it; empty when there is nothing to keep."""
        kept: dict[str, Any] = {}
        if self.identity:
            kept["identity"] = {"subject": self.identity.subject, "attributes": dict(self.identity.attributes)}
        if self.functions:
            kept["functions"] = [
                {"name": one.name, "description": one.description, "parameters": dict(one.parameters),
                 "data": one.data, "channel": one.channel}
                for one in self.functions
            ]  # fmt: skip
        if self.passages:
            kept["passages"] = [
                {"text": one.text, "source": one.source, "meta": dict(one.meta), "is_attached": one.is_attached}
                for one in self.passages
            ]
        if self.abilities:
            kept["abilities"] = [dict(one) for one in self.abilities]
        plain = {name: getattr(self, name) for name in _PLAIN}
        return kept | {name: value for name, value in plain.items() if value}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Self:
        identity = kept.get("identity")
        return cls(
            identity=VerifiedIdentity(**identity) if identity else None,
            functions=tuple(ClientFunction(**one) for one in kept.get("functions", ())),
            passages=tuple(Passage(**one) for one in kept.get("passages", ())),
            abilities=tuple(kept.get("abilities", ())),
            **{name: kept[name] for name in _PLAIN if name in kept},
        )
