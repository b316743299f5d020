"""The transactions of the turn engine: begin, claim and finish, each as the list of operations that makes it one.

In every list the conversation comes first, so that a refusal says how it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from parlance import ids
from parlance.clock import day_of
from parlance.conversations.model import Claim, Conversation, Lease, Message, Turn, TurnState, Usage
from parlance.conversations.port import BeginView, Failed, LeaseTerms, NewTurn, Outcome, Replied
from parlance.storage import items, keys
from parlance.storage.creation import creation
from parlance.storage.table import Check, Operation, Put, Update

# The lease of a conversation, and which condition guards which move:
#
#              claim: drained as seen, nobody else holds it (_LEASE_FREE)
#     free ───────────────────────────────────────────────────────────> held by `lease_owner`
#      ^  └── begin by a caller that runs its turn: nothing to do (_IDLE) ──^   │  │
#      │                                                                       │  └── renew: still its owner
#      ├────────── finish: still its owner (kept while others wait in line) ────┤
#      └────────── `lease_until` has passed: its owner was killed ─────────────┘
#
# A conversation that is marked deleted refuses every one of these moves.

NOT_DELETED = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"
_LEASE_FREE = "(attribute_not_exists(lease_until) OR lease_until < :now)"
_IDLE = f"drained = last_turn AND size(retries) = :none AND {_LEASE_FREE}"
# The sums of a conversation's usage are written by the holder of its lease alone, on what it read before it got it.
_AS_COUNTED = "ended_attempts = :ended"
_TAKE_LEASE = "lease_owner = :owner, lease_until = :until, lease_turn = :number"
_LEASE = ("lease_owner", "lease_until", "lease_turn")


def new_turn(new: NewTurn, before: Conversation, *, claimed: bool) -> tuple[Turn, Message]:
    number = new.answers.number if new.answers else before.last_number + 1
    turn = Turn(
        id=ids.turn_id(new.turn_random, number),
        number=number,
        message_id=new.answers.id if new.answers else ids.message_id(new.message_random, number),
        reply_id=ids.message_id(new.reply_random, number + 1),
        state=TurnState.GENERATING if claimed else TurnState.RECEIVED,
        created_at=new.now,
        attempt=1 if claimed else 0,
        body_hash=new.key.body_hash if new.key else "",
        listeners=new.listeners,
        previous=before.last_turn,
        context=new.context,
    )
    if new.answers:
        return turn, replace(new.answers, turn_id=turn.id)
    message = Message(
        id=turn.message_id,
        number=number,
        role="user",
        content=new.content,
        created_at=new.now,
        turn_id=turn.id,
        metadata=new.metadata,
        profile=new.profile,
    )
    return turn, message


def advanced(before: Conversation, turn: Turn, new: NewTurn, terms: LeaseTerms | None) -> Conversation:
    """The conversation with the turn begun, and leased for it if there are terms."""
    return replace(
        before,
        last_number=turn.reply_number,
        last_turn=turn.number,
        updated_at=new.now,
        last_message_at=new.now,
        message_count=before.message_count + (0 if new.answers else 1),
        lease=Lease(terms.owner, terms.until, turn.number) if terms else before.lease,
    )


def begin_operations(
    new: NewTurn, view: BeginView, after: Conversation, turn: Turn, message: Message, terms: LeaseTerms | None
) -> list[Operation]:
    operations: list[Operation] = []
    if view.conversation is None:
        operations += creation(after, view.user)
    else:
        operations.append(_advance(view.conversation, after, terms))
    until = items.kept_until(after, new.now)
    stored = items.turn_item(new.tenant_id, new.conversation_id, turn, expires_at=until)
    operations.append(Put(stored, when="attribute_not_exists(pk)"))
    operations.append(Put(items.message_item(new.tenant_id, new.conversation_id, message, expires_at=until)))
    if new.key:
        key = keys.idempotency(new.tenant_id, new.conversation_id, new.key.key_hash)
        used = items.used_key_item(key, new.key, str(turn.number))
        operations.append(Put(used, when="attribute_not_exists(pk) OR valid_until < :now", values={"now": new.now}))
    return operations


def _advance(before: Conversation, after: Conversation, terms: LeaseTerms | None) -> Update:
    assignments = (
        "SET last_number = :last, last_turn = :turn, updated_at = :at, last_message_at = :at, "
        "message_count = message_count + :more"
    )
    when = f"{NOT_DELETED} AND last_number = :seen"
    values: dict[str, object] = {
        "last": after.last_number,
        "turn": after.last_turn,
        "at": after.updated_at,
        "more": after.message_count - before.message_count,
        "seen": before.last_number,
    }
    expires_at = items.summary_kept_until(after, after.updated_at)
    if expires_at is not None:
        assignments += ", expires_at = :expires"
        values["expires"] = expires_at
    if terms:
        assignments += f", {_TAKE_LEASE}"
        when += f" AND {_IDLE} AND {_AS_COUNTED}"
        values["ended"] = before.ended_attempts
        values |= {"owner": terms.owner, "until": terms.until, "number": after.last_turn}
        values |= {"now": terms.now, "none": 0}
    return Update(keys.conversation(after.tenant_id, after.id), assignments, when=when, values=values)


def claim_operations(conversation: Conversation, turn: Turn, lease: Lease, now: int) -> list[Operation]:
    """Whoever reads the same head of the line competes here: one condition holds for one of them."""
    when = f"{NOT_DELETED} AND drained = :drained AND ({_LEASE_FREE} OR lease_owner = :owner) AND {_AS_COUNTED}"
    if turn.number <= conversation.drained:
        when += " AND retries[0] = :number"
    return [
        Update(
            keys.conversation(conversation.tenant_id, conversation.id),
            f"SET {_TAKE_LEASE}",
            when=when,
            values={
                "owner": lease.owner,
                "until": lease.until,
                "number": turn.number,
                "drained": conversation.drained,
                "ended": conversation.ended_attempts,
                "now": now,
            },
        ),
        Update(
            keys.turn(conversation.tenant_id, conversation.id, turn.number),
            "SET #state = :generating, attempt = :next",
            when="#state IN (:received, :generating) AND attempt = :seen",
            values={
                "generating": TurnState.GENERATING.value,
                "received": TurnState.RECEIVED.value,
                "next": turn.attempt + 1,
                "seen": turn.attempt,
            },
        ),
    ]


def renewal_operations(claim: Claim, until: int) -> list[Operation]:
    """The lease goes on only while its turn does: the refusal for a turn that is asked to stop says so."""
    where, turn = claim.conversation, claim.turn
    return [
        Update(
            keys.conversation(where.tenant_id, where.id),
            "SET lease_until = :until",
            when=f"lease_owner = :owner AND {NOT_DELETED}",
            values={"until": until, "owner": claim.lease.owner},
        ),
        Check(
            keys.turn(where.tenant_id, where.id, turn.number),
            when="attempt = :attempt AND #state = :generating AND stop_requested = :no",
            values={"attempt": turn.attempt, "generating": TurnState.GENERATING.value, "no": False},
        ),
    ]


def finish_operations(
    claim: Claim, outcome: Outcome, now: int, keep_until: int | None, usage: Usage, *, announced: bool
) -> list[Operation]:
    """The end of a turn, and the lease given back with it unless it is kept: there is no release write."""
    where = claim.conversation
    after = where.having_used(usage, day=day_of(now))
    drain = _drain(claim, after, now, outcome, keep_until)
    match outcome:
        case Replied(reply, stopped, calls):
            state = TurnState.STOPPED if stopped else TurnState.DONE
            operations = [drain, _end_turn(claim, state, now, calls, usage)]
            until = items.kept_until(where, now)
            operations.append(Put(items.message_item(where.tenant_id, where.id, reply, expires_at=until)))
            if claim.message.failed:
                operations.append(_mark_message(claim, "REMOVE failed"))
        case Failed(failure, calls):
            state = TurnState.FAILED
            ended = _end_turn(claim, state, now, calls, usage, code=failure.code, text=failure.message)
            operations = [
                drain,
                ended,
                _mark_message(claim, "SET failed = :yes", yes=True),
            ]
    if announced:
        operations.append(Put(items.news_item(claim, after.ended_attempts, outcome, state, usage, now)))
    return operations


def _drain(claim: Claim, after: Conversation, now: int, outcome: Outcome, keep_until: int | None) -> Operation:
    number = claim.turn.number
    values: dict[str, Any] = {"number": number, "at": now, "owner": claim.lease.owner}
    values |= {"ended": after.ended_attempts, "used": items.day_usage_map(after.usage)}
    sets: list[str] = ["updated_at = :at", "ended_attempts = :ended", "used = :used"]
    expires_at = items.summary_kept_until(after, now)
    if expires_at is not None:
        sets.append("expires_at = :expires")
        values["expires"] = expires_at
    removes: list[str] = []
    if keep_until is None:
        removes += _LEASE
    else:
        sets.append("lease_until = :keep")
        values["keep"] = keep_until
    if claim.is_retry:
        removes.append("retries[0]")
        del values["number"]
    else:
        sets.append("drained = :number")
    if isinstance(outcome, Replied):
        sets += ["last_message_at = :at", "settled = :settled", "message_count = message_count + :one"]
        sets.append("tokens_used = if_not_exists(tokens_used, :none) + :tokens")
        values |= {"settled": max(claim.conversation.settled, claim.turn.reply_number), "one": 1}
        values |= {"none": 0, "tokens": tokens_used(outcome.reply)}
        if claim.conversation.failed_turn == number:
            sets.append("failed_turn = :zero")
            values["zero"] = 0
    else:
        sets.append("failed_turn = :failed")
        values["failed"] = max(claim.conversation.failed_turn, number)
    return Update(
        keys.conversation(claim.conversation.tenant_id, claim.conversation.id),
        f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""),
        when="lease_owner = :owner AND attribute_not_exists(deleted_at)",
        values=values,
    )


def tokens_used(reply: Message) -> int:
    """What its model counted, where it did."""
    used = reply.metadata.get("tokens_used", 0)
    return used if isinstance(used, int) else 0


def _end_turn(
    claim: Claim,
    state: TurnState,
    now: int,
    calls: Sequence[Mapping[str, Any]],
    usage: Usage,
    *,
    code: str | None = None,
    text: str | None = None,
) -> Operation:
    values: dict[str, object] = {"state": state.value, "at": now, "attempt": claim.turn.attempt}
    sets = "SET #state = :state, ended_at = :at, used = :used"
    values["used"] = items.usage_map(usage)
    if calls or claim.turn.calls:
        sets += ", calls = :calls"
        values["calls"] = items.calls_text(calls)
    if code:
        sets += ", failure_code = :code, failure_message = :text"
        values |= {"code": code, "text": text}
    key = keys.turn(claim.conversation.tenant_id, claim.conversation.id, claim.turn.number)
    return Update(key, sets, when="attempt = :attempt", values=values)


def _mark_message(claim: Claim, expression: str, **values: object) -> Operation:
    key = keys.message(claim.conversation.tenant_id, claim.conversation.id, claim.turn.number)
    return Update(key, expression, when="attribute_exists(pk)", values=values)
