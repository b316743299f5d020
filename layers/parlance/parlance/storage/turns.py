"""Turns in DynamoDB: begun, claimed, kept alive and finished.

What may fail is said by conditions, so that two workers never need to agree on anything but the item they write:
the conversation's counters order the turns, its lease says who runs them, a turn's attempt says whose tokens count.
"""

from dataclasses import replace

from parlance.clock import Clock, SystemClock
from parlance.conversations.model import (
    Claim,
    Conversation,
    Lease,
    Listener,
    Message,
    News,
    TokenBatch,
    Turn,
    TurnState,
    Usage,
)
from parlance.conversations.port import (
    BeginView,
    Begun,
    KeyUsedError,
    LeaseLostError,
    LeaseTerms,
    NewTurn,
    Outcome,
    StaleError,
    Work,
)
from parlance.storage import items, keys
from parlance.storage.creation import next_chat_number
from parlance.storage.retention import days_in
from parlance.storage.table import (
    ConditionFailedError,
    Delete,
    Item,
    Key,
    Put,
    Table,
    TransactionCancelledError,
    Update,
)
from parlance.storage.turn_operations import (
    NOT_DELETED,
    advanced,
    begin_operations,
    claim_operations,
    finish_operations,
    new_turn,
    renewal_operations,
)

_LIVE = "#state IN (:received, :generating)"
_LIVE_VALUES = {"received": TurnState.RECEIVED.value, "generating": TurnState.GENERATING.value}
_RETRIES_MAX = 20


