"""The fault injector itself: a test that believes in a fault must be able to rely on it."""

import pytest

from parlance.storage.table import ContendedError, UnansweredError
from tests.fakes.faults import Faults, KilledError


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def add(self, amount: int = 1) -> int:
        self.count += amount
        return self.count

    def read(self) -> int:
        return self.count


def test_without_a_plan_every_call_passes() -> None:
    counter, faults = Counter(), Faults()
    faulty = faults.around(counter)
    assert faulty.add(amount=2) == 2
    assert (faulty.read(), faults.calls("add"), faults.all_calls) == (2, 1, 2)


def test_a_call_that_fails_before_is_not_carried_out() -> None:
    counter, faults = Counter(), Faults()
    faulty = faults.around(counter)
    faults.fail_before("add", ContendedError("busy"), nth=2)
    faulty.add()
    with pytest.raises(ContendedError):
        faulty.add()
    assert (counter.count, faults.pending) == (1, [])
    assert faulty.add() == 2


def test_a_call_that_fails_after_is_carried_out() -> None:
    counter, faults = Counter(), Faults()
    faulty = faults.around(counter)
    faults.fail_after("add", UnansweredError("timed out"))
    assert faulty.read() == 0
    with pytest.raises(UnansweredError):
        faulty.add()
    assert counter.count == 1


def test_a_plan_that_has_not_come_about_is_pending() -> None:
    faults = Faults()
    faults.fail_after("add", UnansweredError("timed out"))
    assert faults.pending == ["add"]


def test_somebody_else_may_come_in_before_and_after_a_call() -> None:
    counter, faults, seen = Counter(), Faults(), list[int]()
    faulty = faults.around(counter)
    faults.call_before("add", lambda: seen.append(counter.add(10)))
    faults.call_after("add", lambda: seen.append(counter.add(100)))
    assert faulty.add() == 11
    assert (seen, counter.count) == ([10, 111], 111)


@pytest.mark.parametrize(("answer_lost", "carried_out"), [(False, 1), (True, 2)])
def test_a_killed_process_makes_no_more_calls(answer_lost: bool, carried_out: int) -> None:
    counter, faults = Counter(), Faults()
    faulty = faults.around(counter)
    faults.kill(after_calls=1, answer_lost=answer_lost)
    faulty.add()
    for _ in range(3):
        with pytest.raises(KilledError):
            faulty.add()
    assert counter.count == carried_out


@pytest.mark.parametrize(("answer_lost", "carried_out"), [(False, 1), (True, 2)])
def test_a_process_can_be_killed_at_a_certain_call(answer_lost: bool, carried_out: int) -> None:
    counter, faults = Counter(), Faults()
    faulty = faults.around(counter)
    faults.kill_at("add", nth=2, answer_lost=answer_lost)
    faulty.add()
    faulty.read()
    with pytest.raises(KilledError):
        faulty.add()
    with pytest.raises(KilledError):
        faulty.read()
    assert counter.count == carried_out
