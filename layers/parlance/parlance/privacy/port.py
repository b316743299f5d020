"""What export, erasure and retention need from storage."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from parlance.conversations.model import Conversation


class People(Protocol):
    """What is stored of a user outside of their conversations."""

    def names(self, tenant_id: str, user_id: str) -> list[str]:
        """The user, and the visitors that they were before: to whom conversations belong that were given to them."""
        ...

    def disconnect(self, tenant_id: str, user_id: str) -> list[str]:
        """Forget the user's open connections; returns their ids."""
        ...

    def conversations(self, tenant_id: str, user_id: str) -> list[str]:
        """The ids of all the user's that are not deleted, expired ones included."""
        ...

    def forget_talk(self, tenant_id: str, conversation_ids: Sequence[str]) -> None:
        """Remove what was said about those conversations, or to them, and lies outside of them."""
        ...

    def forget(self, tenant_id: str, user_id: str) -> None:
        """Remove the user, and their name from what the tenant keeps: its usage stays, without them."""
        ...

    def knows(self, tenant_id: str, user_id: str) -> bool: ...


class RetentionStore(Protocol):
    """For how many days a tenant keeps what is said; None is for ever."""

    def days(self, tenant_id: str) -> int | None: ...

    def set_days(self, tenant_id: str, days: int | None) -> None: ...


class Census(Protocol):
    """Reads whole tables, which only operators may."""

    def conversations(self, tenant_id: str) -> Iterator[Conversation]:
        """All of a tenant's that are not deleted, in no order."""
        ...

    def naming(self, tenant_id: str, user_id: str) -> list[str]:
        """Where (as `pk / sk`) anything of the tenant's still names that user."""
        ...

    def keep_for(self, conversation: Conversation, days: int | None) -> int:
        """Let what is stored of a conversation expire that many days after it was written; how many items that were."""
        ...
