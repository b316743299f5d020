"""What passes through the front door to the REST API, and what does not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpx
import pytest

from local.front_door.invoker import AT_ONCE
from local.front_door.limits import RestLimits
from tests.local.conftest import Door, OpenDoor

PREFIX = "/_aws/execute-api/rest1234/local"


class Upstream:
    """Remembers the requests it was sent and answers each the same."""

    def __init__(
        self, status: int = 200, content: bytes = b'{"ok":true}', headers: list[tuple[str, str]] | None = None
    ) -> None:
        self.requests: list[httpx.Request] = []
        self._status, self._content, self._headers = status, content, headers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._status, headers=self._headers, stream=httpx.ByteStream(self._content))

    @property
    def request(self) -> httpx.Request:
        """The only one."""
        (request,) = self.requests
        return request


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/chats",
        "/api/v1/chats/",
        "/api/v1/chats/user/a%2Fb%20c",
        "/api/v1/chats/%C3%A9?offset=0&limit=5&x=a%26b&x=2",
        "/chatapi/healthz",
        "/v1/bot/list",
    ],
)
def test_path_and_query_arrive_as_they_came(open_door: OpenDoor, path: str) -> None:
    upstream = Upstream()
    with open_door(upstream=upstream) as door:
        assert httpx.get(door.url + path).json() == {"ok": True}
    assert upstream.request.url.raw_path.decode() == PREFIX + path


def test_method_body_and_headers_arrive(open_door: OpenDoor) -> None:
    upstream = Upstream()
    headers = {"X-API-Key": "k", "Idempotency-Key": "i", "Connection": "close", "Host": "chat.example:8000"}
    with open_door(upstream=upstream) as door:
        httpx.patch(f"{door.url}/api/v1/chats/c", content=b'{"a":1}', headers=headers)
    request = upstream.request
    assert request.method == "PATCH"
    assert request.content == b'{"a":1}'
    assert request.headers["x-api-key"] == "k"
    assert request.headers["idempotency-key"] == "i"
    assert request.headers["host"] == "chat.example:8000"
    assert request.headers["content-length"] == "7"


def test_a_client_cannot_claim_another_address(open_door: OpenDoor) -> None:
    upstream = Upstream()
    with open_door(upstream=upstream) as door:
        httpx.get(f"{door.url}/api/v1/chats", headers={"X-Forwarded-For": "203.0.113.7"})
    assert upstream.request.headers.get_list("x-forwarded-for") == ["127.0.0.1"]


def test_status_body_and_headers_come_back(open_door: OpenDoor) -> None:
    headers = [("Retry-After", "7"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Connection", "close")]
    with open_door(upstream=Upstream(429, b'{"error":{}}', headers)) as door:
        got = httpx.get(f"{door.url}/api/v1/chats")
    assert (got.status_code, got.content) == (429, b'{"error":{}}')
    assert got.headers["retry-after"] == "7"
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_no_content_stays_no_content(open_door: OpenDoor) -> None:
    with open_door(upstream=Upstream(204, b"")) as door:
        got = httpx.delete(f"{door.url}/api/v1/chats/c")
    assert (got.status_code, got.content) == (204, b"")
    assert "content-length" not in got.headers


def test_a_body_over_the_limit_is_refused_in_the_contracts_shape(open_door: OpenDoor) -> None:
    upstream = Upstream()
    with open_door(upstream=upstream, rest_limits=RestLimits(body_bytes=1000)) as door:
        assert httpx.post(f"{door.url}/api/v1/chats", content=b"x" * 1000).status_code == 200
        got = httpx.post(f"{door.url}/api/v1/chats", content=b"x" * 1001)
    assert got.status_code == 413
    assert got.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (httpx.ConnectError("refused"), 502, "INTERNAL_ERROR"),
        (httpx.RemoteProtocolError("cut"), 502, "INTERNAL_ERROR"),
        (httpx.ReadTimeout("slow"), 504, "TIMEOUT"),
    ],
)
def test_an_upstream_that_fails_is_named_as_the_gateway_names_it(
    open_door: OpenDoor, failure: httpx.HTTPError, status: int, code: str
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    with open_door(upstream=fail) as door:
        got = httpx.get(f"{door.url}/api/v1/chats")
    assert got.status_code == status
    assert got.json()["error"]["code"] == code


def test_the_doors_own_pages(door: Door) -> None:
    assert httpx.get(f"{door.url}/_local/health").json() == {"status": "ok"}
    assert httpx.get(f"{door.url}/elsewhere").status_code == 404


def test_the_emulator_is_asked_only_so_much_at_once(open_door: OpenDoor) -> None:
    """It starts a process for each request that it is asked beside others; fifty would all miss the time limit."""
    inside, most = 0, 0

    async def upstream(_: httpx.Request) -> httpx.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.05)
        inside -= 1
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    with open_door(upstream=cast("Any", upstream)) as door, ThreadPoolExecutor(3 * AT_ONCE) as pool:
        statuses = list(pool.map(lambda _: httpx.get(f"{door.url}/chatapi/sd").status_code, range(3 * AT_ONCE)))
    assert set(statuses) == {200}
    assert 1 < most <= AT_ONCE
