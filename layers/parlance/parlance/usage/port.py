"""What usage and budgets need from storage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parlance.conversations.model import Claim, Conversation, DayUsage, Turn, Usage
from parlance.usage.budgets import Amount, Budget, Reservation, Scope, Standing

UNKEPT_PREFIX = "unkept_"
"""What the conversation of an answer is called that is not kept: nobody finds it."""


class NotReservedError(Exception):
    """There is no room, or the conversation's reservation is not as expected; `standing` tells which."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("not reserved")
        self.standing = standing


class BudgetStore(Protocol):
    """Budgets and their standings. Any method may raise ContendedError or UnansweredError."""

    def put(self, budget: Budget) -> None:
        """Set a budget in place of the one before. What is committed stays."""
        ...

    def remove(self, tenant_id: str, scope: Scope) -> bool:
        """False where there was none."""
        ...

    def budget(self, tenant_id: str, scope: Scope) -> Budget | None: ...

    def among(self, tenant_id: str, scopes: Sequence[Scope]) -> list[Budget]:
        """The budgets of those scopes, in their order."""
        ...

    def all(self, tenant_id: str) -> list[Budget]: ...

    def standing(self, tenant_id: str, scope: Scope, window: str) -> Standing: ...

    def reserve(self, budget: Budget, window: str, reservation: Reservation) -> None:
        """Add a reservation if the budget has room for it. Raises NotReservedError."""
        ...

    def extend(self, budget: Budget, window: str, before: Reservation, after: Reservation) -> None:
        """Let a larger reservation of the same attempt replace one if the budget has room. Raises NotReservedError."""
        ...

    def settle(self, tenant_id: str, scope: Scope, window: str, reservation: Reservation, used: Amount) -> None:
        """Commit what was used in place of what was reserved, also if the attempt has extended it since.

        Nothing if no reservation of that attempt stands any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one conversation used on one day. `user_id` is None once the user was erased."""

    conversation_id: str
    agent_id: str
    user_id: str | None
    usage: DayUsage


class UsageStore(Protocol):
    """The record of what was used, one row for each conversation and day."""

    def record(self, conversation: Conversation) -> None:
        """Store the conversation's last day, unless a later state of it stands there already."""
        ...

    def is_recorded(self, conversation: Conversation) -> bool: ...

    def of_day(self, tenant_id: str, day: str) -> list[UsageRow]: ...

    def of_user(self, tenant_id: str, user_id: str, *, first_day: str, last_day: str) -> list[UsageRow]: ...


class Completions(Protocol):
    """Who keeps a log of what attempts used."""

    def completed(self, claim: Claim, usage: Usage) -> None:
        """After an attempt has ended. Never raises for a storage that fails."""
        ...


class Turns(Protocol):
    """The part of the turn store that tells what an attempt used."""

    def turn(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None: ...
