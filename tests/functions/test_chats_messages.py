"""Messages sent over HTTP, through the function's own entry point."""

import re
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent
from parlance.clock import SystemClock
from parlance.identity.model import Limits
from parlance.storage.agents import AgentRepository
from tests.functions.cloud import Cloud, House

STREAMED = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def house(cloud: Cloud) -> House:
    return cloud.house()


@pytest.fixture
def chat_id(cloud: Cloud, house: House) -> str:
    return cloud.chat(house)


@pytest.fixture
def speechless(cloud: Cloud) -> House:
    """A tenant whose agent has a model that is not configured."""
    house, now = cloud.house(agent=False), SystemClock().now()
    AgentRepository(cloud.table).create(Agent(house.tenant_id, "default", "Ada", "", now, now, model="none"))
    return house


def test_the_reply_is_the_stored_message(cloud: Cloud, house: House, chat_id: str) -> None:
    sent = {"content": "Hello?", "metadata": {"page": 1}, "client_message_id": 7}
    reply = cloud.say(chat_id, key=house.key, body=sent)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    page = cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body
    assert page["messages"][1] == reply.body
    assert (page["messages"][0]["content"], page["messages"][0]["metadata"]) == ("Hello?", {"page": 1})
    assert reply.body["sender_role"] == "assistant"
    assert reply.body["metadata"]["model"] == "extractive"
    assert reply.body["metadata"]["tokens_used"] > 0
    assert page["total"] == 2


def test_the_events_are_those_of_the_websocket(cloud: Cloud, house: House, chat_id: str) -> None:
    reply = cloud.say(chat_id, tail="/", key=house.key, body={"content": "Hello?"}, headers=STREAMED)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/x-ndjson; charset=utf-8")
    received, started, *tokens, ended = reply.lines
    assert received["event_type"] == "message_received"
    assert (received["content"], received["chat_id"]) == ("Hello?", chat_id)
    assert started["event_type"] == "message_stream_started"
    assert (started["attempt"], started["chat_id"]) == (1, chat_id)
    assert [token["index"] for token in tokens] == list(range(len(tokens)))
    assert {token["message_id"] for token in tokens} == {started["message_id"]}
    assert ended["event_type"] == "message_stream_ended"
    assert "".join(token["token"] for token in tokens) == ended["content"]
    turn = cloud.rest("GET", f"/api/v1/chats/{chat_id}/turns/{started['turn_id']}", key=house.key).body
    assert (turn["state"], turn["reply_id"], turn["message_id"]) == (
        "done",
        ended["message_id"],
        received["message_id"],
    )


def test_no_queue_is_needed_for_the_reply(cloud: Cloud, house: House, chat_id: str) -> None:
    cloud.work()
    cloud.say(chat_id, key=house.key, body={"content": "Hello?"})
    assert cloud.work() == []


def test_the_same_key_gives_the_first_reply(cloud: Cloud, house: House, chat_id: str) -> None:
    headers = {"idempotency-key": uuid4().hex}
    first, second = (cloud.say(chat_id, key=house.key, headers=headers, body={"content": "Hello?"}) for _ in range(2))
    assert (second.status, second.body) == (200, first.body)
    streamed = cloud.say(chat_id, key=house.key, headers=headers | STREAMED, body={"content": "Hello?"})
    assert streamed.lines[-1]["content"] == first.body["content"]
    other = cloud.say(chat_id, key=house.key, headers=headers | STREAMED, body={"content": "Goodbye?"})
    assert (other.status, other.error["code"]) == (409, "CONFLICT")
    assert cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["total"] == 2