class DynamoTurnStore:
    """`parlance.conversations.port.TurnStore` over the Conversations table."""

    def __init__(self, table: Table, clock: Clock | None = None) -> None:
        self._table = table
        self._clock = clock or SystemClock()

    def begin_view(
        self, tenant_id: str, conversation_id: str, *, key_hash: str | None, user_id: str | None = None, now: int
    ) -> BeginView:
        conversation = keys.conversation(tenant_id, conversation_id)
        used = keys.idempotency(tenant_id, conversation_id, key_hash) if key_hash else None
        user = keys.user(tenant_id, user_id) if user_id is not None else None
        retention = keys.retention(tenant_id) if user_id is not None else None
        found = self._table.batch_get([key for key in (conversation, used, user, retention) if key])
        user_item = found.get(user) if user else None
        return BeginView(
            conversation=_live_conversation(found.get(conversation)),
            used_key=items.used_key_from(found.get(used), now) if used else None,
            user=items.user_from(user_item) if user_item else None,
            retention_days=days_in(found.get(retention)) if retention else None,
        )

    def begin(self, new: NewTurn, view: BeginView, *, terms: LeaseTerms | None, token: str) -> Begun:
        before = view.conversation
        if before is None:
            if new.creates is None:
                raise StaleError(None)
            before = replace(
                new.creates, user_chat_number=next_chat_number(view.user), retention_days=view.retention_days
            )
        turn, message = new_turn(new, before, claimed=terms is not None)
        after = advanced(before, turn, new, terms)
        operations = begin_operations(new, view, after, turn, message, terms)
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError as error:
            raise _why_not_begun(error, new) from error
        claim = Claim(after.lease, after, turn, message) if after.lease and terms else None
        return Begun(turn, message, claim)

    def turn(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None:
        item = self._table.get(keys.turn(tenant_id, conversation_id, number))
        return items.turn_from(item) if item else None

    def message(self, tenant_id: str, conversation_id: str, number: int) -> Message | None:
        item = self._table.get(keys.message(tenant_id, conversation_id, number))
        return items.message_from(item) if item else None

    def history(self, tenant_id: str, conversation_id: str, *, below: int, limit: int) -> list[Message]:
        found: list[Message] = []
        highest: int | None = below - 1
        while highest is not None and len(found) < limit:
            page = self._table.query(
                keys.conversation_pk(tenant_id, conversation_id),
                first=keys.message_sk(0),
                last=keys.message_sk(max(highest, 0)),
                limit=limit - len(found),
                forward=False,
            )
            now = self._clock.now()
            found += [items.message_from(item) for item in page.items if not items.is_expired(item, now)]
            # A page ends at 1 MB, which a few long replies fill.
            highest = keys.number_in(page.last) - 1 if page.last is not None else None
        return [message for message in reversed(found) if not message.failed]

    def work(self, tenant_id: str, conversation_id: str, *, hint: int | None) -> Work:
        summary = keys.conversation(tenant_id, conversation_id)
        turn = keys.turn(tenant_id, conversation_id, hint or 0)
        message = keys.message(tenant_id, conversation_id, hint or 0)
        found = self._table.batch_get([summary, turn, message] if hint else [summary])
        conversation = _live_conversation(found.get(summary))
        if conversation is None or not conversation.has_work:
            return Work(conversation, None, None)
        return _hinted(conversation, found.get(turn), found.get(message)) or self._head(conversation)

    def pending(self, conversation: Conversation, *, limit: int) -> list[Turn]:
        page = self._table.query(
            keys.conversation_pk(conversation.tenant_id, conversation.id),
            first=keys.turn_sk(conversation.drained + 1),
            last=keys.turn_sk(keys.HIGHEST_NUMBER),
            limit=limit,
        )
        turns = [items.turn_from(item) for item in page.items]
        retried = [keys.turn(conversation.tenant_id, conversation.id, number) for number in conversation.retries]
        found = self._table.batch_get(retried)
        turns += [items.turn_from(found[key]) for key in retried if key in found]
        return [turn for turn in turns if not turn.state.ended][:limit]

    def claim(self, work: Work, terms: LeaseTerms, *, token: str) -> Claim:
        conversation, turn, message = work.conversation, work.turn, work.message
        if conversation is None or turn is None or message is None:
            raise ValueError("a claim needs a turn to run")
        lease = Lease(terms.owner, terms.until, turn.number)
        try:
            self._table.transact(claim_operations(conversation, turn, lease, terms.now), token=token)
        except TransactionCancelledError as error:
            # Where only the turn has moved, the conversation stands as it was read.
            current = _live_conversation(error.reasons[0].item) if error.failed_condition(0) else conversation
            raise StaleError(current) from error
        started = replace(turn, state=TurnState.GENERATING, attempt=turn.attempt + 1)
        return Claim(lease, replace(conversation, lease=lease), started, message)

    def renew(self, claim: Claim, *, until: int, token: str) -> bool:
        try:
            self._table.transact(renewal_operations(claim, until), token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0) or not _running(claim, error.reasons[1].item).stop_requested:
                raise LeaseLostError from error
            return False
        return True

    def look(self, claim: Claim) -> Turn:
        where = claim.conversation
        return _running(claim, self._table.get(keys.turn(where.tenant_id, where.id, claim.turn.number)))

    def put_tokens(self, claim: Claim, batch: TokenBatch, *, expires_at: int) -> None:
        last = batch.first_index + len(batch.tokens) - 1
        self._table.put(
            Put(
                {
                    "pk": _summary(claim).pk,
                    "sk": keys.tokens_sk(claim.turn.number, claim.turn.attempt, last),
                    "v": keys.SCHEMA_VERSION,
                    "first_index": batch.first_index,
                    "tokens": list(batch.tokens),
                    "expires_at": items.ttl_seconds(expires_at),
                }
            )
        )

    def tokens(self, tenant_id: str, conversation_id: str, turn: Turn, *, after_index: int) -> list[TokenBatch]:
        stored = self._table.query_all(
            keys.conversation_pk(tenant_id, conversation_id),
            first=keys.tokens_sk(turn.number, turn.attempt, max(after_index + 1, 0)),
            last=keys.tokens_sk(turn.number, turn.attempt, keys.HIGHEST_NUMBER),
        )
        return [TokenBatch(item["first_index"], tuple(item["tokens"])) for item in stored]

    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        *,
        now: int,
        token: str,
        keep_until: int | None = None,
        usage: Usage | None = None,
        announced: bool = False,
    ) -> None:
        used = usage or Usage(attempt=claim.turn.attempt)
        operations = finish_operations(claim, outcome, now, keep_until, used, announced=announced)
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError as error:
            raise LeaseLostError from error

    def news(self, tenant_id: str, conversation_id: str) -> list[News]:
        stored = self._table.query_all(
            keys.conversation_pk(tenant_id, conversation_id),
            first=keys.news_sk(0),
            last=keys.news_sk(keys.HIGHEST_NUMBER),
        )
        return [items.news_from(item) for item in stored]

    def forget_news(self, tenant_id: str, conversation_id: str, sequence: int) -> None:
        self._table.delete(Delete(keys.news(tenant_id, conversation_id, sequence)))

    def request_stop(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None:
        return self._update_live(
            Update(
                keys.turn(tenant_id, conversation_id, number),
                "SET stop_requested = :yes",
                when=_LIVE,
                values={"yes": True, **_LIVE_VALUES},
            )
        )

    def listen(
        self, tenant_id: str, conversation_id: str, number: int, *, connection_id: str, listener: Listener
    ) -> Turn | None:
        return self._update_live(
            Update(
                keys.turn(tenant_id, conversation_id, number),
                "SET listeners.#connection = :listener",
                when=_LIVE,
                values={"listener": items.listener_map(listener), **_LIVE_VALUES},
                names={"#connection": connection_id},
            )
        )

    def retry(self, tenant_id: str, conversation_id: str, turn: Turn, *, token: str) -> None:
        line = Update(
            keys.conversation(tenant_id, conversation_id),
            "SET retries = list_append(retries, :turns)",
            when=f"{NOT_DELETED} AND NOT contains(retries, :turn) AND size(retries) < :most",
            values={"turns": [turn.number], "turn": turn.number, "most": _RETRIES_MAX},
        )
        revived = Update(
            keys.turn(tenant_id, conversation_id, turn.number),
            "SET #state = :received, stop_requested = :no, tried = attempt "
            "REMOVE failure_code, failure_message, ended_at",
            when="#state = :failed",
            values={"received": TurnState.RECEIVED.value, "failed": TurnState.FAILED.value, "no": False},
        )
        try:
            self._table.transact([line, revived], token=token)
        except TransactionCancelledError as error:
            summary = self._table.get(keys.conversation(tenant_id, conversation_id))
            raise StaleError(_live_conversation(summary)) from error

    def _head(self, conversation: Conversation) -> Work:
        turns = self.pending(conversation, limit=1)
        if not turns:
            return Work(conversation, None, None)
        return Work(conversation, turns[0], self.message(conversation.tenant_id, conversation.id, turns[0].number))

    def _update_live(self, update: Update) -> Turn | None:
        """Change a turn that has not ended; an ended one is returned as it is."""
        try:
            return items.turn_from(self._table.update(update))
        except ConditionFailedError as error:
            return items.turn_from(error.item) if error.item else None


def _running(claim: Claim, item: Item | None) -> Turn:
    """The turn, if it is still the claim's to run."""
    turn = items.turn_from(item) if item else None
    if turn is None or turn.attempt != claim.turn.attempt or turn.state is not TurnState.GENERATING:
        raise LeaseLostError
    return turn


def _live_conversation(item: Item | None) -> Conversation | None:
    return None if item is None or "deleted_at" in item else items.conversation_from(item)


def _hinted(conversation: Conversation, turn_item: Item | None, message_item: Item | None) -> Work | None:
    """The hinted turn, if it stands at the head of the line."""
    if turn_item is None or message_item is None:
        return None
    turn = items.turn_from(turn_item)
    if not turn.previous <= conversation.drained < turn.number:
        return None
    return Work(conversation, turn, items.message_from(message_item))


def _summary(claim: Claim) -> Key:
    return keys.conversation(claim.conversation.tenant_id, claim.conversation.id)


def _why_not_begun(error: TransactionCancelledError, new: NewTurn) -> Exception:
    """The first operation is the conversation; the key, where there is one, is the last."""
    if new.key and error.failed_condition(len(error.reasons) - 1):
        used = items.used_key_from(error.reasons[-1].item, new.now)
        if used:
            return KeyUsedError(used)
    current = error.reasons[0].item
    return StaleError(_live_conversation(current))
