"""A streaming group: its gate, its routes and errors, and streams that nobody's leaving ends."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from starlette.applications import Starlette

from parlance.errors import ForbiddenError, InvalidInputError, ParlanceError, RateLimitedError
from parlance.http.answers import Answer, NoMethodError, NoRouteError
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.http.exchange import BrokenOffError
from parlance.http.requests import BODY_BYTES_MAX, Request
from parlance.http.routes import Admission, RefusedError, Route
from parlance.http.streams import Stream, json_line, ndjson_stream, sse_event, sse_stream
from tests.fakes.clock import ManualClock
from tests.unit.http.asgi import ADDRESS, answered, request

pytestmark = pytest.mark.anyio

PATIENCE = 10
MANY = 500
AHEAD = 20
"""How many chunks a paced stream may be ahead of its reader: those in line, and those on their way."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def explain(error: Exception) -> Answer:
    match error:
        case NoRouteError():
            return Answer(404, {"error": "route"})
        case NoMethodError(allowed=allowed):
            return Answer(405, {"error": "method"}, {"Allow": ", ".join(allowed)})
        case ParlanceError(message=message):
            return Answer(400, {"error": message})
    return Answer(500, {"error": "fault"})


def gate(request: Request) -> Admission[str]:
    match request.header("x-key"):
        case None:
            raise ForbiddenError("no key")
        case "spent":
            raise RefusedError(RateLimitedError("slow down", retry_after=3), {"x-left": "0"})
        case key:
            return Admission(key, {"x-left": "1"})


class Script:
    """Routes whose streams a test holds in its hand."""

    def __init__(self) -> None:
        self.steps = threading.Semaphore(0)
        self.ended = threading.Event()
        self.made = 0

    def app(self, **options: Any) -> Starlette:
        return streaming_app(lambda: StreamingGroup(self.routes(), gate=gate, explain=explain, **options))

    def routes(self) -> list[Route[str, Answer | Stream]]:
        return [
            Route("POST", "/things/<thing>/lines", self.lines),
            Route("POST", "/events", self.events),
            Route("GET", "/things/<thing>", self.seen),
            Route("DELETE", "/things/<thing>", self.remove),
            Route("POST", "/echo", lambda request, _: Answer(200, request.json_object())),
            Route("POST", "/broken", self.broken),
            Route("GET", "/all", self.all),
            Route("GET", "/table", self.table),
        ]

    def all(self, _: Request, __: str) -> Stream:
        return Stream("application/jsonl", self._many(), _failed, idle=b"", paced=True)

    def table(self, request: Request, _: str) -> Answer | Stream:
        if request.query("whole"):
            return Answer(200, text="a,b\n", content_type="text/csv")
        return Stream("text/csv", self._breaking(), lambda _: None, idle=b"", paced=True)

    def _many(self) -> Iterator[bytes]:
        try:
            for number in range(MANY):
                self.made = number + 1
                yield json_line({"number": number}) + b"\n"
        finally:
            self.ended.set()

    def lines(self, _: Request, caller: str, thing: str) -> Stream:
        return ndjson_stream(self._counted({"caller": caller, "thing": thing}), _failed)

    def events(self, _: Request, __: str) -> Stream:
        return sse_stream((sse_event(line) for line in self._counted({})), lambda error: sse_event(_failed(error)))

    def seen(self, request: Request, caller: str, thing: str) -> Answer:
        deadline = request.deadline(ManualClock())
        seen = {"thing": thing, "from": request.source_ip, "query": request.query("a"), "deadline": deadline}
        return Answer(200, seen | {"context": request.header("x-amzn-request-context"), "caller": caller})

    def remove(self, _: Request, __: str, thing: str) -> Answer:
        return Answer(204)

    def broken(self, request: Request, _: str) -> Stream:
        if request.query("a"):
            raise ZeroDivisionError
        return ndjson_stream(self._breaking(), _failed)

    def _counted(self, common: Mapping[str, Any]) -> Iterator[bytes]:
        for number in range(3):
            assert self.steps.acquire(timeout=PATIENCE)
            yield json_line({"number": number, **common})
        self.ended.set()

    def _breaking(self) -> Iterator[bytes]:
        yield json_line({"number": 0})
        raise InvalidInputError("broke off")


