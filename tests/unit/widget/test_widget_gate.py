"""Who gets into the widget dialect, in which order that is asked, and what browsers are told."""

import json

import pytest

from parlance.errors import UnauthenticatedError
from parlance.http.requests import Request
from parlance.http.routes import RefusedError
from parlance.http.viewers import NO_FRONT_DOOR, Viewers
from parlance.identity.web_keys import WidgetKey, WidgetKeys, WidgetLimits
from parlance.limits.rates import RateLimiter
from parlance.widget.errors import explain
from parlance.widget.gate import WidgetGate
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.identity import CountingSecrets, MemoryWebKeyStore
from tests.fakes.limits import MemoryCounterStore

PAGE = "https://shop.example"


class Bench:
    def __init__(self, limits: WidgetLimits | None = None) -> None:
        clock = ManualClock()
        store: MemoryWebKeyStore[WidgetKey] = MemoryWebKeyStore()
        self.keys = WidgetKeys(store, clock=clock, ids=CountingIds(), secrets=CountingSecrets())
        self.gate = WidgetGate(self.keys, RateLimiter(MemoryCounterStore(), clock), Viewers(NO_FRONT_DOOR))
        self.key = self.keys.create("t", "shop", agent_id="guide", origins=[PAGE], limits=limits).secret

    def ask(self, method: str = "POST", *, address: str = "203.0.113.7", **headers: str) -> tuple[int, dict[str, str]]:
        """The status, 200 for an admission, and the headers in lower case."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = {"httpMethod": method, "headers": named, "requestContext": {"identity": {"sourceIp": address}}}
        try:
            return 200, lowered(self.gate(Request(event)).headers)
        except RefusedError as refused:
            answer = explain(refused.reason)
            json.dumps(answer.body)
            return answer.status, lowered({**refused.headers, **answer.headers})


def lowered(headers: object) -> dict[str, str]:
    assert isinstance(headers, dict)
    return {name.lower(): value for name, value in headers.items()}


def test_a_page_on_the_list_gets_in_and_may_read_the_answer() -> None:
    bench = Bench()
    status, headers = bench.ask(x_api_key=bench.key, origin=PAGE)
    assert status == 200
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers
    assert "RateLimit" in headers["access-control-expose-headers"]


def test_whoever_has_no_origin_is_no_browser() -> None:
    bench = Bench()
    status, headers = bench.ask(x_widget_api_key=bench.key)
    assert status == 200
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://shop.example", f"{PAGE}.evil.example"])
def test_a_page_that_is_not_on_the_list_may_read_that_and_nothing_else(origin: str) -> None:
    bench = Bench()
    status, headers = bench.ask(x_api_key=bench.key, origin=origin)
    assert status == 403
    assert headers.get("access-control-allow-origin") == origin
    assert "access-control-allow-credentials" not in headers
    assert "ratelimit" not in headers


def test_the_first_header_wins() -> None:
    bench = Bench()
    assert bench.ask(x_api_key=bench.key, x_widget_api_key="wk_no")[0] == 200
    assert bench.ask(x_api_key="wk_no", x_widget_api_key=bench.key)[0] == 401


def test_address_then_key_then_origin() -> None:
    bench = Bench(WidgetLimits(per_minute=100, address_per_minute=2))
    assert bench.ask(origin="https://evil.example")[0] == 401
    assert bench.ask(x_api_key=bench.key, origin="https://evil.example")[0] == 403
    assert bench.ask(x_api_key=bench.key, origin="https://evil.example")[0] == 403
    status, headers = bench.ask(x_api_key=bench.key, origin="https://evil.example")
    assert status == 429
    assert headers["ratelimit-policy"] == '"widget-address";q=2;w=60'
    assert bench.ask(x_api_key=bench.key, origin=PAGE)[0] == 429
    # Another visitor is not held up by the first, nor is anybody by claims about addresses.
    assert bench.ask(x_api_key=bench.key, origin=PAGE, address="203.0.113.8")[0] == 200
    assert bench.ask(x_api_key=bench.key, origin=PAGE, x_forwarded_for="203.0.113.9")[0] == 429


def test_guessing_keys_is_limited_too() -> None:
    bench = Bench()
    statuses = [bench.ask(x_api_key=f"wk_guess{number:038d}")[0] for number in range(61)]
    assert statuses == [401] * 60 + [429]


def test_a_refused_origin_does_not_use_up_the_keys_limit() -> None:
    bench = Bench(WidgetLimits(per_minute=1, address_per_minute=100))
    for _ in range(5):
        assert bench.ask(x_api_key=bench.key, origin="https://evil.example")[0] == 403
    assert bench.ask(x_api_key=bench.key, origin=PAGE)[0] == 200
    assert bench.ask(x_api_key=bench.key, origin=PAGE)[0] == 429


def test_a_preflight_needs_no_key() -> None:
    status, headers = Bench().ask("OPTIONS", origin=PAGE, access_control_request_headers="content-type, x-api-key,x-b")
    assert status == 204
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["access-control-allow-methods"] == "GET, POST"
    assert headers["access-control-allow-headers"] == "content-type, x-api-key,x-b"
    status, headers = Bench().ask("OPTIONS", origin=PAGE, access_control_request_headers="a\r\nSet-Cookie: b")
    assert "set-cookie" not in headers["access-control-allow-headers"].lower()


def test_a_revoked_key_is_none() -> None:
    bench = Bench()
    (key,) = bench.keys.of_tenant("t")
    bench.keys.revoke("t", key.id)
    with pytest.raises(UnauthenticatedError):
        bench.keys.verify(bench.key)
    assert bench.ask(x_api_key=bench.key)[0] == 401
