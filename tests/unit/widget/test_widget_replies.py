"""Messages of visitors: whole replies, streams, what is resumed and repeated, and a model that breaks off."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from parlance.agents.models.base import Cancellation, Completed, ModelError, ModelEvent, TextDelta
from parlance.identity.web_keys import WidgetLimits
from tests.fakes.house import echo
from tests.unit.http.asgi import request
from tests.unit.widget.house import House, chunks, lines

pytestmark = pytest.mark.anyio

PATIENCE = 10
HELLO = {"sessionId": "s.1:a_b-c", "message": "Hello?", "unknown": [1]}
UI_PARTS = [{"type": "text", "text": "Hel"}, {"type": "file", "url": "x"}, {"type": "text", "text": "lo?"}]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def ui(text: str = "Hello?", **more: Any) -> dict[str, Any]:
    earlier = [
        {"id": "m0", "role": "user", "parts": [{"type": "text", "text": "Before"}]},
        {"id": "a0", "role": "assistant", "parts": [{"type": "step-start"}, {"type": "text", "text": "Yes"}]},
    ]
    newest = {"id": "m1", "role": "user", "parts": UI_PARTS if text == "Hello?" else [{"type": "text", "text": text}]}
    return {"id": "s1", "messages": [*earlier, newest], "trigger": "submit-message"} | more


def broken(content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
    yield TextDelta("I was about to ")
    raise ModelError("the provider hung up")


class Held:
    """A model that says one word and waits for the test."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("first ")
        while not self.go.wait(0.01) and not cancellation.requested:
            pass
        yield TextDelta("and last")
        yield Completed(1, 2, {"model": "held", "sources": [{"source": "a.md", "title": "A"}]})


async def test_the_whole_reply() -> None:
    house = House()
    first = await house.post("/v1/chat", HELLO)
    assert (first.status, first.json["message"]) == (200, "re: Hello?")
    second = await house.post("/v1/chat/", HELLO | {"message": "And?"})
    assert second.json["conversationId"] == first.json["conversationId"]
    assert [message.content for message in house.messages(first.json["conversationId"])] == [
        "Hello?", "re: Hello?", "And?", "re: And?",
    ]  # fmt: skip
    assert [message.content for message in house.responder.histories[1]] == ["Hello?", "re: Hello?"]
    assert list(house.visits.begun) == [first.json["conversationId"]]


async def test_the_stream() -> None:
    heard = await House().post("/v1/chat/stream", HELLO)
    start, *tokens, done = lines(heard)
    assert set(start) == {"type", "conversationId", "turnId"}
    assert [token["index"] for token in tokens] == list(range(len(tokens)))
    assert "".join(token["token"] for token in tokens) == done["message"] == "re: Hello?"
    assert (done["type"], done["conversationId"]) == ("done", start["conversationId"])
    assert heard.header("cache-control") == "no-store, no-transform"


async def test_the_sdks_stream_whatever_it_accepts() -> None:
    house = House()
    for body, accept in ((ui(), "*/*"), (HELLO, "text/event-stream"), (ui(id="s2"), "application/x-ndjson")):
        heard = await house.post("/v1/chat/stream", body, accept=accept)
        start, begin, *deltas, end, finish = chunks(heard)
        assert heard.header("content-type") == "text/event-stream; charset=utf-8"
        assert start["type"] == "start"
        assert {begin["id"], end["id"], *(delta["id"] for delta in deltas)} == {begin["id"]}
        assert [begin["type"], end["type"], finish["type"]] == ["text-start", "text-end", "finish"]
        assert "".join(delta["delta"] for delta in deltas) == "re: Hello?"


