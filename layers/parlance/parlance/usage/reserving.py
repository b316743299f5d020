"""Reservations in budgets: made, extended and settled, and made good where their holders died."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from parlance.clock import Clock
from parlance.conversations.model import Claim, Usage
from parlance.conversations.retrying import persist
from parlance.errors import BudgetExceededError
from parlance.usage.budgets import Amount, Budget, Reservation, Standing
from parlance.usage.port import BudgetStore, NotReservedError, Turns

_RESERVED_SECONDS = 16 * 60
"""Longer than any attempt may take, as no function runs longer than 15 minutes."""

_PATIENCE = 5.0
_STEPS_MAX = 50
_WHOSE = {"tenant": "this tenant", "agent": "this agent", "user": "this user"}


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation and where it stands."""

    budget: Budget
    window: str
    reservation: Reservation


class Reserving:
    """Every method may raise ContendedError and UnansweredError. Thread-safe."""

    def __init__(self, budgets: BudgetStore, turns: Turns, *, clock: Clock) -> None:
        self._budgets = budgets
        self._turns = turns
        self._clock = clock

    def reserve(self, claim: Claim, budget: Budget, amount: Amount) -> Held:
        """Raises BudgetExceededError. What an earlier attempt of the conversation has left behind is settled."""
        now = self._clock.now()
        window = budget.window(now)
        turn = claim.turn
        mine = Reservation(claim.conversation.id, turn.number, turn.attempt, amount, now + _RESERVED_SECONDS * 1000)
        wanted = Held(budget, window, mine)

        def in_the_way(standing: Standing) -> Sequence[Reservation]:
            before = standing.reservations.get(mine.conversation_id)
            return [before] if before is not None else standing.expired(self._clock.now())

        return self._fit(wanted, partial(self._budgets.reserve, budget, window, mine), in_the_way)

    def extend(self, held: Held, amount: Amount) -> Held:
        """Let a reservation be of that amount, which is more. Raises BudgetExceededError; it stays as it was then."""
        more = replace(held.reservation, amount=amount)
        write = partial(self._budgets.extend, held.budget, held.window, held.reservation, more)
        return self._fit(replace(held, reservation=more), write, lambda standing: standing.expired(self._clock.now()))

    def settle(self, held: Held, used: Amount) -> None:
        budget = held.budget
        self.patiently(
            partial(self._budgets.settle, budget.tenant_id, budget.scope, held.window, held.reservation, used)
        )

    def release(self, budget: Budget, conversation_id: str) -> None:
        """Settle what an attempt of the conversation has left reserved, if that is over."""
        now = self._clock.now()
        for window in {budget.window(now), budget.window(now - _RESERVED_SECONDS * 1000)}:
            one = self._budgets.standing(budget.tenant_id, budget.scope, window).reservations.get(conversation_id)
            if one is not None and self._is_over(budget.tenant_id, one):
                self._make_good(Held(budget, window, one))

    def patiently(self, call: Callable[[], None]) -> None:
        until = self._clock.monotonic() + _PATIENCE
        persist(call, clock=self._clock, give_up=lambda: self._clock.monotonic() >= until)

    def _fit(
        self, wanted: Held, write: Callable[[], None], in_the_way: Callable[[Standing], Sequence[Reservation]]
    ) -> Held:
        """Write, and again as long as it is refused for the sake of reservations that nobody needs any more."""
        mine = wanted.reservation
        for _ in range(_STEPS_MAX):
            try:
                self.patiently(write)
            except NotReservedError as refused:
                if refused.standing.reservations.get(mine.conversation_id) == mine:
                    return wanted  # An earlier call was carried out without being answered.
                left = in_the_way(refused.standing)
                if not left:
                    raise _exceeded(wanted.budget) from refused
                for one in left:
                    self._make_good(replace(wanted, reservation=one))
            else:
                return wanted
        raise _exceeded(wanted.budget)

    def _is_over(self, tenant_id: str, one: Reservation) -> bool:
        turn = self._turns.turn(tenant_id, one.conversation_id, one.turn)
        return turn is None or turn.state.ended or turn.attempt > one.attempt

    def _make_good(self, left: Held) -> None:
        """Settle what its holder did not: by what its attempt used if that came to an end, else by nothing."""
        one = left.reservation
        turn = self._turns.turn(left.budget.tenant_id, one.conversation_id, one.turn)
        known = turn.usage if turn is not None and turn.usage and turn.usage.attempt == one.attempt else Usage()
        self.settle(left, amount_of(known))


def amount_of(usage: Usage) -> Amount:
    return Amount(usage.micros, usage.input_tokens + usage.output_tokens)


def _exceeded(budget: Budget) -> BudgetExceededError:
    return BudgetExceededError(
        f"The budget of {_WHOSE[budget.scope.kind]} for this {budget.period} is used up.",
        details={"scope": budget.scope.kind, "period": budget.period},
    )
