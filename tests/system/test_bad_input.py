"""What a client can do wrong, over the deployed stack: the contract's error each time, and never a 500."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.local.cloud import LocalCloud
from tests.system.client import House, error_of, refusal

pytestmark = [pytest.mark.system, pytest.mark.anyio]

_CHATS = "/api/v1/chats"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "INVALID_PARAMETER"),
        (b"[]", 400, "INVALID_PARAMETER"),
        (b"\xff\xfe", 400, "INVALID_PARAMETER"),
        (b"{}", 400, "MISSING_PARAMETER"),
        (b'{"user_id": 7}', 400, "INVALID_PARAMETER"),
        (b'{"user_id": ""}', 400, "INVALID_PARAMETER"),
        (b'{"user_id": "ada", "title": {}}', 400, "INVALID_PARAMETER"),
        (b'{"user_id": "ada", "metadata": []}', 400, "INVALID_PARAMETER"),
        (b'{"user_id": "ada", "agent_id": "nobody"}', 404, "AGENT_NOT_FOUND"),
        (b'{"user_id": "' + b"x" * 1_100_000 + b'"}', 413, "PAYLOAD_TOO_LARGE"),
        (b'{"user_id": "' + b"x" * 11_000_000 + b'"}', 413, None),
    ],
    ids=["cut", "list", "binary", "empty", "number", "blank", "title", "metadata", "agent", "1 MB", "11 MB"],
)
async def test_a_creation_that_cannot_be(house: House, body: bytes, status: int, code: str | None) -> None:
    async with house.rest() as rest:
        answer = await rest.http.post(_CHATS, content=body, headers={"Content-Type": "application/json"})

    error = error_of(answer)
    assert answer.status_code == status
    assert code in {None, error["code"]}


@pytest.mark.parametrize(
    "query", ["offset=-1", "offset=x", "limit=0", "limit=101", "limit=1.5", "order=sideways", "offset=9999999999999"]
)
async def test_a_page_that_cannot_be(house: House, query: str) -> None:
    async with house.rest() as rest:
        chat = await rest.create_chat()
        answer = await rest.http.get(f"{_CHATS}/{chat}/messages?{query}")

    assert (answer.status_code, error_of(answer)["code"]) == (400, "INVALID_PARAMETER")


async def test_what_is_not_there_or_not_ones_own_is_the_same_404(
    build_house: Callable[..., House], house: House
) -> None:
    stranger = build_house()
    async with house.rest() as rest, stranger.rest() as other:
        chat = await rest.create_chat()
        turn = f"turn_{'0' * 24}1"
        for method, rest_of_path in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/messages"),
            ("GET", f"/turns/{turn}"),
            ("POST", f"/turns/{turn}/stop"),
            ("POST", "/tickets"),
        ]:
            foreign = await other.http.request(method, f"{_CHATS}/{chat}{rest_of_path}")
            unknown = await other.http.request(method, f"{_CHATS}/chat_{'0' * 24}{rest_of_path}")
            assert foreign.status_code == unknown.status_code == 404, method + rest_of_path
            assert error_of(foreign) == error_of(unknown)
            assert error_of(foreign)["code"] == "CHAT_NOT_FOUND"
        assert (await rest.chat(chat))["id"] == chat
        nobody = await rest.http.get(f"{_CHATS}/user/nobody")
        assert (nobody.status_code, error_of(nobody)["code"]) == (404, "USER_NOT_FOUND")


async def test_a_key_that_is_none_or_unknown_or_revoked(
    cloud: LocalCloud, deployment: Deployment, house: House
) -> None:
    revoked = operations.create_key(deployment, house.tenant_id, "revoked")
    operations.revoke_key(deployment, house.tenant_id, revoked.key.id)
    async with house.rest() as rest:
        for headers in ({"X-API-Key": ""}, {"X-API-Key": "pk_unknown"}, {"X-API-Key": revoked.secret}):
            answer = await rest.http.get(f"{_CHATS}/chat_1", headers=headers)
            assert (answer.status_code, error_of(answer)["code"]) == (401, "INVALID_API_KEY")
            shown = {"api_key": headers["X-API-Key"], "user_id": "ada", "chat_id": "chat_1"}
            assert (await refusal(cloud.websocket_url, query=shown))[0] == 401


async def test_paths_and_methods_that_are_not_there(cloud: LocalCloud, house: House) -> None:
    async with house.rest() as rest:
        chat = await rest.create_chat()
        for method, path, status in [
            ("PUT", f"{_CHATS}/{chat}", 405),
            ("PATCH", _CHATS, 405),
            ("POST", f"{_CHATS}/{chat}/messages", 405),
            ("GET", f"{_CHATS}/{chat}/nothing", 404),
            ("GET", "/api/v1/nothing", 404),
        ]:
            answer = await rest.http.request(method, path)
            assert answer.status_code == status, (method, path, answer.text)
            error_of(answer)


async def test_a_handshake_that_is_not_entitled(build_house: Callable[..., House], house: House) -> None:
    stranger = build_house()
    async with house.rest() as rest:
        chat = await rest.create_chat("ada")
    shown = {"api_key": house.api_key, "user_id": "ada", "chat_id": chat}
    for change, status in [
        ({"user_id": "bob"}, 403),
        ({"chat_id": f"chat_{'0' * 24}"}, 403),
        ({"api_key": stranger.api_key}, 403),
    ]:
        assert (await refusal(house.websocket_url, query=shown | change))[0] == status, change
    for missing, status in [("api_key", 401), ("user_id", 403), ("chat_id", 403)]:
        rest_of_them = {name: value for name, value in shown.items() if name != missing}
        assert (await refusal(house.websocket_url, query=rest_of_them))[0] == status, missing


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "INVALID_MESSAGE"),
        ("[]", "INVALID_MESSAGE"),
        ('"text"', "INVALID_MESSAGE"),
        ("{}", "INVALID_MESSAGE"),
        ('{"content": ""}', "INVALID_MESSAGE"),
        ('{"content": 7}', "INVALID_MESSAGE"),
        ('{"content": "x", "metadata": 7}', "INVALID_MESSAGE"),
        ('{"content": "' + "x" * 25_000 + '"}', "MESSAGE_TOO_LARGE"),
        ('{"action": "dance"}', "INVALID_MESSAGE"),
        ('{"action": "stop"}', "MISSING_PARAMETER"),
        ('{"action": "resume"}', "MISSING_PARAMETER"),
        ('{"action": "stop", "message_id": "msg_of_nobody"}', "INVALID_MESSAGE"),
    ],
)
async def test_a_frame_that_cannot_be_is_an_error_event_and_the_connection_stays(
    house: House, frame: str, code: str
) -> None:
    async with house.rest() as rest:
        chat = await rest.create_chat()
        async with house.line(chat) as line:
            await line.send_raw(frame)
            error = await line.event("error")
            await line.send(action="ping")
            await line.event("pong")
        messages = await rest.messages(chat)

    assert error["code"] == code
    assert messages == []


@pytest.mark.parametrize(("frame", "code"), [("x" * 200_000, 1009), ("x" * 1_000_000, 1009), (b"binary", 1003)])
async def test_a_frame_that_the_platform_refuses_closes_the_connection(
    house: House, frame: str | bytes, code: int
) -> None:
    async with house.rest() as rest:
        chat = await rest.create_chat()
        async with house.line(chat) as line:
            await line.send_raw(frame)
            assert await line.closed() == code


async def test_the_101st_request_of_a_minute_is_refused(build_house: Callable[..., House]) -> None:
    house = build_house(limits=Limits())
    async with house.rest() as rest:
        answers: list[Any] = [await rest.http.get(f"{_CHATS}/user/nobody") for _ in range(101)]

    assert {answer.status_code for answer in answers[:100]} == {404}
    assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers[:100]] == list(range(99, -1, -1))
    last = answers[100]
    assert (last.status_code, error_of(last)["code"]) == (429, "RATE_LIMITED")
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert last.headers["ratelimit-policy"] == '"rest";q=100;w=60'


async def test_an_eleventh_message_in_a_second_is_refused_and_the_connection_stays(
    build_house: Callable[..., House],
) -> None:
    house = build_house(limits=Limits(rest_per_minute=1000))
    async with house.rest() as rest:
        chat = await rest.create_chat()
        async with house.line(chat) as line:
            for _ in range(40):
                await line.send(action="ping")
            await line.until(lambda: len(line.all("pong")) + len(line.all("error")) == 40, "40 answers")
            retry_after = line.all("error")[-1]["details"]["retry_after"]
            await asyncio.sleep(retry_after + 0.1)
            await line.say("Still there?")

    assert {error["code"] for error in line.all("error")} == {"RATE_LIMITED"}
    assert len(line.all("pong")) >= 10


async def test_fifty_of_sixty_connections_at_once_are_let_in(build_house: Callable[..., House]) -> None:
    house = build_house(limits=Limits(rest_per_minute=1000))
    async with house.rest() as rest:
        chat = await rest.create_chat()
    url = f"{house.websocket_url}?api_key={house.api_key}&user_id=ada&chat_id={chat}"

    async def attempt() -> Any:
        try:
            return await connect(url, proxy=None, open_timeout=120, ping_interval=None)
        except InvalidStatus as error:
            return error.response.status_code

    results = await asyncio.gather(*(attempt() for _ in range(60)))
    opened = [one for one in results if not isinstance(one, int)]
    assert [one for one in results if isinstance(one, int)] == [429] * 10
    await asyncio.gather(*(one.close() for one in opened[:5]))
    freed = [await attempt()]
    for pause in (0.5, 1, 2, 4, 8):
        if isinstance(freed[-1], int):
            await asyncio.sleep(pause)  # $disconnect comes after the socket has gone
            freed.append(await attempt())
    assert not isinstance(freed[-1], int)
    await asyncio.gather(*(one.close() for one in [freed[-1], *opened[5:]]))
