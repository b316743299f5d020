"""What both tables hold of a user outside of their conversations."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import batched

from parlance.agents.context import TurnContext
from parlance.ids import IdSource
from parlance.realtime.port import ConnectionStore
from parlance.storage import contacts, keys
from parlance.storage.table import Delete, Item, Key, Put, Table, TransactionCancelledError

_FIRST = " "
_AT_ONCE = 100


class DynamoPeople:
    """`parlance.privacy.port.People`. Without `identity` an account of the identity dialect stays as it is."""

    def __init__(
        self, conversations: Table, connections: ConnectionStore, ids: IdSource, identity: Table | None = None
    ) -> None:
        self._table = conversations
        self._connections = connections
        self._ids = ids
        self._identity = identity

    def names(self, tenant_id: str, user_id: str) -> list[str]:
        return [user_id, *contacts.visitors_of(self._table, tenant_id, user_id)]

    def disconnect(self, tenant_id: str, user_id: str) -> list[str]:
        ended = []
        for slot in self._connections.slots(tenant_id):
            connection = self._connections.connection(slot.connection_id)
            if connection is not None and (connection.tenant_id, connection.user_id) == (tenant_id, user_id):
                self._connections.disconnect(connection.id)
                ended.append(connection.id)
        return ended

    def conversations(self, tenant_id: str, user_id: str) -> list[str]:
        listed = self._table.query_all(
            keys.user_pk(tenant_id, user_id),
            first=keys.user_chat_sk(0),
            last=keys.user_chat_sk(keys.HIGHEST_NUMBER),
        )
        own = [item["conversation_id"] for item in listed]
        return list(dict.fromkeys([*own, *contacts.conversations_of(self._table, tenant_id, user_id)]))

    def forget_talk(self, tenant_id: str, conversation_ids: Sequence[str]) -> None:
        channels = {channel for one in conversation_ids for channel in self._channels(tenant_id, one)}
        published = [
            item
            for channel in channels
            for item in self._table.query_all(
                keys.documents_pk(tenant_id, "channelMessage", channel), first=_FIRST, last=keys.HIGHEST
            )
        ]
        self._delete(self._table, [*published, *contacts.told_of(self._table, tenant_id, set(conversation_ids))])

    def forget(self, tenant_id: str, user_id: str) -> None:
        own = list(self._own(tenant_id, user_id))
        for item in own:
            if item["sk"].startswith("usage#"):
                self._forget_in_usage(tenant_id, item)
        contact = contacts.of_user(self._table, tenant_id, user_id)
        self._delete(self._table, [*own, *self._named(tenant_id, user_id), *contact])
        if self._identity is not None:
            self._delete(self._identity, self._account(self._identity, tenant_id, user_id))

    def knows(self, tenant_id: str, user_id: str) -> bool:
        if next(self._own(tenant_id, user_id), None) or self._named(tenant_id, user_id):
            return True
        if contacts.of_user(self._table, tenant_id, user_id):
            return True
        return self._identity is not None and bool(self._account(self._identity, tenant_id, user_id))

    def _channels(self, tenant_id: str, conversation_id: str) -> Iterator[str]:
        """Where the conversation's turns have waited for what the client's functions return."""
        turns = self._table.query_all(
            keys.conversation_pk(tenant_id, conversation_id),
            first=keys.turn_sk(0),
            last=keys.turn_sk(keys.HIGHEST_NUMBER),
        )
        for turn in turns:
            context = TurnContext.restored(json.loads(turn.get("context", "{}")))
            yield from (one.channel for one in context.functions if one.channel is not None)
            if context.heard_over:
                yield context.heard_over

    def _own(self, tenant_id: str, user_id: str) -> Iterator[Item]:
        return self._table.query_all(keys.user_pk(tenant_id, user_id), first=_FIRST, last=keys.HIGHEST)

    def _named(self, tenant_id: str, user_id: str) -> list[Item]:
        """What lies with the tenant under the user's name."""
        return list(self._table.batch_get([keys.budget(tenant_id, "user", user_id)]).values())

    def _account(self, identity: Table, tenant_id: str, user_id: str) -> list[Item]:
        """Conversations know an account by its id or by its name."""
        accounts = identity.query_all(keys.accounts_pk(tenant_id), first=_FIRST, last=keys.HIGHEST)
        found = [one for one in accounts if user_id in {one["id"], one["username"]}]
        sessions = [
            session
            for account in found
            for session in identity.query_all(
                keys.login_sessions_pk(tenant_id, account["id"]), first=_FIRST, last=keys.HIGHEST
            )
        ]
        return [*sessions, *found]

    def _forget_in_usage(self, tenant_id: str, own: Item) -> None:
        """Keep the tenant's sums under a name that leads to nobody: a visitor's conversation is called as the visitor.

        In one transaction, for a sum that stood there twice or not at all would be a wrong one.
        """
        key = keys.usage(tenant_id, own["used"]["day"], own["conversation_id"])
        item = self._table.get(key)
        if item is None:
            return
        nobody = f"erased_{self._ids.random()}"
        kept = {name: value for name, value in item.items() if name != "user_id"}
        # An agent of that conversation alone is called after it.
        agent_id = item["agent_id"].replace(f"{item['conversation_id']}:", f"{nobody}:")
        sk = keys.usage(tenant_id, own["used"]["day"], nobody).sk
        kept |= {"sk": sk, "conversation_id": nobody, "agent_id": agent_id}
        with suppress(TransactionCancelledError):  # another pass was first
            self._table.transact([Delete(key, when="attribute_exists(pk)"), Put(kept)], token=self._ids.random())

    @staticmethod
    def _delete(table: Table, found: list[Item]) -> None:
        for some in batched(found, _AT_ONCE, strict=False):
            table.batch_write(deletes=[Key(item["pk"], item["sk"]) for item in some])