def _failed(error: Exception) -> bytes:
    return json_line({"failed": type(error).__name__})


KEY = [("x-key", "k")]


async def test_every_chunk_is_sent_before_the_next_is_made() -> None:
    script = Script()
    heard, task = request(script.app(), "POST", "/things/a/lines", headers=KEY)
    for count in range(1, 4):
        script.steps.release()
        await heard.until_chunks(count)
        assert json.loads(heard.chunks[-1]) == {"number": count - 1, "caller": "k", "thing": "a"}
    await task
    assert (heard.status, heard.whole) == (200, True)
    assert heard.header("content-type") == "application/x-ndjson; charset=utf-8"
    assert heard.header("cache-control") == "no-store, no-transform"
    assert heard.header("x-left") == "1"
    assert heard.header("content-length") is None


@pytest.mark.parametrize(("path", "beat"), [("/things/a/lines", b"\n"), ("/events", b": \n\n")])
async def test_an_idle_stream_says_that_it_is_alive(path: str, beat: bytes) -> None:
    script = Script()
    heard, task = request(script.app(idle_seconds=0.02), "POST", path, headers=KEY)
    await heard.until_chunks(2)
    assert heard.chunks[:2] == [beat, beat]
    for _ in range(3):
        script.steps.release()
    await task
    assert heard.body.replace(b"\n\n", b"\n").count(b"number") == 3


async def test_a_client_that_leaves_does_not_end_what_it_began() -> None:
    script = Script()
    heard, task = request(script.app(), "POST", "/things/a/lines", headers=KEY)
    script.steps.release()
    await heard.until_chunks(1)
    heard.left.set()
    await task
    assert not script.ended.is_set()
    script.steps.release()
    script.steps.release()
    assert script.ended.wait(PATIENCE)


async def test_a_failure_on_the_way_is_the_last_chunk() -> None:
    heard = await answered(Script().app(), "POST", "/broken", headers=KEY)
    assert heard.status == 200
    assert [json.loads(line) for line in heard.body.splitlines()] == [{"number": 0}, {"failed": "InvalidInputError"}]


async def test_a_paced_stream_is_made_no_faster_than_it_is_read() -> None:
    script = Script()
    heard, task = request(script.app(), "GET", "/all", headers=KEY)
    await heard.until_chunks(1)
    heard.reads.clear()
    read = len(heard.chunks)
    await asyncio.sleep(0.2)
    assert script.made <= len(heard.body.splitlines()) + AHEAD
    assert not script.ended.is_set()
    heard.reads.set()
    await task
    assert len(heard.body.splitlines()) == MANY
    assert heard.whole
    assert read < len(heard.chunks)


async def test_a_paced_stream_ends_when_nobody_reads_it() -> None:
    script = Script()
    heard, task = request(script.app(), "GET", "/all", headers=KEY)
    await heard.until_chunks(1)
    heard.reads.clear()
    heard.left.set()
    await task
    assert await asyncio.to_thread(script.ended.wait, PATIENCE)
    assert script.made < MANY


async def test_what_has_no_word_for_a_failure_breaks_off() -> None:
    heard, task = request(Script().app(), "GET", "/table", headers=KEY)
    with pytest.raises(BrokenOffError):
        await task
    assert (heard.status, heard.whole) == (200, False)


async def test_a_text_is_answered_whole() -> None:
    heard = await answered(Script().app(), "GET", "/table", headers=KEY, query="whole=1")
    assert (heard.body, heard.header("content-type")) == (b"a,b\n", "text/csv; charset=utf-8")


async def test_a_failure_before_the_first_chunk_is_a_plain_answer() -> None:
    heard = await answered(Script().app(), "POST", "/broken", headers=KEY, query="a=1")
    assert (heard.status, heard.json, heard.header("x-left")) == (500, {"error": "fault"}, "1")


