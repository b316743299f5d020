"""Conversations as documents: the conversations of the whole house, with what the platform dialect adds to them.

What configures a conversation without a bot is an agent of its own, which lies in its partition. So the summary, which
every turn writes, stays small, and whoever runs a turn finds the agent by its id as it finds any other.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parlance.clock import Clock
from parlance.conversations.model import Conversation, Message
from parlance.conversations.port import NewMessage
from parlance.ids import IdSource
from parlance.platform.conversations import message_profile, role_of
from parlance.platform.documents import ChangedError, Document, Position, Slice
from parlance.storage import items, keys
from parlance.storage.agents import agent_attributes, agent_from
from parlance.storage.contacts import visitor_of
from parlance.storage.conversations import numbered
from parlance.storage.creation import creation, next_chat_number
from parlance.storage.listing import CONVERSATIONS, entries
from parlance.storage.retention import days_in
from parlance.storage.shelves import agent_of, bot_values
from parlance.storage.table import ContendedError, Item, Key, Operation, Put, Table, TransactionCancelledError, Update

_OWN = "own"
_CONFIGURES = frozenset({"model", "backstory", "datasetId", "skillsetId", "privacy", "moderation"})
_ON_SUMMARY = frozenset({"name", "meta", "botId"})
_COUNTED = frozenset({"tokenCount", "messageCount"})


class ConversationDocuments:
    """`parlance.platform.documents.DocumentStore`. Deleting is the core's: it has a sweep behind it."""

    def __init__(self, table: Table, clock: Clock, ids: IdSource) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids

    def create(self, document: Document, *, token: str) -> None:  # noqa: ARG002 - the id says whether it was done
        """Raises ContendedError when others create conversations for the same contact."""
        values = document.values
        user_id = values.get("contactId") or visitor_of(document.id)
        user_key, own_key = keys.user(document.tenant_id, user_id), self._key(document.tenant_id, document.id)
        retention = keys.retention(document.tenant_id)
        found = self._table.batch_get([user_key, own_key, retention])
        if own_key in found:
            # Ids are unique, so an earlier call was carried out without being answered.
            return
        user = items.user_from(found[user_key]) if user_key in found else None
        messages = [self._message(sent, number, document) for number, sent in _numbered(values.get("messages"))]
        conversation = replace(
            _conversation(document, user_id),
            user_chat_number=next_chat_number(user),
            last_number=len(messages),
            settled=len(messages),
            message_count=len(messages),
            last_message_at=document.created_at if messages else None,
            retention_days=_days(values.get("keptDays"), days_in(found.get(retention))),
        )
        until = items.kept_until(conversation, document.created_at)
        operations = creation(conversation, user)
        operations += [
            Put(items.message_item(document.tenant_id, document.id, message, expires_at=until)) for message in messages
        ]
        operations += self._own_agent(document)
        try:
            self._table.transact(operations, token=self._ids.random())
        except TransactionCancelledError as error:
            raise ContendedError("the user's chats were counted on") from error

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None:  # noqa: ARG002 - has no parent
        found = self._read(tenant_id, [document_id])
        return found[0] if found else None

    def slice(
        self,
        tenant_id: str,
        parent: str,  # noqa: ARG002 - has no parent
        *,
        after: Position | None,
        newest_first: bool,
        limit: int,
    ) -> Slice:
        found = entries(self._table, tenant_id, CONVERSATIONS, after=after, newest_first=newest_first, limit=limit)
        return Slice(self._read(tenant_id, [position.id for position in found.positions]), found.end)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        conversation = _conversation(after, "")
        sets = "SET title = :title, metadata = :metadata, profile = :profile, agent_id = :agent, updated_at = :at"
        when = "attribute_exists(pk) AND attribute_not_exists(deleted_at) AND "
        when += "rev = :seen" if before.revision else "(attribute_not_exists(rev) OR rev = :seen)"
        change = Update(
            self._key(before.tenant_id, before.id),
            f"{sets}, rev = :next",
            when=when,
            values={
                "title": conversation.title,
                "metadata": json.dumps(conversation.metadata),
                "profile": json.dumps(conversation.profile),
                "agent": conversation.agent_id,
                "at": after.updated_at,
                "seen": before.revision,
                "next": before.revision + 1,
            },
        )
        try:
            self._table.transact([change, *self._own_agent(after)], token=token)
        except TransactionCancelledError as error:
            raise ChangedError from error

    def delete(self, document: Document, *, token: str) -> None:
        raise NotImplementedError("conversations are deleted by the core")

    def by_alias(self, tenant_id: str, alias: str) -> str | None:  # noqa: ARG002 - conversations have none
        return None

    def _own_agent(self, document: Document) -> list[Operation]:
        if document.values.get("botId"):
            return []
        own = {name: value for name, value in document.values.items() if name in _CONFIGURES}
        agent = agent_of(replace(document, id=own_agent_id(document.id), values=own))
        key = keys.agent(document.tenant_id, agent.id)
        return [Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, **agent_attributes(agent)})]

    def _message(self, sent: Mapping[str, Any], number: int, document: Document) -> Message:
        new = NewMessage(
            role=role_of(sent["type"]),
            content=sent["text"],
            now=document.created_at,
            random=self._ids.random(),
            profile=message_profile(sent),
        )
        return numbered(new, number)

    def _read(self, tenant_id: str, ids: list[str]) -> list[Document]:
        summaries = [self._key(tenant_id, one) for one in ids]
        agents = [keys.agent(tenant_id, own_agent_id(one)) for one in ids]
        found = self._table.batch_get([*summaries, *agents])
        return [
            _document(found[summary], found.get(agent))
            for summary, agent in zip(summaries, agents, strict=True)
            if summary in found and self._is_live(found[summary])
        ]

    def _is_live(self, summary: Item) -> bool:
        return "deleted_at" not in summary and not items.is_expired(summary, self._clock.now())

    def _key(self, tenant_id: str, document_id: str) -> Key:
        return keys.conversation(tenant_id, document_id)


