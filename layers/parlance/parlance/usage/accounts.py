"""Who pays for the attempts at turns: reserved before a model is called, settled and recorded after the end."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from parlance.agents.counting import estimated_tokens
from parlance.agents.definitions import Agent, AgentReader, ModelChoice
from parlance.agents.models.base import Completed, ModelEvent, ModelRequest
from parlance.clock import Clock
from parlance.conversations.model import Claim, Conversation, Message, Usage
from parlance.errors import BudgetExceededError
from parlance.knowledge.cache import TimedCache
from parlance.logs import logger
from parlance.storage.table import StorageError
from parlance.usage import bounds
from parlance.usage.budgets import TENANT, Amount, Budget, Scope
from parlance.usage.port import BudgetStore, Completions, Turns, UsageStore
from parlance.usage.prices import Prices
from parlance.usage.reserving import Held, Reserving, amount_of

MAX_AGE = 60.0
"""Seconds for which a budget's definition may be believed without reading it again."""

type _Key = tuple[str, str, str]


class TenantAccounts:
    """`parlance.conversations.collaborators.Accounts`. Thread-safe. Definitions are read at most once a minute."""

    def __init__(
        self,
        budgets: BudgetStore,
        usage: UsageStore,
        turns: Turns,
        agents: AgentReader,
        prices: Prices,
        *,
        clock: Clock,
        completions: Completions | None = None,
        ttl: float = MAX_AGE,
    ) -> None:
        self._completions = completions
        self._budgets = budgets
        self._usage = usage
        self._reserving = Reserving(budgets, turns, clock=clock)
        self._agents = agents
        self._prices = prices
        self._known = TimedCache[_Key, list[Budget]](self._defined, clock, ttl=ttl, size=10_000)

    def open(self, claim: Claim, history: Sequence[Message]) -> "TenantAccount":
        """Raises BudgetExceededError, ContendedError, UnansweredError; nothing stays reserved then."""
        where = claim.conversation
        agent = self._agents.get(where.tenant_id, where.agent_id)
        return self.open_for(agent, claim, [message.content for message in history])

    def open_for(self, agent: Agent | None, claim: Claim, said: Sequence[str]) -> "TenantAccount":
        """The same for an agent that is at hand, and may not be stored at all."""
        where = claim.conversation
        budgets = self._known.get((where.tenant_id, where.agent_id, where.user_id))
        account = TenantAccount(self._reserving, self._prices, self._completions, claim)
        if agent is not None and budgets:
            asked = agent, self._prices, said, claim.message.content
            # For any of the models if there is room for the dearest, else for the first that there is room for.
            account.reserve(budgets, list(dict.fromkeys([bounds.most(*asked), *bounds.each(*asked)])))
        return account

    def record(self, conversation: Conversation) -> None:
        self._reserving.patiently(partial(self._usage.record, conversation))

    def release(self, conversation: Conversation) -> None:
        for budget in self._known.get((conversation.tenant_id, conversation.agent_id, conversation.user_id)):
            self._reserving.release(budget, conversation.id)

    def check(self, conversation: Conversation) -> None:
        """Recording comes last, so what is recorded has been settled as well."""
        if not self._usage.is_recorded(conversation):
            logger.info("usage recorded late", conversation_id=conversation.id)
            self.release(conversation)
            self.record(conversation)

    def _defined(self, key: _Key) -> list[Budget]:
        tenant_id, agent_id, user_id = key
        return self._budgets.among(tenant_id, [TENANT, Scope("agent", agent_id), Scope("user", user_id)])


class TenantAccount:
    """`parlance.conversations.collaborators.Account`.

    A call is paid for by the provider's own numbers; where it gave none although it had begun to answer, by the length
    of what was asked and said. One that never began is free. The reader of the models asks and hears, others may want
    to know the usage or settle meanwhile.
    """

    def __init__(self, reserving: Reserving, prices: Prices, completions: Completions | None, claim: Claim) -> None:
        self._reserving = reserving
        self._prices = prices
        self._completions = completions
        self._claim = claim
        self._held: list[Held] = []
        self._reserved = Amount()
        self._closing: list[Amount] = []
        self._lock = threading.Lock()
        self._usage = Usage(claim.turn.attempt)
        self._asked: tuple[ModelChoice, ModelRequest] | None = None
        self._said: list[str] = []

    def reserve(self, budgets: Sequence[Budget], amounts: Sequence[Amount]) -> None:
        """The first of the amounts that there is room for: what a turn needs to begin, which is all that most need."""
        *others, last = amounts
        for amount in others:
            with suppress(BudgetExceededError):
                return self._reserve(budgets, amount)
        return self._reserve(budgets, last)

    def asks(self, choice: ModelChoice, request: ModelRequest, *, goes_on: bool = False, depth: int = 0) -> None:
        """What was reserved stays so from round to round, and holds at every moment what closes the turn."""
        closing = self._closing[:depth]
        if goes_on:
            closing.append(bounds.closing_of(choice, request, self._prices))
        with self._lock:
            self._close()
            needed = sum(closing, amount_of(self._usage) + bounds.most_of(choice, request, self._prices))
        if self._held and not needed.fits(self._reserved):
            self._extend(needed.at_least(self._reserved))
        self._closing = closing
        with self._lock:
            self._asked = choice, request

    def hears(self, event: ModelEvent) -> None:
        with self._lock:
            if self._asked is None:
                return
            if not isinstance(event, Completed):
                self._said.append(event.text)
                return
            estimated = bool(event.metadata.get("usage_estimated"))
            self._add(self._asked[0], event.input_tokens, event.output_tokens, estimated=estimated)

    def usage(self) -> Usage:
        with self._lock:
            self._close()
            return self._usage

    def settle(self, usage: Usage) -> None:
        for held in self._held:
            self._reserving.settle(held, amount_of(usage))
        if self._completions and (usage.input_tokens or usage.output_tokens):
            self._completions.completed(self._claim, usage)

    def _reserve(self, budgets: Sequence[Budget], amount: Amount) -> None:
        try:
            for budget in budgets:
                self._held.append(self._reserving.reserve(self._claim, budget, amount))
        except (BudgetExceededError, StorageError):
            self.settle(Usage())
            self._held.clear()
            raise
        self._reserved = amount

    def _extend(self, amount: Amount) -> None:
        for place, held in enumerate(self._held):
            self._held[place] = self._reserving.extend(held, amount)
        self._reserved = amount

    def _close(self) -> None:
        """The call before did not come to its end."""
        if self._asked is not None and self._said:
            choice, request = self._asked
            said = estimated_tokens("".join(self._said))
            self._add(choice, bounds.least_input(request), said, estimated=True)
        self._asked = None

    def _add(self, choice: ModelChoice, tokens_in: int, tokens_out: int, *, estimated: bool) -> None:
        before = self._usage
        self._usage = Usage(
            before.attempt,
            before.input_tokens + tokens_in,
            before.output_tokens + tokens_out,
            before.micros + self._prices.of(choice).micros(tokens_in, tokens_out),
            estimated=before.estimated or estimated,
        )
        self._asked = None
        self._said = []
