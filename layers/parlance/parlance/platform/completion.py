"""The calls that a model answers: whole, or as a stream of lines while the answer is made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from parlance.agents.context import TurnContext
from parlance.agents.definitions import AgentReader
from parlance.agents.models.base import ChatMessage
from parlance.clock import Clock
from parlance.conversations.caller import Caller as TurnCaller
from parlance.conversations.caller import RunningTurn
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import UNTOLD, Conversation, Message
from parlance.conversations.port import ConversationStore
from parlance.errors import InvalidInputError, NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import Stream
from parlance.ids import IdSource
from parlance.platform import functions as sent
from parlance.platform.answering import Event, reply_events, result_of, turn_events
from parlance.platform.attachments import Attachments
from parlance.platform.bodies import Form, body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.channels import Channels
from parlance.platform.client_functions import KEPT_MAX, check_size, context_of
from parlance.platform.contacts import ContactCalls
from parlance.platform.conversations import MessageDocuments, role_of
from parlance.platform.dispatching import Dispatching
from parlance.platform.inline import InlineAgents
from parlance.platform.library import Library
from parlance.platform.messages import SpokenMessage
from parlance.platform.paths import ROOTS
from parlance.platform.streaming import event_stream
from parlance.platform.unkept import Asked, Unkept


class CompletionCalls:
    """Completing a conversation, or messages that are not kept."""

    def __init__(
        self,
        library: Library,
        store: ConversationStore,
        messages: MessageDocuments,
        engine: TurnEngine,
        turns: TurnCaller,
        agents: AgentReader,
        unkept: Unkept,
        attachments: Attachments,
        channels: Channels,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._messages = messages
        self._turns = turns
        self._unkept = unkept
        self._attachments = attachments
        self._contacts = library.engine("contact")
        self._ensure = ContactCalls(library).ensured
        self._inline = InlineAgents(library, agents)
        self._dispatching = Dispatching(library, engine, self._inline, unkept, channels, ids)
        self._clock = clock

    def routes(self) -> list[Route[Caller, Answer | Stream]]:
        """Under every root: a streaming group is not entered by rewriting its events."""
        calls: dict[str, Callable[..., Answer | Stream]] = {
            "conversation/complete": self.stateless,
            "conversation/dispatch": self.dispatch_stateless,
            "conversation/<conversation_id>/complete": self.complete,
            "conversation/<conversation_id>/send": self.send,
            "conversation/<conversation_id>/receive": self.receive,
            "conversation/<conversation_id>/dispatch": self.dispatch,
        }
        return [Route("POST", f"{root}/{path}", answer) for root in ROOTS for path, answer in calls.items()]

    def stateless(self, request: Request, caller: Caller) -> Answer | Stream:
        asked = read(sent.Stateless, body_of(request))
        form = wanted_form(request)
        agent = self._inline.agent_for(caller.tenant_id, asked)
        self._unkept.check_model(agent)
        history, content = _told(asked.messages)
        context = self._attached(caller, asked, context_of(asked, is_session=caller.is_session))
        user_id = self._contact(caller.tenant_id, asked.contactId)
        events = reply_events(self._unkept.answer(Asked(agent, history, content, context, user_id)), agent)
        if form is Form.LINES:
            return event_stream(self._clock, events)
        return Answer(200, result_of(events))

    def complete(self, request: Request, caller: Caller, conversation_id: str) -> Answer | Stream:
        asked = read(sent.Complete, body_of(request))
        form = wanted_form(request)
        command = self._command(caller, conversation_id, asked, _kept_context(asked, caller))
        return self._run(request, command, form, ends=True)

    def receive(self, request: Request, caller: Caller, conversation_id: str) -> Answer | Stream:
        asked = read(sent.Receive, body_of(request))
        form = wanted_form(request)
        conversation = self._conversation(caller, conversation_id)
        command = self._of_newest(caller.tenant_id, conversation, _kept_context(asked, caller))
        return self._run(request, command, form, ends=False)

    def send(self, request: Request, caller: Caller, conversation_id: str) -> Answer | Stream:
        asked = read(sent.Send, body_of(request))
        form = wanted_form(request)
        conversation = self._conversation(caller, conversation_id)
        values = {"type": "user", "text": asked.text, "entities": _entities(asked)}
        message = self._messages.append(caller.tenant_id, conversation.id, values)
        result = {"id": message.id, "entities": _entities(asked), "text": asked.text, "usage": {"token": 0}}
        if form is Form.LINES:
            return event_stream(self._clock, iter([Event("result", result)]))
        return Answer(200, result)

    def dispatch(self, request: Request, caller: Caller, conversation_id: str) -> Answer:
        """A worker answers; whoever subscribes to the channel hears it."""
        asked = read(sent.Dispatch, body_of(request))
        channel = self._dispatching.channel(asked.channelId)
        context = _kept_context(asked, caller, heard_over=channel)
        self._dispatching.begin(self._command(caller, conversation_id, asked, context), channel)
        return Answer(200, {"channelId": channel})

    def dispatch_stateless(self, request: Request, caller: Caller) -> Answer:
        """A conversation that is kept for a day, because a worker has to read it."""
        asked = read(sent.DispatchStateless, body_of(request))
        channel = self._dispatching.channel(asked.channelId)
        context = self._attached(caller, asked, _kept_context(asked, caller, heard_over=channel))
        check_size(context, KEPT_MAX)
        if not _told(asked.messages)[1]:
            raise InvalidInputError("messages: the last one must be the user's")
        user_id = self._contact(caller.tenant_id, asked.contactId)
        conversation_id = self._dispatching.conversation(caller.tenant_id, asked, user_id)
        conversation = self._conversation(caller, conversation_id)
        self._dispatching.begin(self._of_newest(caller.tenant_id, conversation, context), channel)
        return Answer(200, {"channelId": channel, "conversationId": conversation_id})

    def _attached(self, caller: Caller, asked: sent.Stateless, context: TurnContext) -> TurnContext:
        read_texts = self._attachments.read(caller.tenant_id, asked.attachments or [])
        return replace(context, passages=(*context.passages, *read_texts))

    def _command(self, caller: Caller, conversation_id: str, asked: sent.Complete, context: TurnContext) -> BeginTurn:
        conversation = self._conversation(caller, conversation_id)
        if asked.text is None:
            return self._of_newest(caller.tenant_id, conversation, context)
        entities = _entities(asked)
        return BeginTurn(
            tenant_id=caller.tenant_id,
            conversation_id=conversation.id,
            content=asked.text,
            profile={"entities": entities} if entities else {},
            context=context,
        )

    def _of_newest(self, tenant_id: str, conversation: Conversation, context: TurnContext) -> BeginTurn:
        """The turn of the newest message. Raises InvalidInputError when nothing waits for an answer."""
        message = self._newest(tenant_id, conversation)
        if message is None or message.role != "user" or message.turn_id is not None:
            raise InvalidInputError("There is no message that waits for an answer")
        return BeginTurn(
            tenant_id=tenant_id,
            conversation_id=conversation.id,
            content=message.content,
            answers=message,
            context=context,
        )

    def _newest(self, tenant_id: str, conversation: Conversation) -> Message | None:
        if not conversation.last_number:
            return None
        return self._store.message(tenant_id, conversation.id, conversation.last_number)

    def _run(self, request: Request, command: BeginTurn, form: Form, *, ends: bool) -> Answer | Stream:
        running = self._turns.send(command, deadline=request.deadline(self._clock))
        if form is Form.LINES:
            return event_stream(self._clock, _to_the_end(running, ends=ends))
        return Answer(200, result_of(_to_the_end(running, ends=ends)))

    def _conversation(self, caller: Caller, conversation_id: str) -> Conversation:
        conversation = self._store.get(caller.tenant_id, conversation_id)
        if conversation is None:
            raise NotFoundError("conversation", "Not found")
        return conversation

    def _contact(self, tenant_id: str, sent_contact: str | sent.ContactBody | None) -> str:
        """Who asks; empty where nobody is named. Raises NotFoundError."""
        match sent_contact:
            case None:
                return ""
            case str():
                return self._contacts.fetch(tenant_id, sent_contact).id
        return self._ensure(tenant_id, sent_contact.model_dump(exclude_none=True)).id


def _to_the_end(running: RunningTurn, *, ends: bool) -> Iterator[Event]:
    yield from turn_events(running.events, ends=ends)
    running.join()


def _kept_context(asked: sent.Receive, caller: Caller, *, heard_over: str = "") -> TurnContext:
    return context_of(asked, is_session=caller.is_session, heard_over=heard_over, most=KEPT_MAX)


def _told(messages: Sequence[SpokenMessage]) -> tuple[Sequence[ChatMessage], str]:
    """What was said before, and what is to be answered: empty where the user did not speak last."""
    told = [
        ChatMessage(role_of(message.type), message.text)
        for message in messages
        if message.text and message.type not in UNTOLD
    ]
    content = told.pop().content if told and told[-1].role == "user" else ""
    return told, content


def _entities(asked: sent.Complete | sent.Send) -> list[dict[str, Any]]:
    return [entity.model_dump(exclude_none=True) for entity in asked.entities or []]
