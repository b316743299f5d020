"""What the widget dialect needs from storage besides conversations."""

from collections.abc import Sequence
from typing import Protocol

from parlance.conversations.model import Conversation


class VisitLog(Protocol):
    """Which conversations began in a widget."""

    def record(self, tenant_id: str, conversation_id: str, *, began_at: int) -> None:
        """Note one; noting it again, with the same time (ms), changes nothing."""
        ...

    def newest(self, tenant_id: str, *, limit: int) -> Sequence[Conversation]:
        """The newest of those that have not been deleted, newest first."""
        ...
