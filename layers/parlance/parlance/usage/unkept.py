"""Answers of which nothing is kept but what they used: reserved, settled and recorded like any turn's.

Such an answer reserves under an id of its own, as the only turn of a conversation that is never stored. Whoever dies
before it settles leaves a reservation that the next one who needs the room gives back once it has expired.

The record has no row for each answer but one for each process, agent, user and day. A row holds the sums of what this
process has added up, so it is put again and not added to, as those of conversations are: a put that is repeated counts
nothing twice, and one that was lost is made good by the next.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from parlance.agents.definitions import Agent, ModelChoice
from parlance.agents.models.base import ModelEvent, ModelRequest
from parlance.clock import Clock, day_of
from parlance.conversations.model import Claim, Conversation, Lease, Message, Turn, TurnState, Usage
from parlance.ids import IdSource
from parlance.logs import logger
from parlance.storage.table import StorageError
from parlance.usage.accounts import TenantAccount, TenantAccounts
from parlance.usage.port import UNKEPT_PREFIX

_SUMS_MAX = 1_000

type _Whose = tuple[str, str, str]


class UnkeptAccount:
    """`parlance.agents.metering.Meter` of one answer. To be closed, however the answer ends."""

    def __init__(self, account: TenantAccount, whose: _Whose, sums: "UnkeptAnswers") -> None:
        self._account = account
        self._whose = whose
        self._sums = sums

    def asks(self, choice: ModelChoice, request: ModelRequest, *, goes_on: bool = False, depth: int = 0) -> None:
        self._account.asks(choice, request, goes_on=goes_on, depth=depth)

    def hears(self, event: ModelEvent) -> None:
        self._account.hears(event)

    def close(self) -> None:
        """Settle and record what was used.

        The answer has been given by then, so that a failure is logged only: the reservation expires, and the sum is
        recorded with the next.
        """
        usage = self._account.usage()
        for step in (partial(self._account.settle, usage), partial(self._sums.add, self._whose, usage)):
            try:
                step()
            except StorageError as error:
                logger.warning("answer not settled", error=type(error).__name__)


class UnkeptAnswers:
    """Who pays for answers that are not kept. Thread-safe; one for each process."""

    def __init__(self, accounts: TenantAccounts, *, clock: Clock, ids: IdSource, sums_max: int = _SUMS_MAX) -> None:
        self._accounts = accounts
        self._clock = clock
        self._ids = ids
        self._sums_max = sums_max
        self._sums: OrderedDict[_Whose, Conversation] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, agent: Agent, user_id: str, said: Sequence[str], content: str) -> UnkeptAccount:
        """Reserve what one answer to `content` may use at the most, after all that was `said`.

        Raises BudgetExceededError, ContendedError, UnansweredError; nothing stays reserved then.
        """
        claim = self._claim(agent, user_id, content)
        whose = (agent.tenant_id, agent.id, user_id)
        return UnkeptAccount(self._accounts.open_for(agent, claim, said), whose, self)

    def add(self, whose: _Whose, usage: Usage) -> None:
        """Record one more answer. Raises ContendedError, UnansweredError: it is in what is recorded next, then."""
        now = self._clock.now()
        with self._lock:
            before = self._sums.pop(whose, None) or self._conversation(whose, now)
            after = before.having_used(usage, day=day_of(now))
            self._sums[whose] = after
            if len(self._sums) > self._sums_max:
                # Who was not asked for the longest time gets a new row when asked again.
                self._sums.popitem(last=False)
        self._accounts.record(after)

    def _conversation(self, whose: _Whose, now: int) -> Conversation:
        tenant_id, agent_id, user_id = whose
        return Conversation(
            tenant_id,
            f"{UNKEPT_PREFIX}{self._ids.random()}",
            user_id,
            agent_id,
            title="",
            created_at=now,
            updated_at=now,
        )

    def _claim(self, agent: Agent, user_id: str, content: str) -> Claim:
        now = self._clock.now()
        conversation = self._conversation((agent.tenant_id, agent.id, user_id), now)
        message = Message(conversation.id, 1, "user", content, now)
        turn = Turn(conversation.id, 1, message.id, conversation.id, TurnState.GENERATING, now, attempt=1)
        return Claim(Lease(conversation.id, now, turn.number), conversation, turn, message)
