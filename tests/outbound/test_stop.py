"""From a user's stop to the provider's closed connection: how long it takes and what it costs."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from parlance.agents.definitions import CachedAgents
from parlance.agents.models.openai_compatible import OpenAiCompatibleModel
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.clock import SystemClock
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, Message
from parlance.conversations.worker import Worker
from parlance.outbound.addresses import Guard
from tests.fakes.clock import CountingIds
from tests.fakes.faults import Faults
from tests.fakes.house import ListeningAudience, QueuedWakeups
from tests.fakes.lateness import lateness
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.secrets import KnownSecrets
from tests.outbound.raw_server import Peer, serving
from tests.outbound.test_openai_compatible import delta
from tests.unit.agents.scripted import AGENT, House, MemoryAgents

WITHIN = 1.0
OFFSETS = [place / 10 for place in range(1, 19)]
"""When to stop, in seconds after the first words: all over two looks of the turn's holder."""


class Talk:
    """One turn whose provider says two words and then nothing, with the house's own times and a real clock."""

    def __init__(self) -> None:
        self.clock, self.faults, self.spoke = SystemClock(), Faults(), threading.Event()
        self.hung_up_at = 0.0
        tables = MemoryTables()
        self.turns = MemoryTurnStore(tables)
        now = self.clock.now()
        MemoryConversationStore(tables).create(
            Conversation("tenant", "chat", "alice", "helper", "A chat", now, now), key=None, token="create"
        )

    def speak(self, peer: Peer) -> None:
        peer.headers()
        peer.say(delta("Hello there"))
        self.spoke.set()
        peer.wait_for_hang_up(30)
        self.hung_up_at = time.monotonic()

    def seconds_until_hung_up(self, after: float) -> float:
        """From the stop, asked for so long after the first word, to the provider's seeing its client gone."""
        with serving(self.speak) as server:
            settings = {"base_url": server.url, "model": "tiny"}
            agent = replace(AGENT, model="openai_compatible", settings=settings, dataset_id=None)
            model = OpenAiCompatibleModel(KnownSecrets({}), Guard(private_hosts=["127.0.0.1"]))
            responder = AgentResponder(
                CachedAgents(MemoryAgents(agent), self.clock),
                ModelRegistry({"openai_compatible": lambda: model}),
                finder=House().passages,
                workshop=House().workshop,
                ids=CountingIds(),
            )
            turns, ids, wakeups = self.faults.around(self.turns), CountingIds(), QueuedWakeups()
            engine = TurnEngine(turns, wakeups, clock=self.clock, ids=ids)
            worker = Worker(turns, responder, ListeningAudience(), wakeups, clock=self.clock, ids=ids)
            begun = engine.begin(BeginTurn("tenant", "chat", "hello"))
            deadline = self.clock.monotonic() + 300
            running = threading.Thread(
                target=lambda: worker.drain("tenant", "chat", turn_number=1, deadline=deadline), daemon=True
            )
            running.start()
            assert self.spoke.wait(10)
            time.sleep(after)
            stopped_at = time.monotonic()
            engine.stop("tenant", "chat", begun.turn)
            running.join(30)
        return self.hung_up_at - stopped_at

    @property
    def reply(self) -> Message:
        found = self.turns.message("tenant", "chat", 2)
        assert found is not None
        return found


def test_every_stop_ends_the_providers_connection_within_a_second() -> None:
    """Whenever it is asked for, in runs side by side: all of them, none left out."""
    talks = [Talk() for _ in OFFSETS]
    with lateness() as late, ThreadPoolExecutor(len(OFFSETS)) as side_by_side:
        seconds = list(side_by_side.map(Talk.seconds_until_hung_up, talks, OFFSETS))
    assert max(seconds) < WITHIN + late[0], seconds
    for talk in talks:
        assert talk.reply.content == "Hello there"
        assert talk.reply.metadata == {
            "model": "tiny", "usage_estimated": True, "stopped": True,
            "input_tokens": 4, "output_tokens": 3, "tokens_used": 7,
        }  # fmt: skip


def test_waiting_for_a_stop_costs_at_most_one_call_a_second() -> None:
    """By the real clock; a longer turn's looks are counted in tests/unit/conversations/test_attempt.py."""
    talk = Talk()
    began = time.monotonic()
    talk.seconds_until_hung_up(2.0)
    seconds = time.monotonic() - began
    # Reads only; what was said is kept once.
    assert talk.faults.calls("look") <= math.ceil(seconds)
    assert talk.faults.calls("renew") == 0
    assert talk.faults.calls("put_tokens") == 1
    assert talk.faults.calls("turn") <= 1
    assert talk.faults.calls("work") <= 2