def own_agent_id(conversation_id: str) -> str:
    return f"{conversation_id}:{_OWN}"


def _days(own: int | None, tenants: int | None) -> int | None:
    """The shorter of how long the conversation and its tenant's messages are to be kept; None is for ever."""
    return min((one for one in (own, tenants) if one is not None), default=None)


def _numbered(messages: object) -> list[tuple[int, Mapping[str, Any]]]:
    return list(enumerate(messages, start=1)) if isinstance(messages, list) else []


def _conversation(document: Document, user_id: str) -> Conversation:
    values = document.values
    kept = _CONFIGURES | _ON_SUMMARY | _COUNTED | {"messages", "keptDays"}
    return Conversation(
        tenant_id=document.tenant_id,
        id=document.id,
        user_id=user_id,
        agent_id=values.get("botId") or own_agent_id(document.id),
        title=values.get("name", ""),
        created_at=document.created_at,
        updated_at=document.updated_at,
        metadata=values.get("meta", {}),
        profile={name: value for name, value in values.items() if name not in kept},
    )


def _document(summary: Item, agent_item: Item | None) -> Document:
    conversation = items.conversation_from(summary)
    own = conversation.agent_id == own_agent_id(conversation.id)
    configured = bot_values(agent_from(agent_item)) if own and agent_item else {}
    values = {
        "name": conversation.title,
        "meta": dict(conversation.metadata),
        "botId": None if own else conversation.agent_id,
        "messageCount": conversation.message_count,
        "tokenCount": conversation.tokens_used,
        **{name: value for name, value in configured.items() if name in _CONFIGURES},
        **conversation.profile,
    }
    return Document(
        tenant_id=conversation.tenant_id,
        id=conversation.id,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        values={name: value for name, value in values.items() if value is not None and value not in ("", {})},
        revision=conversation.revision,
    )
