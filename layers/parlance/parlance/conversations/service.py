"""Conversations as their owners see them: created, read, listed, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from parlance.clock import Clock
from parlance.conversations.collaborators import Sweeps
from parlance.conversations.engine import request_key
from parlance.conversations.model import Conversation, Message
from parlance.conversations.port import ConversationStore, KeyUsedError, RequestKey, StaleError, TurnStore, UserChats
from parlance.conversations.retrying import persist
from parlance.conversations.timing import Timing
from parlance.errors import ConflictError, NotFoundError, UnavailableError
from parlance.ids import IdSource
from parlance.pauses import Pauses
from parlance.storage.table import ContendedError, UnansweredError

type Order = Literal["asc", "desc"]

_SWEEP_DELAY = 1


@dataclass(frozen=True, slots=True)
class NewConversation:
    """What a creation asks for. `title` is what to call it when its user gave none as well."""

    tenant_id: str
    user_id: str
    agent_id: str
    title: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages. `offset` counted numbers, so a page may hold fewer than asked for before the end."""

    messages: Sequence[Message]
    total: int
    has_more: bool


class Conversations:
    """The calls on conversations that are not turns."""

    def __init__(
        self,
        store: ConversationStore,
        turns: TurnStore,
        sweeps: Sweeps,
        *,
        clock: Clock,
        ids: IdSource,
        timing: Timing | None = None,
    ) -> None:
        self._store = store
        self._turns = turns
        self._sweeps = sweeps
        self._clock = clock
        self._ids = ids
        self._timing = timing or Timing()

    def create(
        self, new: NewConversation, *, idempotency_key: str | None, body: Mapping[str, Any] | None = None
    ) -> Conversation:
        """A new conversation, or the one that the same key created. `body` is what the key stands for.

        Raises ConflictError for a key that came with another body, UnavailableError.
        """
        now = self._clock.now()
        key = None
        if idempotency_key:
            key = request_key(idempotency_key, body or {}, now=now, kept_seconds=self._timing.key_kept)
        conversation = Conversation(
            tenant_id=new.tenant_id,
            id=f"chat_{self._ids.random()}",
            user_id=new.user_id,
            agent_id=new.agent_id,
            title=new.title,
            created_at=now,
            updated_at=now,
            metadata=new.metadata,
        )
        until = self._clock.monotonic() + self._timing.begin_limit
        pauses = Pauses(self._clock)
        while self._clock.monotonic() < until:
            try:
                return persist(
                    partial(self._store.create, conversation, key=key, token=self._ids.random()),
                    clock=self._clock,
                    give_up=lambda: self._clock.monotonic() >= until,
                )
            except KeyUsedError as error:
                return self._created_before(new.tenant_id, key, error)
            except (ContendedError, UnansweredError):
                break
            except StaleError:
                pauses.pause()
        raise UnavailableError("Too many chats are being created for this user. Try again.")

    def get(self, tenant_id: str, conversation_id: str) -> Conversation:
        """Raises NotFoundError("chat")."""
        conversation = self._store.get(tenant_id, conversation_id)
        if conversation is None:
            raise NotFoundError("chat")
        return conversation

    def user_chats(self, tenant_id: str, user_id: str, *, offset: int, limit: int, order: Order) -> UserChats:
        """Raises NotFoundError("user") for a user without chats."""
        page = self._store.user_chats(tenant_id, user_id, offset=offset, limit=limit, order=order)
        if page.total == 0:
            raise NotFoundError("user", "This user has no chats")
        return page

    def messages(self, tenant_id: str, conversation_id: str, *, offset: int, limit: int, order: Order) -> MessagePage:
        """The messages at an offset, which is a range of numbers: a deep page costs what the first one costs."""
        conversation = self.get(tenant_id, conversation_id)
        newest = conversation.newest_message
        if order == "asc":
            first, last = offset + 1, min(offset + limit, newest)
        else:
            first, last = max(newest - offset - limit + 1, 1), newest - offset
        has_more = offset + limit < newest
        if first > last:
            return MessagePage([], conversation.message_count, has_more)
        messages = self._store.messages(tenant_id, conversation_id, first=first, last=last, order=order)
        return MessagePage(messages, conversation.message_count, has_more)

    def delete(self, tenant_id: str, conversation_id: str) -> None:
        """Gone for everybody at once; a sweep removes what is stored. Raises NotFoundError("chat")."""
        # Asked for first: a mark without a sweep would keep the messages for ever.
        self.get(tenant_id, conversation_id)
        if not self.discard(tenant_id, conversation_id):
            raise NotFoundError("chat")

    def discard(self, tenant_id: str, conversation_id: str) -> bool:
        """Delete a conversation, also one whose time is over and which nobody sees any more. False if there is none."""
        self._sweeps.sweep(tenant_id, conversation_id, delay_seconds=_SWEEP_DELAY)
        now, token = self._clock.now(), self._ids.random()
        until = self._clock.monotonic() + self._timing.begin_limit
        try:
            conversation = persist(
                lambda: self._store.mark_deleted(tenant_id, conversation_id, now=now, token=token),
                clock=self._clock,
                give_up=lambda: self._clock.monotonic() >= until,
            )
        except (ContendedError, UnansweredError) as error:
            raise UnavailableError("The chat is busy. Delete it again.") from error
        if conversation is None:
            return False
        if conversation.lease is not None:
            self._turns.request_stop(tenant_id, conversation_id, conversation.lease.turn)
        return True

    def _created_before(self, tenant_id: str, key: RequestKey | None, error: KeyUsedError) -> Conversation:
        if key is None or error.used.body_hash != key.body_hash:
            raise ConflictError("This idempotency key was used for another chat.") from error
        return self.get(tenant_id, error.used.result)
