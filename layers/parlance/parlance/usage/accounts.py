"""Who pays for the attempts at turns: reserved before the model is called, settled and recorded after the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from parlance.agents.counting import estimated_tokens
from parlance.agents.definitions import Agent, AgentReader, ModelChoice
from parlance.agents.models.base import Completed
from parlance.clock import Clock
from parlance.conversations.model import Claim, Conversation, Message, Usage
from parlance.conversations.retrying import persist
from parlance.errors import BudgetExceededError
from parlance.knowledge.cache import TimedCache
from parlance.logs import logger
from parlance.storage.table import StorageError
from parlance.usage import bounds
from parlance.usage.budgets import TENANT, Amount, Budget, Reservation, Scope
from parlance.usage.port import BudgetStore, NotReservedError, Turns, UsageStore
from parlance.usage.prices import FREE, Price, Prices

MAX_AGE = 60.0
"""Seconds for which a budget's definition may be believed without reading it again."""

_RESERVED_SECONDS = 16 * 60
"""Longer than any attempt may take, as no function runs longer than 15 minutes."""

_PATIENCE = 5.0
_STEPS_MAX = 50
_WHOSE = {"tenant": "this tenant", "agent": "this agent", "user": "this user"}

type _Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    """A reservation and where it stands."""

    budget: Budget
    window: str
    reservation: Reservation


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
        ttl: float = MAX_AGE,
    ) -> None:
        self._budgets = budgets
        self._usage = usage
        self._turns = turns
        self._agents = agents
        self._prices = prices
        self._clock = clock
        self._known = TimedCache[_Key, list[Budget]](self._defined, clock, ttl=ttl, size=10_000)

    def open(self, claim: Claim, history: Sequence[Message]) -> "TenantAccount":
        """Raises BudgetExceededError, ContendedError, UnansweredError; nothing stays reserved then."""
        where = claim.conversation
        agent = self._agents.get(where.tenant_id, where.agent_id)
        said = [message.content for message in history]
        held: list[_Held] = []
        budgets = self._known.get((where.tenant_id, where.agent_id, where.user_id))
        if agent is not None and budgets:
            amount = bounds.most(agent, self._prices, said, claim.message.content)
            try:
                for budget in budgets:
                    held.append(self._reserve(claim, budget, amount))
            except (BudgetExceededError, StorageError):
                self.settle(held, Amount())
                raise
        return TenantAccount(self, claim, agent, said, held)

    def record(self, conversation: Conversation) -> None:
        self._patiently(partial(self._usage.record, conversation))

    def check(self, conversation: Conversation) -> None:
        if not self._usage.is_recorded(conversation):
            logger.info("usage recorded late", conversation_id=conversation.id)
            self.record(conversation)

    def price(self, choice: ModelChoice) -> Price:
        return self._prices.of(choice)

    def settle(self, held: Sequence[_Held], used: Amount) -> None:
        for one in held:
            where = (one.budget.tenant_id, one.budget.scope, one.window)
            self._patiently(partial(self._budgets.settle, *where, one.reservation, used))

    def _defined(self, key: _Key) -> list[Budget]:
        tenant_id, agent_id, user_id = key
        return self._budgets.among(tenant_id, [TENANT, Scope("agent", agent_id), Scope("user", user_id)])

    def _reserve(self, claim: Claim, budget: Budget, amount: Amount) -> _Held:
        now = self._clock.now()
        window = budget.window(now)
        mine = Reservation(
            claim.conversation.id, claim.turn.number, claim.turn.attempt, amount, now + _RESERVED_SECONDS * 1000
        )
        for _ in range(_STEPS_MAX):
            try:
                self._patiently(partial(self._budgets.reserve, budget, window, mine))
            except NotReservedError as refused:
                standing = refused.standing
                before = standing.reservations.get(mine.conversation_id)
                if before is not None and before.is_of(mine.turn, mine.attempt):
                    break  # An earlier call was carried out without being answered.
                left = [before] if before is not None else standing.expired(now)
                if not left:
                    raise _exceeded(budget) from refused
                for one in left:
                    self._make_good(budget, window, one)
            else:
                break
        else:
            raise _exceeded(budget)
        return _Held(budget, window, mine)

    def _make_good(self, budget: Budget, window: str, left: Reservation) -> None:
        """Settle what its holder did not: by what its attempt used if that came to an end, else by nothing."""
        turn = self._turns.turn(budget.tenant_id, left.conversation_id, left.turn)
        known = turn.usage if turn is not None and turn.usage and turn.usage.attempt == left.attempt else Usage()
        self.settle([_Held(budget, window, left)], amount_of(known))

    def _patiently(self, call: Callable[[], None]) -> None:
        until = self._clock.monotonic() + _PATIENCE
        persist(call, clock=self._clock, give_up=lambda: self._clock.monotonic() >= until)


class TenantAccount:
    """`parlance.conversations.collaborators.Account`."""

    def __init__(
        self,
        accounts: TenantAccounts,
        claim: Claim,
        agent: Agent | None,
        said: Sequence[str],
        held: Sequence[_Held],
    ) -> None:
        self._accounts = accounts
        self._claim = claim
        self._agent = agent
        self._said = said
        self._held = held

    def usage(self, completed: Completed | None, said: str) -> Usage:
        """By the provider's own numbers; where it gave none, by the length of what was asked and said."""
        attempt = self._claim.turn.attempt
        if completed is not None:
            micros = self._price(completed).micros(completed.input_tokens, completed.output_tokens)
            estimated = bool(completed.metadata.get("usage_estimated"))
            return Usage(attempt, completed.input_tokens, completed.output_tokens, micros, estimated)
        if self._agent is None or not said:
            # It never began to answer, and nothing is paid for that.
            return Usage(attempt)
        tokens_in = bounds.least_input(self._agent, self._said, self._claim.message.content)
        tokens_out = estimated_tokens(said)
        return Usage(attempt, tokens_in, tokens_out, self._price(None).micros(tokens_in, tokens_out), estimated=True)

    def settle(self, usage: Usage) -> None:
        self._accounts.settle(self._held, amount_of(usage))

    def _price(self, completed: Completed | None) -> Price:
        """Of the model that answered: the agent's first, unless a fallback gave its name."""
        if self._agent is None:
            return FREE
        named = completed.metadata.get("model") if completed else None
        for choice in self._agent.choices:
            if named in {choice.model, choice.settings.get("model")}:
                return self._accounts.price(choice)
        return self._accounts.price(self._agent.choices[0])


def amount_of(usage: Usage) -> Amount:
    return Amount(usage.micros, usage.input_tokens + usage.output_tokens)


def _exceeded(budget: Budget) -> BudgetExceededError:
    return BudgetExceededError(
        f"The budget of {_WHOSE[budget.scope.kind]} for this {budget.period} is used up.",
        details={"scope": budget.scope.kind, "period": budget.period},
    )
