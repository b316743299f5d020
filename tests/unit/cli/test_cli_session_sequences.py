"""Whatever is lost, doubled or started over on the way: in the end the reply stands there once and whole."""

import json
from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from parlance_cli.chat.session import Action, Clear, Fetch, Finished, Reconnect, Send, Session, Show
from tests.unit.cli.frames import ended, message_received, started, token

REPLY = "r1"
tokens = st.lists(st.text(max_size=3), max_size=5)


class Server:
    """The other side: a turn of one or more attempts, told to the connection that listens."""

    def __init__(self, attempts: list[list[str]], *, long: bool) -> None:
        self.attempts = attempts
        self.attempt = 0
        self.made = 0
        self.over = False
        self.long = long
        self.begun = False
        self.listening = False
        self.wire: deque[str] = deque()

    @property
    def content(self) -> str:
        return "".join(self.attempts[-1])

    @property
    def said(self) -> list[str]:
        return self.attempts[self.attempt - 1][: self.made] if self.attempt else []

    def step(self) -> None:
        """The worker does the next thing: a token, an attempt, the end."""
        if not self.begun or self.over:
            return
        if self.attempt and self.made < len(self.attempts[self.attempt - 1]):
            self.made += 1
            self.tell(token(self.made - 1, self.said[-1]))
        elif self.attempt < len(self.attempts):
            self.attempt, self.made = self.attempt + 1, 0
            self.tell(started(REPLY, self.attempt))
        else:
            self.over = True
            self.tell(self.end())

    def end(self) -> str:
        return ended(None if self.long else self.content)

    def tell(self, text: str) -> None:
        if self.listening:
            self.wire.append(text)

    def take(self, text: str) -> None:
        frame = json.loads(text)
        self.listening = self.listening or frame.get("action") != "stop"
        if "content" in frame:
            self.begun, repeated = True, self.begun
            self.tell(message_received(frame["client_message_id"]))
            if repeated:
                self.replay(-1, None)
        elif frame["action"] == "resume":
            self.replay(frame["after_index"], frame.get("attempt"))

    def replay(self, after: int, attempt: int | None) -> None:
        if self.over:
            self.tell(self.end())
        elif self.attempt:
            same = attempt == self.attempt or (attempt is None and self.attempt == 1)
            if not same or after < 0:
                self.tell(started(REPLY, self.attempt))
                after = -1
            for index in range(after + 1, self.made):
                self.tell(token(index, self.said[index]))


class Chat(RuleBasedStateMachine):
    """A client over a bad line."""

    @initialize(attempts=st.lists(tokens, min_size=1, max_size=3), long=st.booleans(), arrives=st.booleans())
    def begin(self, attempts: list[list[str]], long: bool, arrives: bool) -> None:
        self.server = Server(attempts, long=long)
        self.session = Session()
        self.screen = ""
        self.finished: list[str] = []
        self.token_lost = False
        actions = self.session.send("Why?", "m1")
        if arrives:
            self.perform(actions)

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send():
                    self.server.take(action.text)
                case Show(text):
                    self.screen += text
                case Clear():
                    self.screen = ""
                case Fetch():
                    self.perform(self.session.fetched(self.server.content))
                case Finished(content):
                    self.finished.append(content)
                case Reconnect():
                    raise AssertionError("the server said nothing that calls for it")

    @rule()
    def work(self) -> None:
        self.server.step()

    @precondition(lambda self: self.server.wire)
    @rule(times=st.integers(1, 4))
    def deliver(self, times: int) -> None:
        for _ in range(min(times, len(self.server.wire))):
            self.perform(self.session.received(self.server.wire.popleft()))

    @precondition(lambda self: self.server.wire)
    @rule(place=st.integers(0, 20))
    def lose_a_token(self, place: int) -> None:
        place %= len(self.server.wire)
        if "stream_token" in self.server.wire[place]:
            del self.server.wire[place]
            self.token_lost = True

    @precondition(lambda self: self.server.wire)
    @rule()
    def double_a_frame(self) -> None:
        self.server.wire.appendleft(self.server.wire[0])

    @rule(arrives=st.booleans())
    def reconnect(self, arrives: bool) -> None:
        self.server.wire.clear()
        self.server.listening = False
        self.token_lost = False
        actions = self.session.reconnected()
        if arrives:
            self.perform(actions)

    @rule()
    def stop(self) -> None:
        self.perform(self.session.stop())

    @invariant()
    def what_is_shown_was_said(self) -> None:
        if not self.finished:
            assert any("".join(said).startswith(self.screen) for said in self.server.attempts)

    @invariant()
    def all_that_came_is_shown(self) -> None:
        """The end would mend anything, so this is about the time before."""
        told_all = self.server.listening and not self.server.wire and not self.token_lost
        if told_all and not self.server.over:
            assert self.screen == "".join(self.server.said)

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        for _ in range(3):
            self.reconnect(arrives=True)
            while not self.server.over or self.server.wire:
                self.server.step()
                while self.server.wire:
                    self.deliver(times=4)
        assert self.finished == [self.server.content]
        assert self.screen == self.server.content


Chat.TestCase.settings = settings(max_examples=400, stateful_step_count=50, deadline=None)
TestChat = Chat.TestCase