def test_a_failed_reply_is_a_plain_error_or_the_last_event(cloud: Cloud, speechless: House) -> None:
    chat_id, headers = cloud.chat(speechless), {"idempotency-key": "k"}
    plain = cloud.say(chat_id, key=speechless.key, headers=headers, body={"content": "Hello?"})
    assert (plain.status, plain.error["code"]) == (502, "AGENT_ERROR")
    turn_id = plain.error["details"]["turn_id"]
    turn = cloud.rest("GET", f"/api/v1/chats/{chat_id}/turns/{turn_id}", key=speechless.key).body
    assert (turn["state"], turn["error"]["code"]) == ("failed", "AGENT_ERROR")

    streamed = cloud.say(chat_id, key=speechless.key, headers=STREAMED, body={"content": "Hello?"})
    assert streamed.status == 200
    assert [line["event_type"] for line in streamed.lines] == ["message_received", "message_stream_started", "error"]
    assert streamed.lines[-1]["code"] == "AGENT_ERROR"
    assert streamed.lines[-1]["details"]["turn_id"] == streamed.lines[1]["turn_id"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "INVALID_PARAMETER"),
        ("[]", 400, "INVALID_PARAMETER"),
        ('{"content": ', 400, "INVALID_PARAMETER"),
        ('{"content": NaN}', 400, "INVALID_PARAMETER"),
        ("{}", 400, "MISSING_PARAMETER"),
        ('{"content": 7}', 400, "INVALID_PARAMETER"),
        ('{"content": " \\n"}', 400, "INVALID_PARAMETER"),
        ('{"content": "\\ud800"}', 400, "INVALID_PARAMETER"),
        ('{"content": "x", "metadata": []}', 400, "INVALID_PARAMETER"),
        ('{"content": "' + "x" * (24 * 1024 + 1) + '"}', 413, "PAYLOAD_TOO_LARGE"),
        ('{"content": "x", "metadata": {"a": "' + "x" * 16 * 1024 + '"}}', 400, "INVALID_PARAMETER"),
    ],
)
@pytest.mark.parametrize("headers", [{}, STREAMED])
def test_what_is_wrong_is_said_in_a_status(
    cloud: Cloud, house: House, chat_id: str, body: str | None, status: int, code: str, headers: dict[str, str]
) -> None:
    reply = cloud.say(chat_id, key=house.key, raw_body=body, headers=headers)
    assert (reply.status, reply.error["code"]) == (status, code)
    assert "ratelimit" in reply.headers
    assert cloud.rest("GET", f"/api/v1/chats/{chat_id}", key=house.key).body["last_message_at"] is None


@pytest.mark.parametrize("key", ["", "x" * 256, "\n"])
def test_a_key_of_repetition_has_its_bounds(cloud: Cloud, house: House, chat_id: str, key: str) -> None:
    reply = cloud.say(chat_id, key=house.key, body={"content": "Hello?"}, headers={"Idempotency-Key": key})
    assert (reply.status, reply.error["details"]) == (400, {"parameter": "Idempotency-Key"})


@pytest.mark.parametrize("headers", [{}, STREAMED])
def test_what_belongs_to_another_tenant_is_not_there(
    cloud: Cloud, house: House, chat_id: str, headers: dict[str, str]
) -> None:
    for one in (chat_id, "chat_none", "%00", "a" * 4000):
        reply = cloud.say(one, key=cloud.house().key, headers=headers, body={"content": "Hello?"})
        assert (reply.status, reply.error["code"]) == (404, "CHAT_NOT_FOUND")
    assert cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["total"] == 0


@pytest.mark.parametrize("key", [None, "", "pk_x", "pk_" + "A" * 43, "schlüssel"])
def test_a_caller_without_a_good_key_is_refused(cloud: Cloud, chat_id: str, key: str | None) -> None:
    reply = cloud.say(chat_id, key=key, body={"content": "Hello?"})
    assert (reply.status, reply.error["code"]) == (401, "INVALID_API_KEY")
    assert "ratelimit" not in reply.headers


def test_both_groups_count_on_one_limit(cloud: Cloud) -> None:
    house = cloud.house(limits=Limits(rest_per_minute=3))
    chat_id = cloud.chat(house)
    first = cloud.say(chat_id, key=house.key, body={"content": "Hello?"})
    assert first.headers["x-ratelimit-remaining"] == "1"
    assert re.fullmatch(r'"rest";r=1;t=\d+', first.headers["ratelimit"])
    assert cloud.rest("GET", f"/api/v1/chats/{chat_id}", key=house.key).status == 200
    refused = cloud.say(chat_id, key=house.key, body={"content": "Hello?"}, headers=STREAMED)
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) == refused.error["details"]["retry_after"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_it_takes_messages_only(cloud: Cloud, house: House, chat_id: str, method: str) -> None:
    reply = cloud.say(chat_id, method=method, key=house.key)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert cloud.say(chat_id, tail="/more", key=house.key).status == 404
