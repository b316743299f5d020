"""The chat completions adapter against a server that misbehaves in every way that servers do."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

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
from parlance.agents.models.calling import Backoff
from parlance.agents.models.openai_compatible import OpenAiCompatibleModel
from parlance.outbound.addresses import Guard
from tests.fakes.secrets import KnownSecrets
from tests.outbound.raw_server import Behaviour, Peer, RawServer, serving

KEY = "sk-very-secret"
ON_LOOPBACK = Guard(private_hosts=["127.0.0.1"])
SECRETS = KnownSecrets({("acme", "openai"): KEY, ("acme", "broken"): "two\nlines"})


def delta(text: str | None = None, finish: str | None = None, **more: Any) -> str:
    said = {"content": text} if text is not None else {}
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [
        {"index": 0, "delta": said | more, "finish_reason": finish}]}  # fmt: skip
    return f"data: {json.dumps(chunk)}\n\n"


USAGE = "data: {}\n\n".format(
    json.dumps(
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 11,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
        }
    )
)
DONE = "data: [DONE]\n\n"


def speaks(*parts: bytes | str) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.headers()
        peer.say(*parts)

    return behave


def refuses(status: str, error: object, *headers: str) -> Behaviour:
    def behave(peer: Peer) -> None:
        body = json.dumps({"error": error})
        peer.headers(status, "application/json", f"Content-Length: {len(body)}", *headers)
        peer.say(body)

    return behave


ANSWER = speaks(delta("Hel"), delta("lo"), delta(finish="stop"), USAGE, DONE)


def request_to(server: RawServer, **settings: Any) -> ModelRequest:
    quick = {"connect_seconds": 2.0, "first_token_seconds": 0.4, "between_tokens_seconds": 0.4, "model": "tiny"}
    return ModelRequest(
        "acme", "Be brief.", [ChatMessage("user", "Hi?")], {"base_url": f"{server.url}/v1", **quick, **settings}
    )


def model(jitter: Callable[[], float] = lambda: 0.0) -> OpenAiCompatibleModel:
    return OpenAiCompatibleModel(SECRETS, ON_LOOPBACK, backoff=Backoff(jitter))


def heard(request: ModelRequest, cancellation: Cancellation | None = None) -> list[ModelEvent]:
    return list(model().stream(request, cancellation or Cancellation()))


def failure(*behaviours: Behaviour, **settings: Any) -> tuple[ModelError, RawServer, list[str]]:
    said: list[str] = []
    with serving(*behaviours) as server:
        with pytest.raises(ModelError) as caught:
            said.extend(
                event.text
                for event in model().stream(request_to(server, **settings), Cancellation())
                if isinstance(event, TextDelta)
            )
        return caught.value, server, said


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_an_answer_and_what_was_asked() -> None:
    with serving(ANSWER) as server:
        events = heard(request_to(server, secret="openai", temperature=0.5, max_tokens=9, extra={"top_k": 3}))
    assert events == [
        TextDelta("Hel"), TextDelta("lo"), Completed(11, 3, {"model": "tiny", "cached_input_tokens": 8})
    ]  # fmt: skip
    (peer,) = server.peers
    assert peer.request.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n".encode() in peer.request
    assert json.loads(peer.body) == {
        "model": "tiny",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi?"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "top_k": 3,
    }


class TestMisbehaving:
    """Each of these is a server that somebody has met."""

    def test_throttles_and_then_answers(self) -> None:
        with serving(refuses("429 Too Many Requests", {"code": "rate_limit_exceeded"}), ANSWER) as server:
            assert text_of(heard(request_to(server))) == "Hello"
        assert len(server.peers) == 2

    def test_throttles_and_says_for_how_long(self) -> None:
        error, server, _ = failure(refuses("429 Too Many Requests", {}, "Retry-After: 7"), attempts=1)
        assert isinstance(error, ModelThrottledError)
        assert (error.retry_after, len(server.peers)) == (7, 1)

    def test_breaks_before_the_first_token_and_then_answers(self) -> None:
        with serving(refuses("500 Oops", {}), refuses("503 Busy", {}), ANSWER) as server:
            assert text_of(heard(request_to(server))) == "Hello"
        assert len(server.peers) == 3

    def test_never_gets_well(self) -> None:
        error, server, _ = failure(refuses("500 Oops", {"message": "text of a user"}))
        assert type(error) is ModelBrokenError
        assert len(server.peers) == 3
        assert "text of a user" not in str(error)

    def test_resets_in_mid_stream(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers()
            peer.say(delta("Hel"))
            time.sleep(0.1)
            peer.reset()

        error, server, said = failure(behave, ANSWER)
        assert type(error) is ModelBrokenError
        assert (said, len(server.peers)) == (["Hel"], 1), "what was said is not said again"

    def test_closes_without_finishing(self) -> None:
        error, server, said = failure(speaks(delta("Hel")), ANSWER)
        assert type(error) is ModelBrokenError
        assert (said, len(server.peers)) == (["Hel"], 1)

    def test_cuts_a_chunked_body(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "text/event-stream", "Transfer-Encoding: chunked")
            peer.chunk(delta("Hel"))
            peer.say("ff\r\ndata: ")

        error, _, said = failure(behave)
        assert (type(error), said) == (ModelBrokenError, ["Hel"])

    def test_never_says_a_first_token(self) -> None:
        def behave(peer: Peer) -> None:
            peer.wait_for_hang_up()

        error, server, _ = failure(behave, connect_seconds=0.1)
        assert type(error) is ModelTimeoutError
        assert len(server.peers) == 1

    def test_stalls_between_two_tokens(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers()
            peer.say(delta("Hel"))
            peer.wait_for_hang_up()

        error, _, said = failure(behave)
        assert (type(error), said) == (ModelTimeoutError, ["Hel"])

    def test_shows_signs_of_life_and_nothing_else(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers()
            for _ in range(100):
                peer.say(": ping\n\n")
                time.sleep(0.05)

        began = time.monotonic()
        error, _, _ = failure(behave, connect_seconds=0.1)
        assert type(error) is ModelTimeoutError
        assert time.monotonic() - began < 3

    def test_drips_a_line_that_never_ends(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers()
            peer.say("data: ")
            for _ in range(100):
                peer.say("x")
                time.sleep(0.05)

        assert type(failure(behave, connect_seconds=0.1)[0]) is ModelTimeoutError

    def test_sends_a_line_that_has_no_end(self) -> None:
        error, _, _ = failure(speaks("data: " + "x" * 1_100_000), attempts=1)
        assert type(error) is ModelBrokenError

    @pytest.mark.parametrize(
        "data", ['{"choices": [', "nothing", "[1]", '{"choices": 5}', "[" * 100_000],
        ids=["cut", "text", "list", "number", "deep"],
    )  # fmt: skip
    def test_sends_what_is_no_chunk(self, data: str) -> None:
        error, _, _ = failure(speaks(f"data: {data}\n\n"), attempts=1)
        assert type(error) is ModelBrokenError

    def test_sends_bytes_that_are_no_text(self) -> None:
        assert type(failure(speaks(b"data: \xff\xfe\n\n"), attempts=1)[0]) is ModelBrokenError

    def test_reports_an_error_in_the_stream(self) -> None:
        told = 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
        error, server, said = failure(speaks(delta("Hel"), told))
        assert (type(error), said, len(server.peers)) == (ModelBrokenError, ["Hel"], 1)

    def test_answers_with_a_page(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "text/html")
            peer.say("<html>Sign in</html>")

        assert type(failure(behave, attempts=1)[0]) is ModelBrokenError

    def test_does_not_speak_http(self) -> None:
        assert type(failure(lambda peer: peer.say("SSH-2.0-x\r\n\r\n"), attempts=1)[0]) is ModelBrokenError

    def test_redirects_and_is_not_followed(self) -> None:
        with serving(ANSWER) as other:
            behave = refuses("307 Temporary Redirect", {}, f"Location: {other.url}/v1/chat/completions")
            error, _, _ = failure(behave, secret="openai")
        assert type(error) is ModelMisconfiguredError
        assert other.peers == [], "the key stays with the server that it is for"

    def test_is_not_there(self) -> None:
        with serving(ANSWER) as server:
            gone = request_to(server, attempts=1)
        with pytest.raises(ModelBrokenError):
            heard(gone)

    @pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
    def test_does_not_know_us(self, status: str) -> None:
        error, server, _ = failure(refuses(status, {"code": "invalid_api_key"}))
        assert type(error) is ModelMisconfiguredError
        assert len(server.peers) == 1, "not tried again"

    @pytest.mark.parametrize(
        ("status", "told"),
        [
            ("400 Bad Request", {"code": "context_length_exceeded", "message": "too many tokens"}),
            ("400 Bad Request", {"message": "This model's maximum context length is 4096 tokens"}),
            ("400 Bad Request", {"type": "exceed_context_size_error"}),
            ("413 Too Large", {}),
        ],
    )
    def test_finds_it_too_long(self, status: str, told: object) -> None:
        error, server, _ = failure(refuses(status, told))
        assert type(error) is ModelInputTooLongError
        assert len(server.peers) == 1

    def test_refuses_by_its_filter(self) -> None:
        assert type(failure(refuses("400 Bad Request", {"code": "content_filter"}))[0]) is ModelRefusedError
        assert type(failure(speaks(delta(finish="content_filter"), DONE))[0]) is ModelRefusedError

    def test_has_no_credit_left(self) -> None:
        error, server, _ = failure(refuses("429 Too Many Requests", {"code": "insufficient_quota"}))
        assert (type(error), len(server.peers)) == (ModelMisconfiguredError, 1)

    def test_cannot_stream(self) -> None:
        def behave(peer: Peer) -> None:
            whole = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "length"}],
                     "usage": {"prompt_tokens": 1, "completion_tokens": 2}}  # fmt: skip
            peer.headers("200 OK", "application/json; charset=utf-8")
            peer.say(json.dumps(whole))

        with serving(behave) as server:
            assert heard(request_to(server)) == [
                TextDelta("Hello"), Completed(1, 2, {"model": "tiny"}, stop="length")
            ]  # fmt: skip

    def test_counts_nothing(self) -> None:
        with serving(speaks(delta("Hello"), delta(finish="stop"))) as server:
            *_, end = heard(request_to(server))
        assert end == Completed(3, 2, {"model": "tiny", "usage_estimated": True})

    def test_cuts_characters_and_lines_anywhere(self) -> None:
        answer = (delta("Grüße 👋") + delta(finish="stop") + USAGE + DONE).replace("\n", "\r\n")

        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "text/event-stream", "Transfer-Encoding: chunked")
            for byte in json.loads(json.dumps(answer)).encode():
                peer.chunk(bytes([byte]))
            peer.chunk(b"")

        with serving(behave) as server:
            assert text_of(heard(request_to(server))) == "Grüße 👋"


class TestCalls:
    def call(self, *parts: str) -> Completed:
        with serving(speaks(*parts, DONE)) as server:
            *_, end = heard(request_to(server))
        assert isinstance(end, Completed)
        return end

    def piece(self, index: int | None = 0, call_id: str | None = None, name: str | None = None, text: Any = "") -> str:
        part: dict[str, Any] = {"function": {"name": name, "arguments": text}}
        part |= {"index": index} if index is not None else {}
        part |= {"id": call_id} if call_id else {}
        return delta(tool_calls=[part])

    def test_come_in_pieces(self) -> None:
        end = self.call(
            self.piece(0, "a", "look", '{"q":'), self.piece(1, "b", "roll", "{}"), self.piece(0, text=' "tea"}'),
            delta(finish="tool_calls"),
        )  # fmt: skip
        assert end.stop == "calls"
        assert end.calls == (ToolCall("a", "look", '{"q": "tea"}'), ToolCall("b", "roll", "{}"))

    def test_all_numbered_zero(self) -> None:
        end = self.call(
            self.piece(0, "a", "look", "{}"), self.piece(0, "b", "look", {"q": 1}), delta(finish="stop")
        )  # fmt: skip
        assert end.calls == (ToolCall("a", "look", "{}"), ToolCall("b", "look", '{"q": 1}'))
        assert end.stop == "calls"

    def test_without_number_and_id(self) -> None:
        assert self.call(self.piece(None, None, "look", "{}"), delta(finish="tool_calls")).calls == (
            ToolCall("call_0", "look", "{}"),
        )

    def test_more_than_anybody_can_mean(self) -> None:
        flood = "".join(self.piece(at, f"c{at}", "look", "{}") for at in range(40))
        assert type(failure(speaks(flood), attempts=1)[0]) is ModelBrokenError

    def test_are_offered_and_answered(self) -> None:
        tool = Tool("look", "Looks.", {"type": "object"})
        talk = [
            ChatMessage("user", "Tea?"),
            ChatMessage("assistant", "", calls=(ToolCall("a", "look", "{}"),)),
            ChatMessage("user", "", results=(ToolResult("a", "green"),)),
        ]
        with serving(ANSWER) as server:
            settings = request_to(server).settings
            heard(ModelRequest("acme", "", talk, settings, tools=[tool]))
        sent = json.loads(server.bodies[0])
        assert sent["tools"] == [
            {"type": "function",
             "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}
        ]  # fmt: skip
        assert sent["messages"][1:] == [
            {"role": "assistant", "content": None,
             "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "green"},
        ]  # fmt: skip


class TestStop:
    def stopped(self, *, first: str) -> tuple[list[ModelEvent], float]:
        """The events of a call that is stopped, and how long the server then waited for its client to be gone."""
        cancellation, gone = Cancellation(), []

        def behave(peer: Peer) -> None:
            if first:
                peer.headers()
                peer.say(first)
            time.sleep(0.1)
            threading.Thread(target=cancellation.request).start()
            gone.append(peer.wait_for_hang_up())

        with serving(behave) as server:
            request = request_to(server, first_token_seconds=60.0, between_tokens_seconds=60.0)
            events = heard(request, cancellation)
        return events, gone[0]

    def test_ends_the_connection_and_counts_what_was_said(self) -> None:
        events, seconds = self.stopped(first=delta("Hello there"))
        assert events == [TextDelta("Hello there"), Completed(3, 3, {"model": "tiny", "usage_estimated": True})]
        assert seconds < 1

    def test_ends_a_call_that_has_not_answered_yet(self) -> None:
        events, seconds = self.stopped(first="")
        assert events == [Completed(3, 0, {"model": "tiny", "usage_estimated": True})]
        assert seconds < 1

    def test_before_the_call_calls_nobody(self) -> None:
        cancellation = Cancellation()
        cancellation.request()
        with serving(ANSWER) as server:
            assert text_of(heard(request_to(server), cancellation)) == ""
        assert [peer.request for peer in server.peers if peer.request] == []

    def test_in_a_pause_between_two_attempts(self) -> None:
        cancellation = Cancellation()
        with serving(refuses("500 Oops", {})) as server:
            threading.Timer(0.2, cancellation.request).start()
            began = time.monotonic()
            with pytest.raises(ModelBrokenError):
                list(model(lambda: 16.0).stream(request_to(server), cancellation))
        assert time.monotonic() - began < 2
        assert len(server.peers) == 1


class TestConfiguration:
    @pytest.mark.parametrize(
        ("settings", "names"),
        [
            ({"model": ""}, "model"),
            ({"temprature": 1}, "temprature"),
            ({"temperature": "warm"}, "temperature"),
            ({"attempts": 50}, "attempts"),
            ({"base_url": "ftp://x/"}, "base_url"),
            ({"base_url": "http://user:pass@127.0.0.1/"}, "base_url"),
            ({"secret": "unknown"}, "secret"),
            ({"secret": "broken"}, "header"),
        ],
    )
    def test_that_cannot_be(self, settings: dict[str, Any], names: str) -> None:
        with serving(ANSWER) as server, pytest.raises(ModelMisconfiguredError, match=names) as caught:
            heard(request_to(server, **settings))
        assert "two" not in str(caught.value)

    def test_a_key_is_not_sent_unencrypted(self) -> None:
        settings = {"base_url": "http://api.example.com/v1", "model": "tiny", "secret": "openai"}
        asked = ModelRequest("acme", "", [ChatMessage("user", "Hi?")], settings)
        with pytest.raises(ModelMisconfiguredError, match="only sent over https"):
            list(model().stream(asked, Cancellation()))

    def test_an_address_inside_the_house_needs_the_operators_word(self) -> None:
        with serving(ANSWER) as server, pytest.raises(ModelMisconfiguredError, match="public internet"):
            list(OpenAiCompatibleModel(SECRETS, Guard()).stream(request_to(server), Cancellation()))
        assert server.peers == []
