"""What operators do with a tenant's affairs, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parlance.conversations.model import Conversation
from parlance.outbound.addresses import Guard
from parlance_cli.deployment import Affairs
from tests.fakes.house import QueuedSweeps
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.usage import MemoryBudgetStore, MemoryUsageStore
from tests.fakes.webhooks import MemoryWebhookStore, QueuedDeliveries


class MemoryPeople:
    """`parlance.privacy.port.People`, of users who have conversations and nothing else."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def names(self, tenant_id: str, user_id: str) -> list[str]:
        return [user_id]

    def disconnect(self, tenant_id: str, user_id: str) -> list[str]:
        return []

    def conversations(self, tenant_id: str, user_id: str) -> list[str]:
        user = self._tables.users.get((tenant_id, user_id))
        return [chat for chat in user.chats if chat is not None] if user else []

    def forget_talk(self, tenant_id: str, conversation_ids: Sequence[str]) -> None:
        pass

    def forget(self, tenant_id: str, user_id: str) -> None:
        self._tables.users.pop((tenant_id, user_id), None)

    def knows(self, tenant_id: str, user_id: str) -> bool:
        return (tenant_id, user_id) in self._tables.users


class MemoryCensus:
    """`parlance.privacy.port.Census`. A deleted conversation is swept when somebody looks."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def conversations(self, tenant_id: str) -> Iterator[Conversation]:
        for (owner, _), stored in list(self._tables.conversations.items()):
            if owner == tenant_id and not stored.deleted:
                yield stored.conversation

    def naming(self, tenant_id: str, user_id: str) -> list[str]:
        for key, stored in list(self._tables.conversations.items()):
            if stored.deleted:
                del self._tables.conversations[key]
        return [one.id for one in self.conversations(tenant_id) if one.user_id == user_id]

    def keep_for(self, conversation: Conversation, days: int | None) -> int:
        stored = self._tables.conversations[conversation.tenant_id, conversation.id]
        stored.conversation = replace(conversation, retention_days=days)
        return 1


class MemoryRetention:
    """`parlance.privacy.port.RetentionStore`."""

    def __init__(self) -> None:
        self._days: dict[str, int | None] = {}

    def days(self, tenant_id: str) -> int | None:
        return self._days.get(tenant_id)

    def set_days(self, tenant_id: str, days: int | None) -> None:
        self._days[tenant_id] = days


def memory_affairs() -> Affairs:
    tables = MemoryTables()
    return Affairs(
        webhooks=MemoryWebhookStore(),
        deliveries=QueuedDeliveries(),
        webhook_guard=Guard(),
        budgets=MemoryBudgetStore(),
        usage=MemoryUsageStore(),
        conversations=MemoryConversationStore(tables),
        turns=MemoryTurnStore(tables),
        people=MemoryPeople(tables),
        census=MemoryCensus(tables),
        retention=MemoryRetention(),
        sweeps=QueuedSweeps(),
    )
