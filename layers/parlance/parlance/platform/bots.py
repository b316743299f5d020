"""What can be done with a bot besides its life cycle."""

from typing import Annotated, Any, Literal

from pydantic import Field

from parlance.errors import InvalidInputError, UnauthenticatedError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.contacts import ContactCalls
from parlance.platform.documents import Document
from parlance.platform.fields import Meta, Sent
from parlance.platform.library import Library
from parlance.platform.memories import Memories
from parlance.platform.messages import FIRST_MESSAGES_MAX
from parlance.platform.paths import ROOT
from parlance.platform.ratings import Ratings
from parlance.platform.routes import done
from parlance.platform.sessions import Sessions
from parlance.platform.usage import BotUsage

_BOT = f"{ROOT}/bot/<reference>"


class UserMessage(Sent):
    """A message that an end user begins with: nobody else may be spoken for."""

    type: Literal["user"]
    text: str


class SessionBody(Sent):
    durationInSeconds: Annotated[float, Field(ge=0)] | None = None  # noqa: N815 - the wire's name
    contact: str | dict[str, Any] | None = None
    messages: Annotated[list[UserMessage], Field(max_length=FIRST_MESSAGES_MAX)] | None = None
    meta: Meta | None = None


class BotCalls:
    """Copies, votes and memories of bots."""

    def __init__(self, library: Library, sessions: Sessions) -> None:
        self._sessions = sessions
        self._usage = BotUsage(library)
        self._conversations = library.engine("conversation")
        self._bots = library.engine("bot")
        self._ratings = Ratings(library)
        self._contacts = ContactCalls(library)
        self._memories = Memories(library)

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_BOT}/clone", self.clone),
            Route("POST", f"{_BOT}/upvote", self.upvote),
            Route("POST", f"{_BOT}/downvote", self.downvote),
            Route("POST", f"{_BOT}/memory/search", self.search_memories),
            Route("POST", f"{_BOT}/session/create", self.open_session),
            Route("GET", f"{_BOT}/usage/fetch", self._usage.fetch),
        ]

    def clone(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        bot = self._bots.fetch(caller.tenant_id, reference)
        # An alias names one bot, so a copy has none.
        values = {name: value for name, value in bot.values.items() if name != "alias"}
        return done(self._bots.put(caller.tenant_id, values))

    def upvote(self, request: Request, caller: Caller, reference: str) -> Answer:
        return self._vote(request, caller, reference, 1)

    def downvote(self, request: Request, caller: Caller, reference: str) -> Answer:
        return self._vote(request, caller, reference, -1)

    def open_session(self, request: Request, caller: Caller, reference: str) -> Answer:
        """A new conversation with the bot, and the session of whoever may talk in it."""
        asked = read(SessionBody, body_of(request))
        bot = self._bots.fetch(caller.tenant_id, reference)
        if caller.is_stranger:
            _check_stranger(bot, asked)
        contact = self._contact(caller.tenant_id, asked.contact)
        messages = [message.model_dump(exclude_none=True) for message in asked.messages or []]
        values = {"botId": bot.id, "contactId": contact, "messages": messages, "meta": asked.meta}
        body = {name: value for name, value in values.items() if value}
        conversation = self._conversations.create(caller.tenant_id, body)
        session = self._sessions.open(
            caller.tenant_id, conversation.id, subject=contact or conversation.id, seconds=asked.durationInSeconds
        )
        return Answer(
            200,
            {
                "id": bot.id,
                "conversationId": conversation.id,
                "token": session.token,
                "expiresAt": session.expires_at,
                "messages": messages,
            },
        )

    def search_memories(self, request: Request, caller: Caller, reference: str) -> Answer:
        bot = self._bots.fetch(caller.tenant_id, reference)
        return self._memories.found(caller.tenant_id, body_of(request), {"botId": bot.id})

    def _contact(self, tenant_id: str, sent: str | dict[str, Any] | None) -> str | None:
        if isinstance(sent, dict):
            return self._contacts.ensured(tenant_id, sent).id
        return sent

    def _vote(self, request: Request, caller: Caller, reference: str, direction: int) -> Answer:
        bot = self._bots.fetch(caller.tenant_id, reference)
        self._ratings.vote(caller.tenant_id, direction, body_of(request), {"botId": bot.id})
        return done(bot)


def _check_stranger(bot: Document, asked: SessionBody) -> None:
    """Raises UnauthenticatedError for a bot that is not public (any more), InvalidInputError for somebody's contact."""
    if bot.values.get("visibility") != "public":
        raise UnauthenticatedError("Not authenticated")
    if asked.contact is not None:
        raise InvalidInputError("contact: cannot be named without a key")
