"""The WebSocket side of the dialect and a worker, over fakes."""

import json
from dataclasses import replace
from typing import Any

from parlance.chats.handshake import Credentials, Handshake
from parlance.chats.inbound import Inbound
from parlance.chats.websocket import ChatsWebSocket
from parlance.conversations.engine import TurnEngine
from parlance.conversations.model import Conversation, Turn
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Worker
from parlance.identity.administration import Administration
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Limits
from parlance.identity.tickets import Tickets
from parlance.limits.rates import RateLimiter
from parlance.realtime.connections import Connections
from parlance.realtime.delivery import WebSocketAudience
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults
from tests.fakes.house import QueuedWakeups, ScriptedResponder
from tests.fakes.identity import CountingSecrets, MemoryTenantStore, MemoryTicketStore
from tests.fakes.limits import MemoryCounterStore
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.realtime import MemoryConnectionStore, QueuedGreetings, RecordingManagement

CHAT = "chat_1"


class Bench:
    """One tenant, one chat of alice's, and one open connection to it, `c`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock, ids = ManualClock(), CountingIds()
        self.faults, self.worker_faults = Faults(), Faults()
        self.tenants = MemoryTenantStore()
        self.administration = Administration(self.tenants, clock=self.clock, ids=ids, secrets=CountingSecrets())
        self.tenant_id = self.administration.create_tenant("T", limits=limits or Limits()).id
        self.issued = self.administration.issue_key(self.tenant_id, "k")
        tables = MemoryTables()
        self.conversations = MemoryConversationStore(tables)
        self.turns = MemoryTurnStore(tables)
        now = self.clock.now()
        chat = Conversation(self.tenant_id, CHAT, "alice", "default", "T", now, now)
        self.conversations.create(chat, key=None, token="chat")
        self.wakeups, self.greetings = QueuedWakeups(), QueuedGreetings()
        self.management, self.store = RecordingManagement(), MemoryConnectionStore()
        self.responder = ScriptedResponder()
        self.worker = Worker(
            self.turns,
            self.responder,
            WebSocketAudience(self.management, self.store, self.clock),
            self.wakeups,
            clock=self.clock,
            ids=ids,
            timing=Timing(tick=0.005),
        )
        authenticator = Authenticator(self.tenants, self.clock)
        store = self.faults.around(self.store)
        self.handshake = Handshake(
            authenticator,
            Tickets(MemoryTicketStore(), clock=self.clock, ids=ids, secrets=CountingSecrets()),
            self.conversations,
            Connections(store, self.management, clock=self.clock, ids=ids),
            store,
            self.faults.around(self.greetings),
            clock=self.clock,
        )
        inbound = Inbound(
            store,
            RateLimiter(MemoryCounterStore(), self.clock),
            authenticator,
            self.conversations,
            TurnEngine(self.faults.around(self.turns), self.faults.around(self.wakeups), clock=self.clock, ids=ids),
            self.management,
            clock=self.clock,
            ids=ids,
        )
        self.websocket = ChatsWebSocket(self.handshake, inbound)
        self.connect("c")

    def connect(self, connection_id: str) -> None:
        self.handshake.connect(connection_id, Credentials(None, self.issued.secret, "alice", CHAT))

    def call(self, route: str, connection_id: str, **event: Any) -> dict[str, Any]:
        return self.websocket({"requestContext": {"routeKey": route, "connectionId": connection_id}, **event}, None)

    def send(self, frame: object, connection_id: str = "c") -> None:
        assert self.call("$default", connection_id, body=json.dumps(frame)) == {"statusCode": 200}

    def work(self) -> None:
        """A worker runs what there is to run."""
        deadline = self.clock.monotonic() + 900
        self.worker.drain(self.tenant_id, CHAT, turn_number=None, deadline=deadline)

    def turn(self, number: int = 1) -> Turn:
        found = self.turns.turn(self.tenant_id, CHAT, number)
        assert found is not None
        return replace(found)

    def last(self, connection_id: str = "c") -> dict[str, Any]:
        return self.management.frames[connection_id][-1]

    def kinds(self, connection_id: str = "c") -> list[str]:
        return self.management.kinds(connection_id)
