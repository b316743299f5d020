"""What clients can do wrong, and what each of it is told: the contract's words, never a 500, never our insides."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import httpx
import pytest

from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.system.client import House, Line, error_of, line, refusal

pytestmark = [pytest.mark.system, pytest.mark.anyio]

ROOT = "/api/v1/chats"
NOBODYS_CHAT = f"chat_{'0' * 24}"
NOBODYS_TURN = f"turn_{'0' * 24}1"
NOBODYS_MESSAGE = f"msg_{'0' * 24}2"

INSIDES = re.compile(
    r"traceback|botocore|boto3|dynamodb|lambda|arn:aws|ministack|uvicorn|hypercorn|starlette|python|\.py\b|"
    r"/var/task|/home/|/tmp/|exception\b|pydantic|ConditionalCheck|127\.0\.0\.1",
    re.IGNORECASE,
)
# What API Gateway itself adds to every answer: it names the request, and its own kind of error.
GATEWAYS_OWN = {"x-amzn-requestid", "x-amz-request-id", "x-amzn-errortype", "x-amzn-trace-id"}


def shows_nothing(answer: httpx.Response) -> None:
    """Neither body nor headers say what the answer was made with."""
    told = {name: value for name, value in answer.headers.items() if name not in GATEWAYS_OWN}
    assert "server" not in told
    for text in (answer.text, *told, *told.values()):
        assert not INSIDES.search(text), text


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text[:500]
    error = error_of(answer)
    assert error["code"] == code
    shows_nothing(answer)
    return error


# ---------------------------------------------------------------- REST


def body(**fields: Any) -> bytes:
    return json.dumps({"user_id": "ada", **fields}).encode()


@pytest.mark.parametrize(
    ("content", "status", "code", "parameter"),
    [
        pytest.param(b"{", 400, "INVALID_PARAMETER", None, id="cut off"),
        pytest.param(b"", 400, "INVALID_PARAMETER", None, id="nothing"),
        pytest.param(b"[]", 400, "INVALID_PARAMETER", None, id="a list"),
        pytest.param(b'"ada"', 400, "INVALID_PARAMETER", None, id="a text"),
        pytest.param(b"\xff\xfe", 400, "INVALID_PARAMETER", None, id="not UTF-8"),
        pytest.param(b'{"user_id": "\\ud800"}', 400, "INVALID_PARAMETER", None, id="half a character"),
        pytest.param(b'{"user_id": "ada", "metadata": {"n": NaN}}', 400, "INVALID_PARAMETER", None, id="NaN"),
        pytest.param(b"[" * 100_000, 400, "INVALID_PARAMETER", None, id="100,000 deep"),
        pytest.param(b"{}", 400, "MISSING_PARAMETER", "user_id", id="no user"),
        pytest.param(body(user_id=7), 400, "INVALID_PARAMETER", "user_id", id="a user that is a number"),
        pytest.param(body(user_id=None), 400, "INVALID_PARAMETER", "user_id", id="a user that is null"),
        pytest.param(body(user_id=""), 400, "INVALID_PARAMETER", "user_id", id="an empty user"),
        pytest.param(body(user_id="x" * 257), 400, "INVALID_PARAMETER", "user_id", id="a long user"),
        pytest.param(body(user_id="a\nb"), 400, "INVALID_PARAMETER", "user_id", id="a user of two lines"),
        pytest.param(body(title=["Tea"]), 400, "INVALID_PARAMETER", "title", id="a title that is a list"),
        pytest.param(body(metadata="{}"), 400, "INVALID_PARAMETER", "metadata", id="metadata that is text"),
        pytest.param(body(metadata={"a": "x" * 17_000}), 400, "INVALID_PARAMETER", "metadata", id="much metadata"),
        pytest.param(body(agent_id="nobody"), 404, "AGENT_NOT_FOUND", None, id="an unknown agent"),
        pytest.param(body(title="x" * 1_048_576), 413, "PAYLOAD_TOO_LARGE", None, id="1 MB"),
        pytest.param(body(title="x" * 10_485_760), 413, "PAYLOAD_TOO_LARGE", None, id="10 MB"),
    ],
)
async def test_a_creation_that_cannot_be(
    house: House, content: bytes, status: int, code: str, parameter: str | None
) -> None:
    async with house.rest() as rest:
        error = refused(await rest.http.post(ROOT, content=content), status, code)
        assert error.get("details", {}).get("parameter") == parameter
        refused(await rest.http.get(f"{ROOT}/user/ada"), 404, "USER_NOT_FOUND")


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tin it"])
async def test_an_idempotency_key_that_is_none(house: House, key: str) -> None:
    async with house.rest() as rest:
        answer = await rest.http.post(ROOT, json={"user_id": "ada"}, headers={"Idempotency-Key": key})
        refused(answer, 400, "INVALID_PARAMETER")


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "offset=x", "offset=1e3", "limit=0", "limit=101", "limit=", "order=up", "offset=9" + "9" * 20],
)
async def test_a_page_that_cannot_be(house: House, query: str) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        for path in (f"/{chat_id}/messages", "/user/ada"):
            error = refused(await rest.http.get(f"{ROOT}{path}?{query}"), 400, "INVALID_PARAMETER")
            assert error["details"]["parameter"] == query.partition("=")[0]


def calls_on(chat_id: str) -> Iterator[tuple[str, str]]:
    """Every call that names a chat."""
    yield from (
        ("GET", f"{ROOT}/{chat_id}"),
        ("GET", f"{ROOT}/{chat_id}/messages"),
        ("GET", f"{ROOT}/{chat_id}/turns/{NOBODYS_TURN}"),
        ("POST", f"{ROOT}/{chat_id}/turns/{NOBODYS_TURN}/stop"),
        ("POST", f"{ROOT}/{chat_id}/tickets"),
        ("DELETE", f"{ROOT}/{chat_id}"),
    )


async def test_another_tenants_chat_looks_like_none(build_house: Callable[..., House], house: House) -> None:
    neighbour = build_house()
    async with house.rest() as rest, neighbour.rest() as other:
        chat_id = await rest.create_chat()
        for unknown in (chat_id, NOBODYS_CHAT, "no-chat", "..", "%00", "chat%2Fchat", "x" * 500):
            for method, path in calls_on(unknown):
                if unknown == "..":
                    path = path.replace("..", "%2e%2e")  # noqa: PLW2901 - what httpx would otherwise resolve itself
                answer = await other.http.request(method, path)
                assert answer.status_code == 404, (method, path, answer.text)
                assert error_of(answer)["code"] in {"CHAT_NOT_FOUND", "NOT_FOUND"}
                shows_nothing(answer)
        for method, path in calls_on(chat_id):
            refused(await other.http.request(method, path), 404, "CHAT_NOT_FOUND")
        refused(await other.http.get(f"{ROOT}/user/ada"), 404, "USER_NOT_FOUND")
        assert (await rest.chat(chat_id))["id"] == chat_id


@pytest.mark.parametrize("turn", [NOBODYS_TURN, "turn_1", "no-turn", "x" * 300])
async def test_a_turn_that_is_none(house: House, turn: str) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        refused(await rest.http.get(f"{ROOT}/{chat_id}/turns/{turn}"), 404, "TURN_NOT_FOUND")
        refused(await rest.http.post(f"{ROOT}/{chat_id}/turns/{turn}/stop"), 404, "TURN_NOT_FOUND")


@pytest.mark.parametrize("key", [None, "", "pk_unknown", "pk_" + "x" * 5_000, "ключ".encode()])
async def test_a_key_that_is_none_opens_nothing(house: House, key: str | bytes | None) -> None:
    async with house.rest() as rest, httpx.AsyncClient(base_url=house.base_url, trust_env=False, timeout=60) as client:
        chat_id = await rest.create_chat()
        headers: Mapping[str, str | bytes] = {} if key is None else {"X-API-Key": key}
        for method, path in (*calls_on(chat_id), ("POST", ROOT), ("GET", f"{ROOT}/user/ada")):
            answer = await client.request(method, path, headers=headers)  # type: ignore[arg-type]
            refused(answer, 401, "INVALID_API_KEY")
        assert (await rest.chat(chat_id))["id"] == chat_id


async def test_a_revoked_key_opens_nothing(house: House, deployment: Deployment) -> None:
    issued = operations.create_key(deployment, house.tenant_id, "revoked before use")
    operations.revoke_key(deployment, house.tenant_id, issued.key.id)
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        answer = await rest.http.get(f"{ROOT}/{chat_id}", headers={"X-API-Key": issued.secret})
    refused(answer, 401, "INVALID_API_KEY")
    shown = {"api_key": issued.secret, "user_id": "ada", "chat_id": chat_id}
    assert (await refusal(house.websocket_url, query=shown))[0] == 401


async def test_a_key_revoked_in_use_is_refused_within_a_minute(house: House, deployment: Deployment) -> None:
    """By REST, by new handshakes, and by the connections that were opened with it, which are closed."""
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            await opened.stream(await opened.ask("Hello?"))
            operations.revoke_key(deployment, house.tenant_id, house.key_id)
            revoked_at = sent_at = time.monotonic()
            while not opened.all("error"):
                assert sent_at < revoked_at + 60
                sent_at, pongs = time.monotonic(), len(opened.all("pong"))
                await opened.send(action="ping")
                await opened.until(partial(heard_more, opened, pongs), "a pong or a refusal")
                await opened.within(1, lambda: bool(opened.all("error")))
            assert [error["code"] for error in opened.all("error")] == ["INVALID_API_KEY"]
            assert await opened.closed() == 1000
        await asyncio.sleep(max(0.0, revoked_at + 60 - time.monotonic()))
        refused(await rest.http.get(f"{ROOT}/{chat_id}"), 401, "INVALID_API_KEY")
    shown = {"api_key": house.api_key, "user_id": "ada", "chat_id": chat_id}
    assert (await refusal(house.websocket_url, query=shown))[0] == 401


def heard_more(opened: Line, pongs: int) -> bool:
    return len(opened.all("pong")) > pongs or bool(opened.all("error"))


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", ROOT, 405, "METHOD_NOT_ALLOWED"),
        ("PUT", f"{ROOT}/{NOBODYS_CHAT}", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", f"{ROOT}/{NOBODYS_CHAT}/messages", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", f"{ROOT}/user/ada", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", ROOT, 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", ROOT, 404, "NOT_FOUND"),
        ("GET", f"{ROOT}/{NOBODYS_CHAT}/nothing", 404, "NOT_FOUND"),
        ("GET", f"{ROOT}/{NOBODYS_CHAT}/messages/more", 404, "NOT_FOUND"),
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v2/chats", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
    ],
)
async def test_a_path_or_method_that_is_not_there(house: House, method: str, path: str, status: int, code: str) -> None:
    async with house.rest() as rest:
        refused(await rest.http.request(method, path), status, code)


# ---------------------------------------------------------------- WebSocket


async def test_a_refused_handshake_is_a_plain_status(build_house: Callable[..., House], house: House) -> None:
    neighbour, full = build_house(), build_house(limits=Limits(connections=0))
    async with house.rest() as rest, full.rest() as rest_of_full:
        chat_id, full_chat_id = await rest.create_chat(), await rest_of_full.create_chat()
    good = {"api_key": house.api_key, "user_id": "ada", "chat_id": chat_id}
    bad: list[tuple[dict[str, str], int]] = [
        ({}, 401),
        (good | {"api_key": ""}, 401),
        (good | {"api_key": "pk_unknown"}, 401),
        ({"ticket": "tk_unknown"}, 401),
        ({"ticket": ""}, 401),
        (good | {"user_id": ""}, 403),
        (good | {"chat_id": ""}, 403),
        (good | {"chat_id": NOBODYS_CHAT}, 403),
        (good | {"chat_id": "../admin"}, 403),
        (good | {"user_id": "bob"}, 403),
        (good | {"api_key": neighbour.api_key}, 403),
        (good | {"api_key": full.api_key, "chat_id": full_chat_id}, 429),
    ]
    for query, status in bad:
        answered, told = await refusal(house.websocket_url, query=query)
        assert answered == status, query
        assert set(told) == {"message", "connectionId", "requestId"}
        assert house.api_key not in str(told)


async def test_credentials_may_stand_in_headers(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
    shown = {"X-API-Key": house.api_key, "X-User-ID": "ada", "X-Chat-ID": chat_id}
    async with line(house.websocket_url, headers=shown) as opened:
        await opened.event("connection_established", chat_id=chat_id)
    for name in shown:
        less = {header: value for header, value in shown.items() if header != name}
        assert (await refusal(house.websocket_url, headers=less))[0] == (401 if name == "X-API-Key" else 403)


def frame(**fields: Any) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param("{", "INVALID_MESSAGE", id="cut off"),
        pytest.param("", "INVALID_MESSAGE", id="nothing"),
        pytest.param("[]", "INVALID_MESSAGE", id="a list"),
        pytest.param("hello", "INVALID_MESSAGE", id="plain text"),
        pytest.param("[" * 20_000, "INVALID_MESSAGE", id="20,000 deep"),
        pytest.param("{}", "INVALID_MESSAGE", id="no content"),
        pytest.param(frame(content=None), "INVALID_MESSAGE", id="content that is null"),
        pytest.param(frame(content=["hi"]), "INVALID_MESSAGE", id="content that is a list"),
        pytest.param(frame(content=""), "INVALID_MESSAGE", id="empty content"),
        pytest.param(frame(content=" \n\t"), "INVALID_MESSAGE", id="blank content"),
        pytest.param('{"content": "\\ud800"}', "INVALID_MESSAGE", id="half a character"),
        pytest.param(frame(content="hi", metadata=[]), "INVALID_MESSAGE", id="metadata that is a list"),
        pytest.param(frame(content="hi", metadata={"a": "x" * 17_000}), "INVALID_MESSAGE", id="much metadata"),
        pytest.param(frame(content="hi", client_message_id=7), "INVALID_MESSAGE", id="an id that is a number"),
        pytest.param(frame(content="hi", client_message_id=""), "INVALID_MESSAGE", id="an empty id"),
        pytest.param(frame(content="x" * (24 * 1024 + 1)), "MESSAGE_TOO_LARGE", id="a byte more than 24 KB"),
        pytest.param(frame(content="x" * 32_000), "MESSAGE_TOO_LARGE", id="almost 32 KB"),
        pytest.param(frame(action="dance"), "INVALID_MESSAGE", id="an unknown action"),
        pytest.param(frame(action=1), "INVALID_MESSAGE", id="an action that is a number"),
        pytest.param(frame(action="stop"), "MISSING_PARAMETER", id="a stop of nothing"),
        pytest.param(frame(action="resume", after_index=0), "MISSING_PARAMETER", id="a resume of nothing"),
        pytest.param(frame(action="stop", message_id=NOBODYS_MESSAGE), "INVALID_MESSAGE", id="a stop of nobody's"),
        pytest.param(frame(action="resume", message_id="x", after_index=-2), "INVALID_MESSAGE", id="an index below -1"),
        pytest.param(frame(action="resume", message_id=NOBODYS_MESSAGE), "INVALID_MESSAGE", id="a resume of nobody's"),
    ],
)
async def test_a_frame_that_cannot_be_is_told_so_and_the_connection_stays(house: House, sent: str, code: str) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            await opened.send_raw(sent)
            error = await opened.event("error")
            await opened.send(action="ping")
            await opened.event("pong")
        assert await rest.messages(chat_id) == []

    assert error["code"] == code
    assert {"event_type", "timestamp", "code", "message"} <= set(error)
    assert set(error) <= {"event_type", "timestamp", "code", "message", "details"}
    assert not INSIDES.search(json.dumps(error))
    assert len(opened.all("error")) == 1


async def test_content_of_24_kb_is_taken_and_comes_back_over_rest(house: House) -> None:
    """Its receipt would pass the platform's 32 KB with these characters, so it leaves the content out."""
    content = "\x00" * 1_000 + "ü" * 11_000
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            await opened.send_raw(json.dumps({"content": content}, ensure_ascii=False))
            await opened.event("message_received")
            await opened.event("message_stream_ended")
        assert (await rest.messages(chat_id))[0]["content"] == content


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(content="x" * 33_000), 1009, id="33 KB"),
        pytest.param(frame(content="x" * 200_000), 1009, id="200 KB"),
        pytest.param(frame(content="x" * 1_000_000), 1009, id="1 MB"),
        pytest.param(b'{"content": "hello"}', 1003, id="binary"),
    ],
)
async def test_a_frame_that_the_platform_does_not_take_ends_the_connection(
    house: House, sent: str | bytes, code: int
) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            await opened.send_raw(sent)
            assert await opened.closed() == code
        assert await rest.messages(chat_id) == []
        await still_usable(house, chat_id)


async def still_usable(house: House, chat_id: str) -> None:
    async with house.line(chat_id) as again:
        await again.send(action="ping")
        await again.event("pong")
