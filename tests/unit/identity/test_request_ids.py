"""A request id is good once, near its time, and every refusal is the same."""

import json
from typing import Any

import pytest

from parlance.errors import UnauthenticatedError
from parlance.identity.request_ids import RequestId, RequestIds
from parlance.storage.table import ContendedError, UnansweredError
from tests.fakes.clock import START, ManualClock
from tests.fakes.credentials import MemorySpentRequests

NOW = START / 1000
SPAN = 30


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemorySpentRequests()
        self.request_ids = RequestIds(self.store, clock=self.clock, allowed_time_span=SPAN)

    def passes(self, request: RequestId, *, tenant: str = "t", client: str = "c") -> bool:
        try:
            self.request_ids.spend(tenant, client, request)
        except UnauthenticatedError as error:
            assert error.message == "The request could not be authenticated."  # noqa: PT017 - the same every time
            return False
        return True


def request(ts: Any = NOW, uuid: Any = "u", appid: Any = "a") -> RequestId:
    return RequestId(appid, uuid, ts)


@pytest.mark.parametrize("name", ["appid", "appId"])
def test_both_spellings_are_read(name: str) -> None:
    assert RequestId.parse(json.dumps({name: "a", "uuid": "no-uuid", "ts": 5})) == RequestId("a", "no-uuid", 5)


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "null", "1", '"a"', "{", "[" * 4000, "x" * 100_000, '{"ts": ' + "1" * 4050 + "}"]
)
def test_what_is_no_request_id_is_refused(text: str) -> None:
    bench = Bench()
    with pytest.raises(UnauthenticatedError):
        bench.request_ids.spend("t", "c", RequestId.parse(text))


@pytest.mark.parametrize("ts", [NOW, NOW + 0.5, NOW - SPAN, NOW + SPAN, int(NOW)])
def test_near_enough(ts: float) -> None:
    assert Bench().passes(request(ts))


@pytest.mark.parametrize(
    "ts",
    [NOW - SPAN - 0.01, NOW + SPAN + 0.01, 0, -1, START, 10**400, -(10**400), 1e308, float("nan"), float("inf"),
     float("-inf"), str(NOW), None, True, [], {}],
)  # fmt: skip
def test_stale_early_or_no_time_at_all(ts: Any) -> None:
    assert not Bench().passes(request(ts))


@pytest.mark.parametrize("wrong", [None, "", 5, True, [], {}, "x" * 513])
def test_fields_are_texts_within_bounds(wrong: Any) -> None:
    assert not Bench().passes(request(uuid=wrong))
    assert not Bench().passes(request(appid=wrong))


@pytest.mark.parametrize("odd", ["ü", "\x00", "\udc80", "#", " "])
def test_a_uuid_may_be_any_text(odd: str) -> None:
    bench = Bench()
    assert bench.passes(request(uuid=odd))
    assert not bench.passes(request(uuid=odd))


def test_a_replay_is_refused_whatever_else_it_says() -> None:
    bench = Bench()
    assert bench.passes(request())
    assert not bench.passes(request())
    assert not bench.passes(request(ts=NOW + 1, appid="other"))
    assert bench.passes(request(uuid="v"))


def test_tenants_and_clients_spend_their_own() -> None:
    bench = Bench()
    assert bench.passes(request())
    assert bench.passes(request(), tenant="t2")
    assert bench.passes(request(), client="c2")
    assert bench.passes(RequestId("a", "b", NOW), client="x")
    assert bench.passes(RequestId("a", "xb", NOW), client="")
    assert not bench.passes(request(), client="c2")


def test_no_request_passes_twice_as_long_as_it_is_not_stale() -> None:
    """Spent as early as can be, so that it stays fresh as long as can be: for twice the span."""
    bench = Bench()
    early = request(ts=NOW + SPAN)
    assert bench.passes(early)
    for _ in range(2 * SPAN * 2 + 10):
        bench.clock.advance(0.5)
        assert not bench.passes(early)


@pytest.mark.parametrize("failure", [ContendedError("x"), UnansweredError("x")])
def test_a_store_that_cannot_tell_refuses(failure: Exception) -> None:
    class Silent:
        def spend(self, tenant_id: str | None, request_hash: str, *, now: int, until: int) -> bool:
            raise failure

    bench = Bench()
    bench.request_ids = RequestIds(Silent(), clock=bench.clock, allowed_time_span=SPAN)
    assert not bench.passes(request())


@pytest.mark.parametrize("span", [0, -1, float("inf"), float("nan")])
def test_a_span_is_a_number_of_seconds(span: float) -> None:
    with pytest.raises(ValueError, match="span"):
        RequestIds(MemorySpentRequests(), clock=ManualClock(), allowed_time_span=span)


# Envelopes.


def test_an_envelope_passes_once_whichever_tenant_it_comes_to() -> None:
    bench = Bench()
    text = json.dumps({"appid": "a", "uuid": "u", "ts": NOW})
    assert bench.request_ids.receive("c", "sealed", text) == request()
    for client, envelope, passes in [("c", "sealed", False), ("c", "sealed anew", True), ("c2", "sealed", True)]:
        if passes:
            bench.request_ids.receive(client, envelope, text)
            continue
        with pytest.raises(UnauthenticatedError):
            bench.request_ids.receive(client, envelope, text)


def test_a_stale_envelope_is_refused_before_anything_is_spent() -> None:
    bench = Bench()
    for ts in (NOW - SPAN - 0.01, NOW + SPAN + 0.01):
        with pytest.raises(UnauthenticatedError):
            bench.request_ids.receive("c", "sealed", json.dumps({"appid": "a", "uuid": "u", "ts": ts}))
    bench.request_ids.receive("c", "sealed", json.dumps({"appid": "a", "uuid": "u", "ts": NOW}))


def test_a_uuid_spent_with_no_tenant_is_spent_there() -> None:
    bench = Bench()
    bench.request_ids.spend(None, "c", request())
    with pytest.raises(UnauthenticatedError):
        bench.request_ids.spend(None, "c", request())
    assert bench.passes(request())
