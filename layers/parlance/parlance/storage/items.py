"""Conversations, messages, turns and users as items, and back.

What users supply freely (metadata) is kept as JSON text: DynamoDB's numbers cannot hold every JSON number.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from parlance.conversations.model import (
    Claim,
    Conversation,
    DayUsage,
    Failure,
    Lease,
    Listener,
    Message,
    News,
    Turn,
    TurnState,
    Usage,
)
from parlance.conversations.port import Failed, Outcome, RequestKey, UsedKey, User
from parlance.storage import keys
from parlance.storage.table import Item, Key

DAY_MS = 24 * 3600 * 1000
SUMMARY_STAYS = 24 * 3600


def _addressed(key: Key, **attributes: Any) -> Item:
    return {"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, **attributes}


def ttl_seconds(milliseconds: int) -> int:
    """DynamoDB's time to live counts in seconds; rounded up, so that nothing is cleaned up early."""
    return -(-milliseconds // 1000)


def kept_until(conversation: Conversation, now: int) -> int | None:
    """When (in seconds) what is written now to a conversation expires; None where its tenant keeps everything."""
    days = conversation.retention_days
    return None if days is None else ttl_seconds(now + days * DAY_MS)


def summary_kept_until(conversation: Conversation, now: int) -> int | None:
    """Later than any of its messages: there are conversations without messages, but no messages without one."""
    until = kept_until(conversation, now)
    return None if until is None else until + SUMMARY_STAYS


def is_expired(item: Item, now: int) -> bool:
    """Whether its time is over, also where the table has not cleaned it up yet."""
    return "expires_at" in item and item["expires_at"] * 1000 <= now


def conversation_item(conversation: Conversation) -> Item:
    """A new conversation, leased already where the first turn is run by whoever began it."""
    lease = conversation.lease
    return _addressed(
        keys.conversation(conversation.tenant_id, conversation.id),
        tenant_id=conversation.tenant_id,
        id=conversation.id,
        user_id=conversation.user_id,
        agent_id=conversation.agent_id,
        title=conversation.title,
        metadata=json.dumps(conversation.metadata),
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        last_message_at=conversation.last_message_at,
        message_count=conversation.message_count,
        user_chat_number=conversation.user_chat_number,
        last_number=conversation.last_number,
        last_turn=conversation.last_turn,
        drained=conversation.drained,
        settled=conversation.settled,
        failed_turn=conversation.failed_turn,
        retries=list(conversation.retries),
        request_key=conversation.request_key,
        tokens_used=conversation.tokens_used or None,
        profile=json.dumps(conversation.profile) if conversation.profile else None,
        ended_attempts=conversation.ended_attempts,
        retention_days=conversation.retention_days,
        expires_at=summary_kept_until(conversation, conversation.updated_at),
        lease_owner=lease.owner if lease else None,
        lease_until=lease.until if lease else None,
        lease_turn=lease.turn if lease else None,
    )


def conversation_from(item: Item) -> Conversation:
    lease = None
    if "lease_owner" in item:
        lease = Lease(item["lease_owner"], item["lease_until"], item["lease_turn"])
    return Conversation(
        tenant_id=item["tenant_id"],
        id=item["id"],
        user_id=item["user_id"],
        agent_id=item["agent_id"],
        title=item["title"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        metadata=json.loads(item["metadata"]),
        last_message_at=item.get("last_message_at"),
        message_count=item["message_count"],
        user_chat_number=item["user_chat_number"],
        last_number=item["last_number"],
        last_turn=item["last_turn"],
        drained=item["drained"],
        settled=item["settled"],
        failed_turn=item["failed_turn"],
        retries=tuple(item["retries"]),
        lease=lease,
        request_key=item.get("request_key"),
        tokens_used=item.get("tokens_used", 0),
        profile=json.loads(item["profile"]) if "profile" in item else {},
        revision=item.get("rev", 0),
        ended_attempts=item["ended_attempts"],
        usage=DayUsage(**item["used"]) if "used" in item else None,
        retention_days=item.get("retention_days"),
    )


def day_usage_map(usage: DayUsage | None) -> Item | None:
    return asdict(usage) if usage else None


def usage_map(usage: Usage) -> Item:
    return asdict(usage)


def message_item(tenant_id: str, conversation_id: str, message: Message, *, expires_at: int | None = None) -> Item:
    return _addressed(
        keys.message(tenant_id, conversation_id, message.number),
        id=message.id,
        number=message.number,
        role=message.role,
        content=message.content,
        created_at=message.created_at,
        turn_id=message.turn_id,
        metadata=json.dumps(message.metadata) if message.metadata else None,
        failed=message.failed or None,
        profile=json.dumps(message.profile) if message.profile else None,
        expires_at=expires_at,
    )


def message_from(item: Item) -> Message:
    return Message(
        id=item["id"],
        number=item["number"],
        role=item["role"],
        content=item["content"],
        created_at=item["created_at"],
        turn_id=item.get("turn_id"),
        metadata=json.loads(item["metadata"]) if "metadata" in item else {},
        failed=item.get("failed", False),
        profile=json.loads(item["profile"]) if "profile" in item else {},
    )


def turn_item(tenant_id: str, conversation_id: str, turn: Turn, *, expires_at: int | None = None) -> Item:
    return _addressed(
        keys.turn(tenant_id, conversation_id, turn.number),
        id=turn.id,
        number=turn.number,
        message_id=turn.message_id,
        reply_id=turn.reply_id,
        state=turn.state.value,
        created_at=turn.created_at,
        attempt=turn.attempt,
        body_hash=turn.body_hash,
        stop_requested=turn.stop_requested,
        listeners={connection: listener_map(listener) for connection, listener in turn.listeners.items()},
        previous=turn.previous,
        tried=turn.tried,
        context=json.dumps(turn.context) if turn.context else None,
        calls=calls_text(turn.calls) if turn.calls else None,
        expires_at=expires_at,
    )


def calls_text(calls: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(list(calls))


def turn_from(item: Item) -> Turn:
    failure = Failure(item["failure_code"], item["failure_message"]) if "failure_code" in item else None
    return Turn(
        id=item["id"],
        number=item["number"],
        message_id=item["message_id"],
        reply_id=item["reply_id"],
        state=TurnState(item["state"]),
        created_at=item["created_at"],
        attempt=item["attempt"],
        body_hash=item["body_hash"],
        failure=failure,
        stop_requested=item["stop_requested"],
        listeners={connection: Listener(**listener) for connection, listener in item["listeners"].items()},
        ended_at=item.get("ended_at"),
        previous=item["previous"],
        tried=item["tried"],
        context=json.loads(item["context"]) if "context" in item else {},
        calls=tuple(json.loads(item["calls"])) if "calls" in item else (),
        usage=Usage(**item["used"]) if "used" in item else None,
    )


def news_item(claim: Claim, sequence: int, outcome: Outcome, state: TurnState, usage: Usage, now: int) -> Item:
    where, turn = claim.conversation, claim.turn
    failure = outcome.failure if isinstance(outcome, Failed) else None
    return _addressed(
        keys.news(where.tenant_id, where.id, sequence),
        turn_id=turn.id,
        attempt=turn.attempt,
        state=state.value,
        message_id=turn.message_id,
        reply_id=turn.reply_id,
        ended_at=now,
        failure_code=failure.code if failure else None,
        failure_message=failure.message if failure else None,
        used=usage_map(usage),
        expires_at=kept_until(where, now),
    )


def news_from(item: Item) -> News:
    return News(
        sequence=keys.number_in(item["sk"]),
        turn_id=item["turn_id"],
        attempt=item["attempt"],
        state=TurnState(item["state"]),
        message_id=item["message_id"],
        reply_id=item["reply_id"],
        ended_at=item["ended_at"],
        failure=Failure(item["failure_code"], item["failure_message"]) if "failure_code" in item else None,
        usage=Usage(**item["used"]),
    )


def listener_map(listener: Listener) -> Item:
    return {"after_index": listener.after_index, "attempt": listener.attempt, "nonce": listener.nonce}


def user_from(item: Item) -> User:
    return User(
        tenant_id=item["tenant_id"],
        id=item["id"],
        created_at=item["created_at"],
        last_chat=item["last_chat"],
        chats_floor=item["chats_floor"],
        deleted_chats=frozenset(item.get("deleted_chats", ())),
    )


def used_key_item(key: Key, request: RequestKey, result: str) -> Item:
    return _addressed(
        key,
        body_hash=request.body_hash,
        result=result,
        valid_until=request.expires_at,
        expires_at=ttl_seconds(request.expires_at),
    )


def used_key_from(item: Item | None, now: int) -> UsedKey | None:
    """None once the key has expired: what it was used for is forgotten then."""
    if item is None or item["valid_until"] < now:
        return None
    return UsedKey(item["body_hash"], item["result"])
