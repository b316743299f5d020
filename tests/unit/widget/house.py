"""The widget's streaming group over memory: real turns, a scripted agent, a worker that is woken at once."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from parlance.agents.models.base import Cancellation, ModelEvent
from parlance.clock import SystemClock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import TurnEngine
from parlance.conversations.model import Conversation, Message
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Worker
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.viewers import NO_FRONT_DOOR, Viewers
from parlance.identity.web_keys import WidgetKey, WidgetKeys, WidgetLimits
from parlance.ids import RandomIds
from parlance.limits.rates import RateLimiter
from parlance.widget.errors import explain
from parlance.widget.gate import WidgetGate
from parlance.widget.replies import WidgetReplies
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.fakes.identity import CountingSecrets, MemoryWebKeyStore
from tests.fakes.limits import MemoryCounterStore
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.unit.http.asgi import Heard, answered

TENANT = "tenant"
PAGE = "https://shop.example"
TIMING = Timing(tick=0.005, look_every=0.03)
type Script = Callable[[str, Cancellation], Iterator[ModelEvent]]


class MemoryVisits:
    """`parlance.widget.port.VisitLog`, as far as replies need it."""

    def __init__(self) -> None:
        self.begun: dict[str, int] = {}

    def record(self, tenant_id: str, conversation_id: str, *, began_at: int) -> None:
        assert self.begun.setdefault(conversation_id, began_at) == began_at

    def newest(self, tenant_id: str, *, limit: int) -> Sequence[Conversation]:
        raise NotImplementedError


class Woken(QueuedWakeups):
    """A worker that comes as soon as it is called."""

    worker: Worker

    def wake(self, tenant_id: str, conversation_id: str, *, turn_number: int | None) -> None:
        super().wake(tenant_id, conversation_id, turn_number=turn_number)
        deadline = SystemClock().monotonic() + 600
        work = (tenant_id, conversation_id)
        drain = {"turn_number": turn_number, "deadline": deadline}
        threading.Thread(target=self.worker.drain, args=work, kwargs=drain, daemon=True).start()


class House:
    """One tenant with a widget key."""

    def __init__(self, script: Script | None = None, *, limits: WidgetLimits | None = None) -> None:
        clock, ids = SystemClock(), RandomIds()
        tables = MemoryTables()
        self.responder = ScriptedResponder(script)
        self.visits = MemoryVisits()
        self.conversations, turns = MemoryConversationStore(tables), MemoryTurnStore(tables)
        wakeups = Woken()
        wakeups.worker = Worker(
            turns, self.responder, ListeningAudience(), wakeups, clock=clock, ids=ids, timing=TIMING
        )
        self.engine = TurnEngine(turns, wakeups, clock=clock, ids=ids, timing=TIMING)
        caller = Caller(self.engine, turns, self.responder, wakeups, clock=clock, ids=ids, timing=TIMING)
        self.key_store: MemoryWebKeyStore[WidgetKey] = MemoryWebKeyStore()
        self.keys = WidgetKeys(self.key_store, clock=clock, ids=ids, secrets=CountingSecrets())
        self.key = self.new_key(limits)
        replies = WidgetReplies(caller, self.engine, self.conversations, self.visits, clock=clock)
        gate = WidgetGate(self.keys, RateLimiter(MemoryCounterStore(), clock), Viewers(NO_FRONT_DOOR))
        self.app = streaming_app(lambda: StreamingGroup(replies.routes(), gate=gate, explain=explain))

    def new_key(self, limits: WidgetLimits | None = None) -> str:
        return self.keys.create(TENANT, "Shop", agent_id="guide", origins=[PAGE], limits=limits).secret

    async def post(self, path: str, body: object, *, key: str | None = None, **headers: str) -> Heard:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await answered(self.app, "POST", path, body=[raw], headers=self.headers(key, headers))

    async def get(self, path: str, *, key: str | None = None, query: str = "", **headers: str) -> Heard:
        return await answered(self.app, "GET", path, query=query, headers=self.headers(key, headers))

    def headers(self, key: str | None, more: dict[str, str]) -> list[tuple[str, str]]:
        named = [(name.replace("_", "-"), value) for name, value in more.items()]
        return [("x-api-key", self.key if key is None else key), *named]

    def messages(self, conversation_id: str) -> list[Message]:
        return self.conversations.messages(TENANT, conversation_id, first=1, last=100, order="asc")


def lines(heard: Heard) -> list[dict[str, Any]]:
    """The events of an NDJSON stream."""
    assert heard.status == 200, heard.body
    assert heard.header("content-type") == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in heard.body.splitlines() if line]


def chunks(heard: Heard) -> list[Any]:
    """The chunks of a UI message stream, of which the last says that it is over."""
    assert heard.status == 200, heard.body
    assert heard.header("x-vercel-ai-ui-message-stream") == "v1"
    events = [event for event in heard.body.decode().split("\n\n") if event and not event.startswith(":")]
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
