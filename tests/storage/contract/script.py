"""Short words for what the contract tests do to the stores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from parlance.conversations.model import Claim, Conversation, Failure, Listener, Message, Turn
from parlance.conversations.port import (
    BeginView,
    Begun,
    ConversationStore,
    Failed,
    LeaseTerms,
    NewTurn,
    Outcome,
    Replied,
    RequestKey,
    TurnStore,
    Work,
)
from tests.fakes.clock import START, CountingIds

NOW = START
LEASE = 30_000
DAY = 24 * 3600 * 1000
FAILURE = Failure("AGENT_ERROR", "The agent could not answer.")


@dataclass(frozen=True, slots=True)
class Stores:
    """The two stores under test; `remains` tells where anything stored still names a conversation's id."""

    conversations: ConversationStore
    turns: TurnStore
    remains: Callable[[str], list[str]]


def token() -> str:
    return uuid4().hex


def key(name: str = "key", body: str = "body", *, expires_at: int = NOW + DAY) -> RequestKey:
    return RequestKey(key_hash=name, body_hash=body, expires_at=expires_at)


def terms(now: int = NOW, *, lasts: int = LEASE) -> LeaseTerms:
    return LeaseTerms(owner=token(), until=now + lasts, now=now)


def listener(after_index: int = -1, *, attempt: int | None = None, nonce: str = "nonce") -> Listener:
    return Listener(after_index=after_index, attempt=attempt, nonce=nonce)


class Script:
    """Acts for one tenant. Whatever is looked up must be there."""

    def __init__(self, stores: Stores, tenant_id: str) -> None:
        self._stores = stores
        self.conversations = stores.conversations
        self.turns = stores.turns
        self.remains = stores.remains
        self.tenant_id = tenant_id
        self.ids = CountingIds()

    def of_another_tenant(self) -> "Script":
        return Script(self._stores, f"{self.tenant_id}-other")

    def blank(
        self,
        *,
        user_id: str = "ann",
        conversation_id: str | None = None,
        now: int = NOW,
        metadata: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """A conversation as its creator makes it, not stored."""
        return Conversation(
            tenant_id=self.tenant_id,
            id=conversation_id or f"chat_{uuid4().hex}",
            user_id=user_id,
            agent_id="agent_1",
            title="A chat",
            created_at=now,
            updated_at=now,
            metadata=metadata or {},
        )

    def create(self, *, user_id: str = "ann", now: int = NOW, request: RequestKey | None = None) -> Conversation:
        return self.conversations.create(self.blank(user_id=user_id, now=now), key=request, token=token())

    def new_turn(
        self,
        conversation_id: str,
        content: str = "hello",
        *,
        now: int = NOW,
        request: RequestKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        listeners: Mapping[str, Listener] | None = None,
        creates: Conversation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> NewTurn:
        return NewTurn(
            tenant_id=self.tenant_id,
            conversation_id=conversation_id,
            content=content,
            now=now,
            turn_random=self.ids.random(),
            message_random=self.ids.random(),
            reply_random=self.ids.random(),
            metadata=metadata or {},
            key=request,
            listeners=listeners or {},
            creates=creates,
            context=context or {},
        )

    def view(self, new: NewTurn) -> BeginView:
        return self.turns.begin_view(
            new.tenant_id,
            new.conversation_id,
            key_hash=new.key.key_hash if new.key else None,
            user_id=new.creates.user_id if new.creates else None,
            now=new.now,
        )

    def begin(self, new: NewTurn, lease: LeaseTerms | None = None) -> Begun:
        return self.turns.begin(new, self.view(new), terms=lease, token=token())

    def send(self, conversation_id: str, content: str = "hello", *, now: int = NOW) -> Begun:
        return self.begin(self.new_turn(conversation_id, content, now=now))

    def work(self, conversation_id: str, hint: int | None = None) -> Work:
        return self.turns.work(self.tenant_id, conversation_id, hint=hint)

    def claim(self, conversation_id: str, *, now: int = NOW) -> Claim:
        return self.turns.claim(self.work(conversation_id), terms(now), token=token())

    def finish(self, claim: Claim, outcome: Outcome, *, now: int = NOW) -> None:
        self.turns.finish(claim, outcome, now=now, token=token())

    def answer(self, conversation_id: str, *, now: int = NOW, stopped: bool = False) -> Claim:
        """Run the turn at the head of the line to its reply."""
        claim = self.claim(conversation_id, now=now)
        self.finish(claim, replied(claim, now=now, stopped=stopped), now=now)
        return claim

    def fail(self, conversation_id: str, *, now: int = NOW) -> Claim:
        """Run the turn at the head of the line into a failure."""
        claim = self.claim(conversation_id, now=now)
        self.finish(claim, Failed(FAILURE), now=now)
        return claim

    def retry(self, conversation_id: str, number: int) -> None:
        self.turns.retry(self.tenant_id, conversation_id, self.turn(conversation_id, number), token=token())

    def delete(self, conversation_id: str, *, now: int = NOW) -> Conversation | None:
        return self.conversations.mark_deleted(self.tenant_id, conversation_id, now=now, token=token())

    def conversation(self, conversation_id: str) -> Conversation:
        found = self.conversations.get(self.tenant_id, conversation_id)
        assert found is not None
        return found

    def turn(self, conversation_id: str, number: int) -> Turn:
        found = self.turns.turn(self.tenant_id, conversation_id, number)
        assert found is not None
        return found

    def message(self, conversation_id: str, number: int) -> Message:
        found = self.turns.message(self.tenant_id, conversation_id, number)
        assert found is not None
        return found

    def transcript(self, conversation_id: str) -> list[Message]:
        return self.conversations.messages(self.tenant_id, conversation_id, first=1, last=10**6, order="asc")


def replied(claim: Claim, content: str | None = None, *, now: int = NOW, stopped: bool = False) -> Replied:
    reply = Message(
        id=claim.turn.reply_id,
        number=claim.turn.reply_number,
        role="assistant",
        content=f"re: {claim.message.content}" if content is None else content,
        created_at=now,
        turn_id=claim.turn.id,
        metadata={"model": "scripted"},
    )
    return Replied(reply, stopped)
