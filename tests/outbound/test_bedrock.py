"""The Bedrock adapter over real event-stream bytes, from a server that is well, ill, slow and silent."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    ModelBrokenError,
    ModelError,
    ModelEvent,
    ModelInputTooLongError,
    ModelMisconfiguredError,
    ModelRefusedError,
    ModelRequest,
    ModelThrottledError,
    ModelTimeoutError,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
)
from parlance.agents.models.bedrock import BedrockModel
from parlance.agents.models.calling import Backoff
from tests.outbound.event_stream import event, exception
from tests.outbound.raw_server import Behaviour, Peer, RawServer, serving

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def text(piece: str) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})


def stop(reason: str) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": 0}) + event("messageStop", {"stopReason": reason})


def usage(**more: int) -> bytes:
    counted = {"inputTokens": 11, "outputTokens": 3, "totalTokens": 14, **more}
    return event("metadata", {"usage": counted, "metrics": {"latencyMs": 5}})


START = event("messageStart", {"role": "assistant"})
HELLO = START + text("Hel") + text("lo") + stop("end_turn") + usage()


def streams(*parts: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.headers("200 OK", "application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
        for part in parts:
            peer.chunk(part)
        peer.chunk(b"")

    return behave


def refuses(status: str, code: str, message: str = "what a user wrote") -> Behaviour:
    def behave(peer: Peer) -> None:
        body = json.dumps({"message": message})
        peer.headers(status, "application/json", f"x-amzn-ErrorType: {code}", f"Content-Length: {len(body)}")
        peer.say(body)

    return behave


def client_of(server: RawServer) -> "BedrockRuntimeClient":
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def request(*messages: ChatMessage, tools: tuple[Tool, ...] = (), **settings: Any) -> ModelRequest:
    quick = {"connect_seconds": 1.0, "first_token_seconds": 0.4, "between_tokens_seconds": 0.4, "model": MODEL}
    talk = messages or (ChatMessage("user", "Hi?"),)
    return ModelRequest("acme", "Be brief.", talk, {**quick, **settings}, context="It is Monday.", tools=tools)


def heard(server: RawServer, asked: ModelRequest, cancellation: Cancellation | None = None) -> Iterator[ModelEvent]:
    client = client_of(server)
    try:
        model = BedrockModel(lambda _region: client, backoff=Backoff(lambda: 0.0))
        yield from model.stream(asked, cancellation or Cancellation())
    finally:
        client.close()


def failure(*behaviours: Behaviour, **settings: Any) -> tuple[ModelError, int, list[str]]:
    said: list[str] = []
    with serving(*behaviours) as server:
        with pytest.raises(ModelError) as caught:
            said.extend(one.text for one in heard(server, request(**settings)) if isinstance(one, TextDelta))
        assert "user wrote" not in str(caught.value)
        return caught.value, len(server.peers), said


def sent(asked: ModelRequest) -> dict[str, Any]:
    with serving(streams(HELLO)) as server:
        list(heard(server, asked))
    found: dict[str, Any] = json.loads(server.bodies[0])
    return found


def test_an_answer_is_signed_for_streamed_and_counted() -> None:
    with serving(streams(*(bytes([byte]) for byte in HELLO))) as server:
        events = list(heard(server, request()))
    assert events == [TextDelta("Hel"), TextDelta("lo"), Completed(11, 3, {"model": MODEL})]
    head = server.peers[0].request.partition(b"\r\n\r\n")[0].decode()
    assert head.startswith(f"POST /model/{MODEL.replace(':', '%3A')}/converse-stream HTTP/1.1")
    assert "Authorization: AWS4-HMAC-SHA256" in head


def test_what_the_cache_served_counts_as_input() -> None:
    with serving(streams(START, text("x"), stop("end_turn"), usage(cacheReadInputTokens=900, cacheWriteInputTokens=80))
                 ) as server:  # fmt: skip
        *_, end = heard(server, request())
    assert end == Completed(991, 3, {"model": MODEL, "cached_input_tokens": 900, "cache_write_tokens": 80})


class TestAsked:
    def test_with_settings_and_cache_points(self) -> None:
        talk = (ChatMessage("user", "One"), ChatMessage("assistant", "Two"), ChatMessage("user", "Three"))
        asked = sent(request(*talk, max_tokens=50, temperature=0.0, stop=["END"], extra={"top_k": 5}))
        assert asked == {
            "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}, {"text": "It is Monday."}],
            "messages": [
                {"role": "user", "content": [{"text": "One"}]},
                {"role": "assistant", "content": [{"text": "Two"}, {"cachePoint": {"type": "default"}}]},
                {"role": "user", "content": [{"text": "Three"}]},
            ],
            "inferenceConfig": {"maxTokens": 50, "temperature": 0.0, "stopSequences": ["END"]},
            "additionalModelRequestFields": {"top_k": 5},
        }

    @pytest.mark.parametrize(
        ("model", "cache", "expected"),
        [
            ("meta.llama3-70b-instruct-v1:0", None, False),
            ("us.amazon.nova-pro-v1:0", None, True),
            ("anthropic.claude-3-haiku-20240307-v1:0", None, False),
            ("eu.anthropic.claude-3-7-sonnet-20250219-v1:0", None, True),
            (MODEL, False, False),
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", True, True),
        ],
    )
    def test_cache_points_only_where_the_model_has_them(
        self, model: str, cache: bool | None, *, expected: bool
    ) -> None:
        assert ("cachePoint" in json.dumps(sent(request(model=model, cache=cache)))) is expected

    def test_under_a_guardrail(self) -> None:
        asked = sent(request(guardrail={"id": "gr1", "version": "2"}))
        assert asked["guardrailConfig"] == {
            "guardrailIdentifier": "gr1", "guardrailVersion": "2", "streamProcessingMode": "sync"
        }  # fmt: skip

    def test_with_tools_and_what_came_of_them(self) -> None:
        talk = (
            ChatMessage("user", "Tea?"),
            ChatMessage("assistant", "", calls=(ToolCall("a", "look", '{"q": 1}'), ToolCall("b", "look", "no json"))),
            ChatMessage("user", "", results=(ToolResult("a", "green"), ToolResult("b", "", failed=True))),
        )
        asked = sent(request(*talk, tools=(Tool("look", "", {"type": "object"}),), cache=False))
        assert asked["toolConfig"] == {
            "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]
        }
        must = sent(replace(request(tools=(Tool("look", "", {"type": "object"}),), cache=False), must_call=True))
        assert must["toolConfig"]["toolChoice"] == {"any": {}}
        assert asked["messages"][1:] == [
            {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "a", "name": "look", "input": {"q": 1}}},
                {"toolUse": {"toolUseId": "b", "name": "look", "input": {}}}]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "a", "content": [{"text": "green"}], "status": "success"}},
                {"toolResult": {"toolUseId": "b", "content": [{"text": "(nothing)"}], "status": "error"}}]},
        ]  # fmt: skip


def test_calls_come_in_pieces() -> None:
    def start(index: int, use: str) -> bytes:
        return event("contentBlockStart", {"contentBlockIndex": index,
                                           "start": {"toolUse": {"toolUseId": use, "name": "look"}}})  # fmt: skip

    def piece(index: int, part: str) -> bytes:
        return event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": part}}})

    stream = (START, text("Let me see."), start(1, "a"), piece(1, '{"q":'), piece(1, ' "tea"}'), start(2, "b"),
              stop("tool_use"), usage())  # fmt: skip
    with serving(streams(*stream)) as server:
        *_, end = heard(server, request())
    assert end == Completed(
        11, 3, {"model": MODEL}, (ToolCall("a", "look", '{"q": "tea"}'), ToolCall("b", "look", "{}")), "calls"
    )


class TestEnds:
    def end(self, reason: str, *before: bytes) -> ModelEvent:
        with serving(streams(START, *before, stop(reason), usage())) as server:
            *_, end = heard(server, request())
        return end

    def test_at_the_token_limit(self) -> None:
        assert self.end("max_tokens", text("x")) == Completed(11, 3, {"model": MODEL}, stop="length")

    def test_by_a_guardrail_with_its_words(self) -> None:
        assert self.end("guardrail_intervened", text("I may not say.")) == Completed(
            11, 3, {"model": MODEL, "guardrail": "intervened"}, stop="filtered"
        )

    def test_without_a_word(self) -> None:
        assert type(failure(streams(START, stop("content_filtered"), usage()))[0]) is ModelRefusedError
        assert type(failure(streams(START, stop("model_context_window_exceeded")))[0]) is ModelInputTooLongError
        assert type(failure(streams(START, stop("malformed_tool_use")))[0]) is ModelBrokenError

    def test_without_being_counted(self) -> None:
        with serving(streams(START, text("Hello"), stop("end_turn"))) as server:
            *_, end = heard(server, request())
        assert end == Completed(7, 2, {"model": MODEL, "usage_estimated": True})


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "code", "kind", "calls"),
        [
            ("429 Too Many Requests", "ThrottlingException", ModelThrottledError, 3),
            ("429 Too Many Requests", "ModelNotReadyException", ModelThrottledError, 3),
            ("503 Unavailable", "ServiceUnavailableException", ModelBrokenError, 3),
            ("500 Oops", "InternalServerException", ModelBrokenError, 3),
            ("424 Failed", "ModelErrorException", ModelBrokenError, 3),
            ("502 Bad Gateway", "", ModelBrokenError, 3),
            ("408 Timeout", "ModelTimeoutException", ModelTimeoutError, 1),
            ("403 Forbidden", "AccessDeniedException", ModelMisconfiguredError, 1),
            ("404 Not Found", "ResourceNotFoundException", ModelMisconfiguredError, 1),
            ("400 Bad Request", "ValidationException", ModelMisconfiguredError, 1),
        ],
    )
    def test_before_the_stream(self, status: str, code: str, kind: type[ModelError], calls: int) -> None:
        error, made, _ = failure(refuses(status, code))
        assert (type(error), made) == (kind, calls)

    def test_too_long(self) -> None:
        error, made, _ = failure(refuses("400 Bad", "ValidationException", "Input is too long for requested model."))
        assert (type(error), made) == (ModelInputTooLongError, 1)

    def test_throttled_and_then_not(self) -> None:
        with serving(refuses("429 Slow", "ThrottlingException"), streams(HELLO)) as server:
            assert len(list(heard(server, request()))) == 3
        assert len(server.peers) == 2

    def test_throttled_in_the_stream_before_the_first_token(self) -> None:
        with serving(streams(START, exception("throttlingException", "slow down")), streams(HELLO)) as server:
            assert len(list(heard(server, request()))) == 3
        assert len(server.peers) == 2

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("throttlingException", ModelThrottledError),
            ("modelStreamErrorException", ModelBrokenError),
            ("internalServerException", ModelBrokenError),
            ("serviceUnavailableException", ModelBrokenError),
            ("validationException", ModelMisconfiguredError),
        ],
    )
    def test_an_exception_in_mid_stream_is_not_tried_again(self, kind: str, expected: type[ModelError]) -> None:
        error, made, said = failure(streams(START, text("Hel"), exception(kind, "what a user wrote")), streams(HELLO))
        assert (type(error), made, said) == (expected, 1, ["Hel"])

    def test_a_stream_that_stalls(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
            peer.chunk(START + text("Hel"))
            peer.wait_for_hang_up()

        began = time.monotonic()
        error, made, said = failure(behave)
        assert (type(error), made, said) == (ModelTimeoutError, 1, ["Hel"])
        assert time.monotonic() - began < 3

    def test_a_stream_that_never_begins(self) -> None:
        def behave(peer: Peer) -> None:
            peer.wait_for_hang_up()

        error, made, _ = failure(behave, connect_seconds=0.1)
        assert (type(error), made) == (ModelTimeoutError, 1)

    @pytest.mark.parametrize(
        "tail",
        [b"", text("lo")[:-6], text("lo")[:-1] + b"\x00", b"HTTP/1.1 400 what is this then, and where does it end"],
        ids=["ends", "cut", "checksum", "rubbish"],
    )
    def test_a_stream_that_breaks(self, tail: bytes) -> None:
        error, made, said = failure(streams(START, text("Hel"), *([tail] if tail else [])))
        assert (type(error), made, said) == (ModelBrokenError, 1, ["Hel"])

    def test_a_reset_in_mid_stream(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
            peer.chunk(START + text("Hel"))
            time.sleep(0.1)
            peer.reset()

        error, made, said = failure(behave)
        assert (type(error), made, said) == (ModelBrokenError, 1, ["Hel"])

    def test_settings_that_cannot_be(self) -> None:
        for settings in ({"guardrail": {"id": ""}}, {"region": "Oregon!"}, {"max_tokens": 0}, {"modle": "x"}):
            with serving(streams(HELLO)) as server, pytest.raises(ModelMisconfiguredError):
                list(heard(server, request(**settings)))


class TestStop:
    @pytest.mark.parametrize("first", [START + text("Hello there"), b""], ids=["in the stream", "before it"])
    def test_ends_the_connection_within_a_second(self, first: bytes) -> None:
        cancellation, gone = Cancellation(), []

        def behave(peer: Peer) -> None:
            if first:
                peer.headers("200 OK", "application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
                peer.chunk(first)
            time.sleep(0.1)
            threading.Thread(target=cancellation.request).start()
            gone.append(peer.wait_for_hang_up())

        with serving(behave) as server:
            patient = request(first_token_seconds=60.0, between_tokens_seconds=60.0)
            *said, end = heard(server, patient, cancellation)
        assert said == ([TextDelta("Hello there")] if first else [])
        assert end == Completed(7, 3 if first else 0, {"model": MODEL, "usage_estimated": True})
        assert gone[0] < 1

    def test_two_calls_at_once_each_end_their_own(self) -> None:
        stopped, goes_on = Cancellation(), Cancellation()
        ends: dict[str, ModelEvent] = {}
        both, released = threading.Barrier(3), threading.Event()

        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
            peer.chunk(START + text("Hello"))
            released.wait(10)
            peer.chunk(stop("end_turn") + usage())
            peer.chunk(b"")

        with serving(behave) as server:
            client = client_of(server)
            model = BedrockModel(lambda _region: client)

            def call(name: str, cancellation: Cancellation) -> None:
                patient = request(between_tokens_seconds=60.0)
                for said in model.stream(patient, cancellation):
                    ends[name] = said
                    if isinstance(said, TextDelta):
                        both.wait(10)

            threads = [threading.Thread(target=call, args=given) for given in (("a", stopped), ("b", goes_on))]
            for thread in threads:
                thread.start()
            both.wait(10)
            stopped.request()
            threads[0].join(10)
            released.set()
            threads[1].join(10)
            client.close()
        assert ends["a"] == Completed(7, 2, {"model": MODEL, "usage_estimated": True})
        assert ends["b"] == Completed(11, 3, {"model": MODEL})
