"""Conversations in DynamoDB: created, read, listed and deleted."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Literal

from parlance import ids
from parlance.clock import Clock, SystemClock
from parlance.conversations.model import Conversation, Message
from parlance.conversations.port import KeyUsedError, NewMessage, RequestKey, StaleError, User, UserChats
from parlance.storage import items, keys
from parlance.storage.creation import creation, next_chat_number
from parlance.storage.listing import CONVERSATIONS, no_entry
from parlance.storage.retention import days_in
from parlance.storage.table import (
    ConditionFailedError,
    Delete,
    Item,
    Key,
    Operation,
    Put,
    Table,
    TransactionCancelledError,
    Update,
)

_VISIT_MS = 60_000
_COUNT_DELETED = "ADD deleted_chats :number"
_NOT_DELETED = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"


class DynamoConversationStore:
    """`parlance.conversations.port.ConversationStore` over the Conversations table."""

    def __init__(self, table: Table, clock: Clock | None = None) -> None:
        self._table = table
        self._clock = clock or SystemClock()

    def create(self, conversation: Conversation, *, key: RequestKey | None, token: str) -> Conversation:
        user_key = keys.user(conversation.tenant_id, conversation.user_id)
        own_key = keys.conversation(conversation.tenant_id, conversation.id)
        retention = keys.retention(conversation.tenant_id)
        found = self._table.batch_get([user_key, own_key, retention])
        if own_key in found:
            # Ids are unique, so an earlier call with this token was carried out without being answered.
            return items.conversation_from(found[own_key])
        user = items.user_from(found[user_key]) if user_key in found else None
        request = keys.request(conversation.tenant_id, key.key_hash) if key else None
        created = replace(
            conversation,
            user_chat_number=next_chat_number(user),
            request_key=key.key_hash if key else None,
            retention_days=days_in(found.get(retention)),
        )
        operations = creation(created, user)
        if request and key:
            remembered = items.used_key_item(request, key, created.id)
            when = "attribute_not_exists(pk) OR valid_until < :now"
            operations.append(Put(remembered, when=when, values={"now": conversation.created_at}))
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError as error:
            if request and error.failed_condition(len(operations) - 1):
                used = items.used_key_from(error.reasons[-1].item, conversation.created_at)
                if used:
                    raise KeyUsedError(used) from error
            raise StaleError(None) from error
        return created

    def get(self, tenant_id: str, conversation_id: str) -> Conversation | None:
        item = self._table.get(keys.conversation(tenant_id, conversation_id))
        return items.conversation_from(item) if item and self._is_live(item) else None

    def user_chats(
        self, tenant_id: str, user_id: str, *, offset: int, limit: int, order: Literal["asc", "desc"]
    ) -> UserChats:
        user = self._user(tenant_id, user_id)
        if user is None:
            return UserChats([], 0)
        numbers = page_of_numbers(user, offset=offset, limit=limit, order=order)
        index = self._table.batch_get([keys.user_chat(tenant_id, user_id, number) for number in numbers])
        entries = [index.get(keys.user_chat(tenant_id, user_id, number)) for number in numbers]
        wanted = [keys.conversation(tenant_id, entry["conversation_id"]) for entry in entries if entry]
        found = self._table.batch_get(wanted)
        listed = {number: entry for number, entry in zip(numbers, entries, strict=True) if entry}
        if self._unlist_expired(user, listed, found):
            return self.user_chats(tenant_id, user_id, offset=offset, limit=limit, order=order)
        live = [found[key] for key in wanted if key in found and self._is_live(found[key])]
        return UserChats([items.conversation_from(item) for item in live], user.chat_count)

    def messages(
        self, tenant_id: str, conversation_id: str, *, first: int, last: int, order: Literal["asc", "desc"]
    ) -> list[Message]:
        pk = keys.conversation_pk(tenant_id, conversation_id)
        found: list[Item] = []
        low, high = keys.message_sk(first), keys.message_sk(last)
        while low <= high:
            page = self._table.query(pk, first=low, last=high, forward=order == "asc")
            found += page.items
            if page.last is None:
                break
            # A page ends at 1 MB; the next begins one number further in the direction of reading.
            number = int(page.last.removeprefix("message#"))
            low, high = (keys.message_sk(number + 1), high) if order == "asc" else (low, keys.message_sk(number - 1))
        now = self._clock.now()
        return [items.message_from(item) for item in found if not items.is_expired(item, now)]

    def message(self, tenant_id: str, conversation_id: str, number: int) -> Message | None:
        item = self._table.get(keys.message(tenant_id, conversation_id, number))
        return items.message_from(item) if item and not items.is_expired(item, self._clock.now()) else None

    def append(self, conversation: Conversation, new: NewMessage, *, token: str) -> Message:
        message = numbered(new, conversation.last_number + 1)
        settles = "" if conversation.has_work else ", settled = :last"
        expires_at = items.summary_kept_until(conversation, new.now)
        advance = Update(
            keys.conversation(conversation.tenant_id, conversation.id),
            "SET last_number = :last, updated_at = :at, last_message_at = :at, "
            f"message_count = message_count + :one{settles}{', expires_at = :expires' if expires_at else ''}",
            when=f"{_NOT_DELETED} AND last_number = :seen",
            values={
                "last": message.number,
                "at": new.now,
                "one": 1,
                "seen": conversation.last_number,
                **({"expires": expires_at} if expires_at else {}),
            },
        )
        until = items.kept_until(conversation, new.now)
        put = Put(items.message_item(conversation.tenant_id, conversation.id, message, expires_at=until))
        try:
            self._table.transact([advance, put], token=token)
        except TransactionCancelledError as error:
            current = error.reasons[0].item
            live = current is not None and "deleted_at" not in current
            raise StaleError(items.conversation_from(current) if current and live else None) from error
        return message

    def change_message(self, tenant_id: str, conversation_id: str, message: Message) -> bool:
        stays = {"pk", "sk", "v", "id", "number", "created_at", "turn_id", "failed", "expires_at"}
        item = items.message_item(tenant_id, conversation_id, message)
        changes = {name: value for name, value in item.items() if name not in stays}
        sets = ", ".join(f"#{name} = :{name}" for name, value in changes.items() if value is not None)
        removes = ", ".join(f"#{name}" for name, value in changes.items() if value is None)
        update = Update(
            keys.message(tenant_id, conversation_id, message.number),
            f"SET {sets} REMOVE {removes}" if removes else f"SET {sets}",
            when="id = :id",
            values={"id": message.id, **{name: value for name, value in changes.items() if value is not None}},
        )
        try:
            self._table.update(update)
        except ConditionFailedError:
            return False
        return True

    def remove_message(self, tenant_id: str, conversation_id: str, message: Message, *, token: str) -> bool:
        gone = Delete(
            keys.message(tenant_id, conversation_id, message.number), when="id = :id", values={"id": message.id}
        )
        counted = Update(
            keys.conversation(tenant_id, conversation_id),
            "SET message_count = message_count - :one",
            when=_NOT_DELETED,
            values={"one": 1},
        )
        try:
            self._table.transact([counted, gone], token=token)
        except TransactionCancelledError:
            return False
        return True

    def mark_deleted(self, tenant_id: str, conversation_id: str, *, now: int, token: str) -> Conversation | None:
        key = keys.conversation(tenant_id, conversation_id)
        item = self._table.get(key)
        if item is None or ("deleted_at" in item and item["deleted_by"] != token):
            return None
        conversation = items.conversation_from(item)
        if "deleted_at" in item:
            # An earlier call with this token was carried out without being answered.
            return conversation
        mark = {"now": now, "token": token}
        operations: list[Operation] = [
            Update(key, "SET deleted_at = :now, deleted_by = :token", when=_NOT_DELETED, values=mark),
            *self._unlist(conversation),
        ]
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError:
            return None
        return conversation

    def deleted(self, tenant_id: str, conversation_id: str) -> Conversation | None:
        item = self._table.get(keys.conversation(tenant_id, conversation_id))
        return items.conversation_from(item) if item and "deleted_at" in item else None

    def sweep(self, tenant_id: str, conversation_id: str, *, limit: int) -> bool:
        summary = keys.conversation(tenant_id, conversation_id)
        stored = self._table.query_all(summary.pk, first=" ", last=keys.HIGHEST, keys_only=True)
        others = (Key(item["pk"], item["sk"]) for item in stored if item["sk"] != summary.sk)
        doomed = list(islice(others, limit))
        self._table.batch_write(deletes=doomed)
        return len(doomed) < limit

    def forget(self, conversation: Conversation) -> None:
        if conversation.request_key:
            self._forget_request(conversation, conversation.request_key)
        self._forget_visit(conversation)
        self._table.batch_write(deletes=[keys.conversation(conversation.tenant_id, conversation.id)])
        self._raise_floor(conversation.tenant_id, conversation.user_id)

    def _is_live(self, item: Item) -> bool:
        return "deleted_at" not in item and not items.is_expired(item, self._clock.now())

    def _unlist_expired(self, user: User, listed: Mapping[int, Item], found: Mapping[Key, Item]) -> bool:
        """Take chats off the list whose summaries have expired, which nobody is told of. True if there were any."""
        gone = [
            (number, entry["conversation_id"])
            for number, entry in listed.items()
            if keys.conversation(user.tenant_id, entry["conversation_id"]) not in found
        ]
        for number, conversation_id in gone:
            index = keys.user_chat(user.tenant_id, user.id, number)
            count = Update(keys.user(user.tenant_id, user.id), _COUNT_DELETED, values={"number": {number}})
            # Refused when a deletion was first: it has counted the chat already.
            with suppress(TransactionCancelledError):
                self._table.transact(
                    [count, Delete(index, when="attribute_exists(pk)")], token=f"{conversation_id[-28:]}-expired"
                )
        return bool(gone)

    def _unlist(self, conversation: Conversation) -> list[Operation]:
        tenant_id, user_id, number = conversation.tenant_id, conversation.user_id, conversation.user_chat_number
        return [
            Update(keys.user(tenant_id, user_id), _COUNT_DELETED, values={"number": {number}}),
            Delete(keys.user_chat(tenant_id, user_id, number)),
            no_entry(tenant_id, CONVERSATIONS, conversation.created_at, conversation.id),
        ]

    def _forget_request(self, conversation: Conversation, request_key: str) -> None:
        try:
            self._table.delete(
                Delete(
                    keys.request(conversation.tenant_id, request_key),
                    when="attribute_not_exists(pk) OR #result = :id",
                    values={"id": conversation.id},
                )
            )
        except ConditionFailedError:
            return  # The key has expired and was used again, for another conversation.

    def _forget_visit(self, conversation: Conversation) -> None:
        """The entry in the list of what began in a widget, which was filed by its first turn a moment after."""
        entries = self._table.query_all(
            keys.visits_pk(conversation.tenant_id),
            first=keys.visit_sk(max(conversation.created_at - _VISIT_MS, 0), ""),
            last=keys.visit_sk(conversation.created_at + _VISIT_MS, keys.HIGHEST),
        )
        own = [Key(one["pk"], one["sk"]) for one in entries if one["conversation_id"] == conversation.id]
        self._table.batch_write(deletes=own)

    def _raise_floor(self, tenant_id: str, user_id: str) -> None:
        """Keep the set of deleted numbers small: a run of them that begins at the floor moves the floor instead."""
        user = self._user(tenant_id, user_id)
        if user is None:
            return
        floor = user.chats_floor
        while floor + 1 in user.deleted_chats:
            floor += 1
        if floor == user.chats_floor:
            return
        try:
            self._table.update(
                Update(
                    keys.user(tenant_id, user_id),
                    "SET chats_floor = :floor DELETE deleted_chats :run",
                    when="chats_floor = :seen",
                    values={
                        "floor": floor,
                        "seen": user.chats_floor,
                        "run": set(range(user.chats_floor + 1, floor + 1)),
                    },
                )
            )
        except ConditionFailedError:
            return  # Another sweep has raised it meanwhile.

    def _user(self, tenant_id: str, user_id: str) -> User | None:
        item = self._table.get(keys.user(tenant_id, user_id))
        return items.user_from(item) if item else None


def numbered(new: NewMessage, number: int) -> Message:
    return Message(
        id=ids.message_id(new.random, number),
        number=number,
        role=new.role,
        content=new.content,
        created_at=new.now,
        metadata=new.metadata,
        profile=new.profile,
    )


def page_of_numbers(user: User, *, offset: int, limit: int, order: Literal["asc", "desc"]) -> list[int]:
    """The numbers of the user's existing chats at `offset` and after, in `order`, `limit` of them at the most."""
    end = min(offset + limit, user.chat_count)
    positions = (
        range(offset, end) if order == "asc" else range(user.chat_count - 1 - offset, user.chat_count - 1 - end, -1)
    )
    gone = sorted(user.deleted_chats)
    return [_number_at(position, user.chats_floor, gone) for position in positions]


def _number_at(position: int, floor: int, gone: list[int]) -> int:
    """The number of the chat at that position (from 0) of the ascending list."""
    number = floor + 1 + position
    for deleted in gone:
        if deleted > number:
            break
        number += 1
    return number
