"""Faults at the storage port: calls that are refused, that time out, or that find somebody else was there first.

    faults = Faults()
    turns = faults.around(MemoryTurnStore(tables))
    faults.fail_after("finish", UnansweredError("timed out"))  # the next finish is carried out, then times out
    faults.call_before("claim", other_worker.run, nth=2)       # the claim after the next loses the race
    faults.kill(after_calls=3)                                 # the process is gone after its third call from now
    faults.kill_at("finish", answer_lost=True)                 # it finishes, and is gone before it knows

One Faults may stand around both stores of a worker: it counts their calls together.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

type Action = Callable[[], object]


class KilledError(BaseException):
    """The process of this worker is gone. Not an Exception: nothing may catch it and go on."""


@dataclass(frozen=True, slots=True)
class _Planned:
    method: str
    call: int
    after: bool
    action: Action


class Faults:
    """What shall go wrong in a worker's calls of its stores. Without a plan every call passes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._plan: list[_Planned] = []
        self._dies_at: int | None = None
        self._loses_answer = False

    def around[Store](self, store: Store) -> Store:
        """`store` with these faults; it passes for the store's own type."""
        return cast("Store", _Faulty(store, self))

    def fail_before(self, method: str, error: Exception, *, nth: int = 1) -> None:
        """The nth call of `method` from now raises and does nothing."""
        self.call_before(method, _raiser(error), nth=nth)

    def fail_after(self, method: str, error: Exception, *, nth: int = 1) -> None:
        """The nth call of `method` from now is carried out and raises all the same, as a lost answer does."""
        self.call_after(method, _raiser(error), nth=nth)

    def call_before(self, method: str, action: Action, *, nth: int = 1) -> None:
        self._add(method, action, nth=nth, after=False)

    def call_after(self, method: str, action: Action, *, nth: int = 1) -> None:
        """Not called when the call itself raises."""
        self._add(method, action, nth=nth, after=True)

    def kill(self, *, after_calls: int, answer_lost: bool = False) -> None:
        """Let that many calls pass, of whatever methods; the next one and all that follow raise KilledError.

        With `answer_lost` the call that kills is still carried out.
        """
        with self._lock:
            self._dies_at = self._calls.total() + after_calls + 1
            self._loses_answer = answer_lost

    def kill_at(self, method: str, *, nth: int = 1, answer_lost: bool = False) -> None:
        """The nth call of `method` from now raises KilledError, as do all calls after it.

        With `answer_lost` that call is still carried out.
        """
        self._add(method, self._die, nth=nth, after=answer_lost)

    def calls(self, method: str) -> int:
        """How often `method` was called, carried out or not."""
        with self._lock:
            return self._calls[method]

    @property
    def all_calls(self) -> int:
        with self._lock:
            return self._calls.total()

    @property
    def pending(self) -> list[str]:
        """The methods with planned faults that have not come about: a test whose plan was idle proves nothing."""
        with self._lock:
            return [planned.method for planned in self._plan]

    def run(self, method: str, call: Callable[[], Any]) -> Any:
        with self._lock:
            self._calls[method] += 1
            dying = self._dies_at is not None and self._calls.total() >= self._dies_at
            carried_out = not dying or (self._loses_answer and self._calls.total() == self._dies_at)
            due = [one for one in self._plan if one.method == method and one.call == self._calls[method]]
            self._plan = [one for one in self._plan if one not in due]
        if not carried_out:
            raise KilledError
        for planned in due:
            if not planned.after:
                planned.action()
        answer = call()
        for planned in due:
            if planned.after:
                planned.action()
        if dying:
            raise KilledError
        return answer

    def _die(self) -> None:
        with self._lock:
            self._dies_at = 0
        raise KilledError

    def _add(self, method: str, action: Action, *, nth: int, after: bool) -> None:
        if nth < 1:
            raise ValueError("calls are counted from 1")
        with self._lock:
            self._plan.append(_Planned(method, self._calls[method] + nth, after, action))


class _Faulty:
    def __init__(self, store: object, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real = getattr(self._store, method)

        def called(*arguments: Any, **named: Any) -> Any:
            return self._faults.run(method, lambda: real(*arguments, **named))

        return called


def _raiser(error: Exception) -> Action:
    def fail() -> None:
        raise error

    return fail