async def test_sources_are_parts_of_their_own() -> None:
    def sourced(_: str, __: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("See there.")
        listed = [
            {"source": "a.md", "title": "A", "record_id": "r1"},
            {"source": "https://a.example/b", "uri": None, "title": "B"},
            {"source": "c.md", "uri": "https://a.example/c", "title": "C", "record_id": "r3"},
            7,
        ]
        yield Completed(1, 2, {"sources": listed})

    heard = await House(sourced).post("/v1/chat/stream", ui())
    found = [chunk for chunk in chunks(heard) if chunk["type"].startswith("source-")]
    assert found == [
        {"type": "source-document", "sourceId": "r1", "mediaType": "text/plain", "title": "A", "filename": "a.md"},
        {"type": "source-url", "sourceId": "1", "url": "https://a.example/b", "title": "B"},
        {"type": "source-url", "sourceId": "r3", "url": "https://a.example/c", "title": "C"},
    ]


async def test_a_model_that_breaks_off_is_told_and_a_retry_doubles_nothing() -> None:
    house = House(broken)
    key = {"idempotency_key": "k"}
    start, token, error = lines(await house.post("/v1/chat/stream", HELLO, **key))
    assert (token["token"], error["type"]) == ("I was about to ", "error")
    assert isinstance(error["error"], str)
    plain = await house.post("/v1/chat", HELLO, **key)
    assert (plain.status, plain.json) == (500, {"error": "Internal server error"})

    house.responder.script = echo
    again = lines(await house.post("/v1/chat/stream", HELLO, **key))
    assert again[0]["turnId"] == start["turnId"]
    assert (again[-1]["type"], again[-1]["message"]) == ("done", "re: Hello?")
    stored = house.messages(start["conversationId"])
    assert [(message.content, message.failed) for message in stored] == [("Hello?", False), ("re: Hello?", False)]

    await house.post("/v1/chat", HELLO | {"message": "And?"})
    assert [message.content for message in house.responder.histories[-1]] == ["Hello?", "re: Hello?"]


async def test_a_failed_turn_is_left_out_of_the_history() -> None:
    house = House(broken)
    await house.post("/v1/chat", HELLO)
    house.responder.script = echo
    await house.post("/v1/chat", HELLO | {"message": "Again?"})
    assert house.responder.histories[-1] == []


async def test_the_sdks_stream_tells_of_a_failure() -> None:
    house = House(broken)
    error = chunks(await house.post("/v1/chat/stream", ui()))[-1]
    assert set(error) == {"type", "errorText"}
    house.responder.script = echo
    # The SDK's regenerate() sends the same message once more.
    finish = chunks(await house.post("/v1/chat/stream", ui(trigger="regenerate-message", messageId="a1")))[-1]
    assert finish["type"] == "finish"
    assert house.responder.calls == ["Hello?", "Hello?"]


async def test_the_same_key_is_the_same_turn_and_another_body_a_conflict() -> None:
    house = House()
    first, second = [lines(await house.post("/v1/chat/stream", HELLO, idempotency_key="k")) for _ in range(2)]
    assert (second[0], second[-1]) == (first[0], first[-1])
    assert "".join(line["token"] for line in second[1:-1]) == first[-1]["message"]
    refused = await house.post("/v1/chat/stream", HELLO | {"message": "Other"}, idempotency_key="k")
    assert (refused.status, set(refused.json)) == (409, {"error"})
    assert house.responder.calls == ["Hello?"]


async def test_a_stream_is_taken_up_at_any_index_live_and_stored() -> None:
    held = Held()
    house = House(held)
    first, task = request(
        house.app, "POST", "/v1/chat/stream", headers=house.headers(None, {}),
        body=[b'{"sessionId":"s1","message":"Hello?"}'],
    )  # fmt: skip
    await first.until(b"first ")
    first.left.set()
    await task
    first.status = 200
    start, token = lines(first)[:2]
    assert (token["token"], token["index"]) == ("first ", 0)

    path = f"/v1/chat/{start['turnId']}"
    live = asyncio.create_task(house.get(path, query="after=0&sessionId=s1"))
    ui_live = asyncio.create_task(house.get("/v1/chat/stream/s1/stream"))
    await asyncio.sleep(0.1)
    held.go.set()
    *tokens, done = lines(await live)
    assert [line["type"] for line in tokens] == ["token"] * len(tokens)
    assert "".join(line["token"] for line in tokens) == "and last"
    assert tokens[0]["index"] == 1
    assert done["message"] == "first and last"
    replay = chunks(await ui_live)
    assert [chunk["type"] for chunk in replay][:2] == ["start", "text-start"]
    assert "".join(chunk.get("delta", "") for chunk in replay) == "first and last"

    again = lines(await house.get(path))
    assert again[0] == start
    assert "".join(line["token"] for line in again[1:-1]) == "first and last"
    assert [line["type"] for line in lines(await house.get(path, query="after=99"))] == ["done"]
    # What has ended is not resumed by the SDK's way.
    assert (await house.get("/v1/chat/stream/s1/stream")).status == 204
    assert (await house.get("/v1/chat/stream/nobody/stream")).status == 204


async def test_a_turn_opens_to_its_own_key_and_session_only() -> None:
    house = House()
    start, *_ = lines(await house.post("/v1/chat/stream", HELLO))
    path, other = f"/v1/chat/{start['turnId']}", house.new_key()
    assert (await house.get(path, query="sessionId=s.1:a_b-c")).status == 200
    wrong = [
        await house.get(path, key=other),
        await house.get(path, query="sessionId=else"),
        await house.get(path[:-1] + "9"),
        await house.get(path.replace("turn_", "turn_0")),
        await house.get("/v1/chat/turn_1"),
        await house.get("/v1/chat/" + "x" * 5000),
    ]
    assert [(one.status, one.json) for one in wrong] == [(404, {"error": "Not found"})] * len(wrong)
    bad = [await house.get(path, query=f"after={text}") for text in ("-2", "x", "1e3", "9" * 20, "")]
    assert [one.status for one in bad] == [400] * len(bad)


async def test_the_same_session_under_another_key_is_another_conversation() -> None:
    house = House()
    mine = await house.post("/v1/chat", HELLO)
    theirs = await house.post("/v1/chat", HELLO, key=house.new_key())
    assert mine.json["conversationId"] != theirs.json["conversationId"]
    assert house.responder.histories == [[], []]


async def test_first_messages_at_once_make_one_conversation() -> None:
    house = House()
    answers = await asyncio.gather(*(house.post("/v1/chat", HELLO | {"message": f"m{n}"}) for n in range(8)))
    assert {one.status for one in answers} == {200}
    assert [one.json["message"] for one in answers] == [f"re: m{n}" for n in range(8)]
    (conversation,) = {one.json["conversationId"] for one in answers}
    assert len(house.messages(conversation)) == 16
    assert list(house.visits.begun) == [conversation]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff", {}, {"sessionId": "s"}, {"message": "x"},
        {"sessionId": "", "message": "x"}, {"sessionId": "s/t", "message": "x"},
        {"sessionId": "s" * 129, "message": "x"}, {"sessionId": "s", "message": 7},
        {"sessionId": "s\n", "message": "x"}, {"sessionId": 7, "message": "x"}, {"sessionId": "s", "message": ""},
        {"sessionId": "s", "message": " \n"}, {"sessionId": "s", "message": "x" * 4001},
        {"sessionId": "s", "message": "x" * 1024 * 1024}, {"id": "s1", "messages": []}, {"id": "s1", "messages": [7]},
        {"id": "s1", "messages": [{"id": "m", "role": "assistant", "parts": []}]},
        {"id": "s1", "messages": [{"id": "m", "role": "user", "parts": [{"type": "file"}]}]},
        {"id": "s/1", "messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": "x"}]}]},
        {"id": "s1", "messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": "x" * 4001}]}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/chat", "/v1/chat/stream"])
async def test_what_is_wrong_with_a_body(path: str, body: object) -> None:
    heard = await House().post(path, body)
    assert (heard.status, heard.json) == (400, {"error": "Invalid request payload"})


async def test_a_message_may_have_four_thousand_characters() -> None:
    heard = await House().post("/v1/chat", {"sessionId": "s" * 128, "message": "é" * 4000})
    assert heard.status == 200


async def test_limits_stand_before_all_else_and_are_told() -> None:
    house = House(limits=WidgetLimits(per_minute=3, address_per_minute=100))
    answers = [await house.post("/v1/chat", HELLO) for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.json == {"error": "Too many requests"}
    assert 1 <= int(refused.header("retry-after") or 0) <= 60
    assert (refused.header("ratelimit-policy"), refused.header("x-ratelimit-remaining")) == ('"widget";q=3;w=60', "0")
    assert answers[0].header("x-ratelimit-remaining") == "2"
