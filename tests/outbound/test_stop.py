"""From a user's stop to the provider's closed connection: how long it takes and what it costs."""

import threading
import time
from dataclasses import replace

import pytest

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
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.secrets import KnownSecrets
from tests.outbound.raw_server import Peer, serving
from tests.outbound.test_openai_compatible import delta
from tests.unit.agents.scripted import AGENT, House, MemoryAgents

WITHIN = 1.0
TRIES = 3


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


@pytest.mark.parametrize("after", [0.05, 0.5, 1.0])
def test_a_stop_ends_the_providers_connection_within_a_second(after: float) -> None:
    """The shortest of a few tries: what else the machine does is not the house's doing."""
    seconds = []
    for _ in range(TRIES):
        talk = Talk()
        seconds.append(talk.seconds_until_hung_up(after))
        assert talk.reply.content == "Hello there"
        assert talk.reply.metadata == {
            "model": "tiny", "usage_estimated": True, "stopped": True,
            "input_tokens": 4, "output_tokens": 3, "tokens_used": 7,
        }  # fmt: skip
        if seconds[-1] < WITHIN:
            break
    assert min(seconds) < WITHIN


def test_waiting_for_a_stop_costs_one_write_a_beat() -> None:
    talk = Talk()
    began = time.monotonic()
    talk.seconds_until_hung_up(2.0)
    seconds = time.monotonic() - began
    # The beat is the turn's sign of life and reads the stop back; what was said is kept once.
    assert talk.faults.calls("beat") <= seconds / 0.9 + 1
    assert talk.faults.calls("put_tokens") == 1
    assert talk.faults.calls("turn") <= 1
    assert talk.faults.calls("work") <= 2