@pytest.mark.parametrize(
    ("method", "path", "key", "status", "left"),
    [
        ("GET", "/things/a", None, 400, None),
        ("GET", "/things/a", "spent", 400, "0"),
        ("GET", "/nothing", None, 400, None),
        ("GET", "/nothing", "k", 404, "1"),
        ("GET", "/things//", "k", 404, "1"),
        ("PUT", "/things/a/", "k", 405, "1"),
        ("GET", "/things/a/", "k", 200, "1"),
        ("DELETE", "/things/a", "k", 204, "1"),
    ],
)
async def test_gate_then_route(method: str, path: str, key: str | None, status: int, left: str | None) -> None:
    heard = await answered(Script().app(), method, path, headers=[("X-Key", key)] if key else [])
    assert (heard.status, heard.header("x-left")) == (status, left)
    if status == 405:
        assert heard.header("allow") == "DELETE, GET"
    if status == 204:
        assert heard.body == b""


async def test_parts_of_the_path_are_decoded_once_and_hold_slashes() -> None:
    heard = await answered(Script().app(), "GET", "/things/a%2Fb%2520c%C3%A9", headers=KEY, query="a=1&a=%26")
    assert heard.json["thing"] == "a/b%20cé"
    assert heard.json["query"] == "&"


async def test_the_address_is_the_gateways_word_and_no_header_of_a_clients() -> None:
    claims = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1"), ("x-real-ip", "198.51.100.1")]
    heard = await answered(Script().app(), "GET", "/things/a", headers=[*KEY, *claims])
    assert heard.json["from"] == ADDRESS
    assert heard.json["context"] is None


async def test_without_a_word_on_who_calls_nobody_is_believed() -> None:
    heard = await answered(Script().app(), "GET", "/things/a", headers=KEY, adapter=False)
    assert heard.status == 500


@pytest.mark.parametrize(("context", "deadline"), [(None, 840.0), ({"deadline": 300_000}, 290.0)])
async def test_a_reply_must_be_made_before_the_function_is_cut_off(context: object, deadline: float) -> None:
    clock = ManualClock()
    headers = list(KEY)
    if context:
        headers.append(("x-amzn-lambda-context", json.dumps({"deadline": clock.now() + 300_000})))
    heard = await answered(Script().app(), "GET", "/things/a", headers=headers)
    assert heard.json["deadline"] == pytest.approx(clock.monotonic() + deadline)


async def test_a_body_comes_in_pieces_and_may_be_too_large() -> None:
    app = Script().app()
    heard = await answered(app, "POST", "/echo", headers=KEY, body=[b'{"a":', b"1}"])
    assert heard.json == {"a": 1}
    heard = await answered(app, "POST", "/echo", headers=KEY, body=[b" " * BODY_BYTES_MAX, b" ", b"{}"])
    assert heard.json == {"error": "The body is larger than 1 MB."}
    heard = await answered(app, "POST", "/echo", headers=KEY, body=[b"\xff"])
    assert heard.json == {"error": "The body is not valid UTF-8."}


async def test_it_is_ready_once_it_is_built() -> None:
    built: list[int] = []

    def build() -> StreamingGroup[str]:
        built.append(1)
        return StreamingGroup([], gate=gate, explain=explain)

    app = streaming_app(build)
    assert built == []
    assert (await answered(app, "GET", "/_ready", adapter=False)).status == 204
    assert built == [1]


class Context:
    aws_request_id = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def event(method: str, path: str, **headers: str) -> dict[str, Any]:
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"X-Key": "k", **headers},
        "multiValueHeaders": None,
        "queryStringParameters": None,
        "requestContext": {"identity": {"sourceIp": ADDRESS}},
        "body": None,
        "isBase64Encoded": False,
    }


def test_invoked_with_an_event_it_answers_when_all_is_said() -> None:
    script = Script()
    for _ in range(3):
        script.steps.release()
    answer = buffered(script.app())(event("POST", "/things/a%2Fb/lines"), Context())  # type: ignore[arg-type]
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is False
    lines = [json.loads(line) for line in answer["body"].splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2]
    assert lines[0]["thing"] == "a/b"
    assert script.ended.is_set()


def test_invoked_with_an_event_it_believes_the_event_alone() -> None:
    claims = {"x-amzn-request-context": '{"identity":{"sourceIp":"198.51.100.1"}}', "X-Forwarded-For": "198.51.100.1"}
    handler = buffered(Script().app())
    for _ in range(2):
        answer = handler(event("GET", "/things/a", **claims), Context())  # type: ignore[arg-type]
        assert json.loads(answer["body"])["from"] == ADDRESS
