"""Conversations and their messages over HTTP, but for the calls that a model answers."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from parlance.clock import Clock
from parlance.conversations.service import Conversations
from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.contacts import ContactCalls
from parlance.platform.contents import ContentStore, Place
from parlance.platform.conversations import MessageDocuments
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.event_log import Events, ids_of
from parlance.platform.fields import Meta, Sent
from parlance.platform.library import Library
from parlance.platform.messages import Entity, MessageType
from parlance.platform.paths import ROOT
from parlance.platform.ratings import Ratings
from parlance.platform.routes import done
from parlance.platform.sessions import Sessions
from parlance.platform.uploads import accepted, upload_of

_CONVERSATION = f"{ROOT}/conversation/<reference>"
_MESSAGE = f"{ROOT}/conversation/<parent>/message/<reference>"

ATTACHMENTS_KEPT_MS = 30 * 24 * 3600 * 1000
"""As long as the bucket keeps what is in its folder of attachments."""

ATTACHMENT_SIZE_MAX = 25_000_000
"""Bytes: end users bring them."""


class NewMessageBody(Sent):
    type: MessageType
    text: str
    name: str | None = None
    description: str | None = None
    meta: Meta | None = None
    entities: list[Entity] | None = None


class SessionBody(Sent):
    durationInSeconds: Annotated[float, Field(ge=0)] | None = None  # noqa: N815 - the wire's name


class ConversationCalls:
    """What conversations have besides the usual life cycle. Deleting is the core's, which sweeps behind it."""

    def __init__(
        self,
        library: Library,
        conversations: Conversations,
        messages: MessageDocuments,
        sessions: Sessions,
        contents: ContentStore,
        events: Events,
        clock: Clock,
    ) -> None:
        self._engine = library.engine("conversation")
        self._message_engine = library.engine("message")
        self._contacts = ContactCalls(library)
        self._ratings = Ratings(library)
        self._conversations = conversations
        self._messages = messages
        self._sessions = sessions
        self._attachments = library.engine("attachment")
        self._contents = contents
        self._events = events
        self._clock = clock

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_CONVERSATION}/delete", self.delete),
            Route("POST", f"{_CONVERSATION}/upvote", self.upvote),
            Route("POST", f"{_CONVERSATION}/downvote", self.downvote),
            Route("POST", f"{_CONVERSATION}/session/create", self.open_session),
            Route("POST", f"{_CONVERSATION}/contact/upsert", self.upsert_contact),
            Route("GET", f"{_CONVERSATION}/usage/fetch", self.usage),
            Route("POST", f"{_CONVERSATION}/attachment/upload", self.upload),
            # Where one of the clients sends it.
            Route("POST", f"{ROOT}/Attachment/<reference>/upload", self.upload),
            Route("POST", f"{ROOT}/conversation/<parent>/message/create", self.create_message),
            Route("POST", f"{_MESSAGE}/upvote", self.upvote_message),
            Route("POST", f"{_MESSAGE}/downvote", self.downvote_message),
            Route("POST", f"{_MESSAGE}/synthesize", self.synthesize),
        ]

    def delete(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        found = self._engine.fetch(caller.tenant_id, reference)
        try:
            self._conversations.delete(caller.tenant_id, found.id)
        except NotFoundError as error:
            raise NotFoundError("conversation", "Not found") from error
        self._events.record(caller.tenant_id, "conversation.delete", ids_of(self._engine.resource, found))
        return done(found)

    def upvote(self, request: Request, caller: Caller, reference: str) -> Answer:
        return self._vote(request, caller, reference, 1)

    def downvote(self, request: Request, caller: Caller, reference: str) -> Answer:
        return self._vote(request, caller, reference, -1)

    def open_session(self, request: Request, caller: Caller, reference: str) -> Answer:
        asked = read(SessionBody, body_of(request))
        found = self._engine.fetch(caller.tenant_id, reference)
        subject = str(found.values.get("contactId") or found.id)
        session = self._sessions.open(caller.tenant_id, found.id, subject=subject, seconds=asked.durationInSeconds)
        return Answer(200, {"id": found.id, "token": session.token, "expiresAt": session.expires_at})

    def upsert_contact(self, request: Request, caller: Caller, reference: str) -> Answer:
        """The contact that this conversation is with, known by the fingerprint or made anew."""
        body = body_of(request)
        found = self._engine.fetch(caller.tenant_id, reference)
        contact = self._contacts.upserted(caller.tenant_id, body, found.values.get("contactId"))

        def linked(values: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**values, "contactId": contact.id}

        if found.values.get("contactId") != contact.id:
            self._engine.change(caller.tenant_id, found.id, linked)
        return done(contact)

    def usage(self, _: Request, caller: Caller, reference: str) -> Answer:
        found = self._engine.fetch(caller.tenant_id, reference)
        return Answer(
            200, {"tokens": found.values.get("tokenCount", 0), "messages": found.values.get("messageCount", 0)}
        )

    def upload(self, request: Request, caller: Caller, reference: str) -> Answer:
        """A new attachment. It is kept for a while, and no longer than its conversation."""
        upload = upload_of(body_of(request), size_max=ATTACHMENT_SIZE_MAX)
        found = self._engine.fetch(caller.tenant_id, reference)
        described = {"name": upload.name, "type": upload.content_type, "size": upload.size}
        kept = {name: value for name, value in described.items() if value != ""}
        expires_at = self._clock.now() + ATTACHMENTS_KEPT_MS
        attachment = self._attachments.put(caller.tenant_id, {**kept, "expiresAt": expires_at}, parent=found.id)
        place = Place(caller.tenant_id, attachment.id, found.id)
        return Answer(200, {"name": upload.name, **accepted(self._contents, place, upload)})

    def create_message(self, request: Request, caller: Caller, parent: str) -> Answer:
        sent = read(NewMessageBody, body_of(request))
        found = self._engine.fetch(caller.tenant_id, parent)
        values = {name: value for name, value in sent.model_dump(exclude_none=True).items() if value}
        message = self._messages.append(caller.tenant_id, found.id, values)
        return Answer(200, {"id": message.id, "entities": values.get("entities", [])})

    def upvote_message(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        return self._vote_message(request, caller, parent, reference, 1)

    def downvote_message(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        return self._vote_message(request, caller, parent, reference, -1)

    def synthesize(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        body_of(request)
        found = self._engine.fetch(caller.tenant_id, parent)
        self._message_engine.fetch(caller.tenant_id, reference, parent=found.id)
        raise NotImplementedHereError("Messages are not spoken.")

    def _vote(self, request: Request, caller: Caller, reference: str, direction: int) -> Answer:
        found = self._engine.fetch(caller.tenant_id, reference)
        about = {"conversationId": found.id, **_who(found.values)}
        self._ratings.vote(caller.tenant_id, direction, body_of(request), about)
        return done(found)

    def _vote_message(self, request: Request, caller: Caller, parent: str, reference: str, direction: int) -> Answer:
        found = self._engine.fetch(caller.tenant_id, parent)
        message = self._message_engine.fetch(caller.tenant_id, reference, parent=found.id)
        about = {"conversationId": found.id, "messageId": message.id, **_who(found.values)}
        self._ratings.vote(caller.tenant_id, direction, body_of(request), about)
        return done(message)


def _who(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("contactId", "botId") if name in values}
