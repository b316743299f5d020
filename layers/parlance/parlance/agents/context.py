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
class TurnContext:
    """`max_rounds` bounds how often the model may be given the results of tools; None leaves it to the agent."""

    identity: VerifiedIdentity | None = None
    functions: Sequence[ClientFunction] = ()
    max_rounds: int | None = None

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
        if self.max_rounds is not None:
            kept["max_rounds"] = self.max_rounds
        return kept

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Self:
        identity = kept.get("identity")
        return cls(
            identity=VerifiedIdentity(**identity) if identity else None,
            functions=tuple(ClientFunction(**one) for one in kept.get("functions", ())),
            max_rounds=kept.get("max_rounds"),
        )
