"""What a dialect knows about one turn and its agent should: who is asking.

It is kept with the turn, because a worker, or the next one, may be the one that runs it. It is never part of the
message's metadata, which clients write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """Who the user is, as a dialect has verified it. `attributes` are such as name and email."""

    subject: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What goes with a turn to whoever runs it."""

    identity: VerifiedIdentity | None = None

    def stored(self) -> Mapping[str, Any]:
        """As JSON holds it; empty when there is nothing to keep."""
        if self.identity is None:
            return {}
        return {"identity": {"subject": self.identity.subject, "attributes": dict(self.identity.attributes)}}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Self:
        identity = kept.get("identity")
        return cls(identity=VerifiedIdentity(**identity) if identity else None)
