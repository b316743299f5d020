"""Fetches of abilities: what they send, where they do not go, and what they make of any answer."""

import json
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from parlance.agents.models.base import Cancellation
from parlance.agents.skills import FetchAbility, abilities_from
from parlance.agents.tools.base import RESULT_MAX, ToolFailedError
from parlance.agents.tools.fetch import FetchTool
from parlance.outbound.addresses import Guard
from tests.fakes.secrets import KnownSecrets
from tests.outbound.raw_server import Behaviour, Peer, RawServer, serving

OPENED = ["127.0.0.1", "api.example", "other.example"]
SECRETS = {("tenant", "weather"): "key-123", ("tenant", "broken"): "a\nb"}


def resolve(host: str, port: int) -> Sequence[str]:
    """Every name is this machine, but the one that turns out to be where the cloud keeps its credentials."""
    return ["169.254.169.254"] if host == "metadata.example" else ["127.0.0.1"]


def says(text: str, status: str = "200 OK", kind: str = "application/json", *headers: str) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.headers(status, kind, *headers)
        peer.say(text)

    return behave


def redirects(location: str, status: str = "302 Found") -> Behaviour:
    return says("", status, "text/plain", f"Location: {location}")


def tool(server: RawServer, path: str = "/", host: str = "127.0.0.1", **more: Any) -> FetchTool:
    secrets = more.pop("secrets", SECRETS)
    (ability,) = abilities_from([{"kind": "fetch", "name": "f", "url": f"http://{host}:{server.port}{path}", **more}])
    assert isinstance(ability, FetchAbility)
    guard = Guard(private_hosts=OPENED, resolve=resolve)
    return FetchTool("tenant", ability, secrets=KnownSecrets(secrets), guard=guard)


def fetched(*behaviours: Behaviour, arguments: dict[str, Any] | None = None, **more: Any) -> tuple[str, RawServer]:
    with serving(*behaviours) as server:
        text = tool(server, **more).run(arguments or {}, Cancellation()).text
    return text, server


def refused(*behaviours: Behaviour, arguments: dict[str, Any] | None = None, **more: Any) -> tuple[str, RawServer]:
    with serving(*behaviours) as server, pytest.raises(ToolFailedError) as caught:
        tool(server, **more).run(arguments or {}, Cancellation())
    return str(caught.value), server


class TestTemplates:
    def test_are_filled_in_where_they_have_gaps(self) -> None:
        text, server = fetched(
            says('{"c": 21}'),
            path="/v1/{{ city }}",
            method="POST",
            query={"days": "{{ days }}"},
            headers={"Authorization": "Bearer {{ secret.weather }}"},
            body={"city": "{{ city }}", "days": "{{ days }}", "note": "in {{ city }}", "all": [1, None]},
            arguments={"city": "Bad Ems/Lahn", "days": 3},
        )
        assert text == '{"c": 21}'
        head = server.peers[0].request.decode()
        assert head.startswith("POST /v1/Bad%20Ems%2FLahn?days=3 HTTP/1.1\r\n")
        assert "Authorization: Bearer key-123\r\n" in head
        assert json.loads(server.bodies[0]) == {
            "city": "Bad Ems/Lahn", "days": 3, "note": "in Bad Ems/Lahn", "all": [1, None]
        }  # fmt: skip

    @pytest.mark.parametrize(
        "city", ["x?admin=1", "x#y", "a/../../admin", "{{ secret.weather }}", "x\r\nHost: y", "%2e%2e%2f", "@evil", ""]
    )
    def test_keep_an_argument_in_its_gap(self, city: str) -> None:
        _, server = fetched(says("{}"), path="/v1/{{ city }}/now", arguments={"city": city})
        line = server.peers[0].request.split(b"\r\n")[0].decode()
        target = line.split(" ")[1]
        assert target.count("/") == 3, line
        assert target.startswith("/v1/")
        assert target.endswith("/now")
        assert "?" not in target
        assert "key-123" not in line

    @pytest.mark.parametrize("city", ["..", "."])
    def test_refuse_a_step_in_the_path(self, city: str) -> None:
        why, server = refused(says("{}"), path="/v1/{{ city }}/now", arguments={"city": city})
        assert "step in a path" in why
        assert server.peers == []

    def test_refuse_a_line_break_in_a_header(self) -> None:
        for arguments, headers in (
            ({"x": "a\r\nX-Admin: 1"}, {"X-Name": "{{ x }}"}),
            ({}, {"X-Key": "{{ secret.broken }}"}),
        ):
            why, server = refused(says("{}"), headers=headers, arguments=arguments)
            assert why == "the server could not be reached (ValueError)"
            assert [peer.request for peer in server.peers if peer.request] == []

    def test_whose_secret_is_not_set_are_not_sent(self) -> None:
        why, server = refused(says("{}"), headers={"X": "{{ secret.none }}"})
        assert why == "the secret 'none' is not set"
        assert server.peers == []

    def test_send_no_secret_unencrypted_to_a_host_that_is_not_ours(self) -> None:
        why, server = refused(says("{}"), host="public.example", headers={"X": "{{ secret.weather }}"})
        assert "https" in why
        assert server.peers == []


class TestAddresses:
    @pytest.mark.parametrize("host", ["private.example", "metadata.example"])
    def test_inside_are_closed(self, host: str) -> None:
        why, server = refused(says("{}"), host=host)
        assert why == "the address may not be called: the host is not on the public internet"
        assert server.peers == []

    @pytest.mark.parametrize(
        "location",
        [
            "http://169.254.169.254/latest/meta-data/", "http://metadata.example/", "http://private.example/",
            "http://[::ffff:127.0.0.1]/", "http://user@127.0.0.1/", "file:///etc/passwd", "//169.254.169.254/x",
            "http://[fd00:ec2::254]/", "gopher://127.0.0.1/",
        ],
    )  # fmt: skip
    def test_are_judged_again_after_every_redirect(self, location: str) -> None:
        for first in (redirects("/next"), redirects(location)):
            why, server = refused(first, redirects(location))
            assert why.startswith("the address may not be called")
            assert len(server.peers) <= 2

    def test_a_redirect_is_followed_a_few_times(self) -> None:
        text, server = fetched(redirects("/a"), redirects("b"), says('"there"'))
        assert text == '"there"'
        assert [peer.request.split(b" ")[1] for peer in server.peers] == [b"/", b"/a", b"/b"]
        why, server = refused(redirects("/again"))
        assert why == "the server redirects without end"
        assert len(server.peers) == 4

    def test_secrets_and_body_stay_with_the_first_origin(self) -> None:
        with serving(says("{}")) as other:
            headers = {"Authorization": "{{ secret.weather }}", "X-Other": "1"}
            for status in ("302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
                fetched(redirects(f"http://other.example:{other.port}/", status), method="POST",
                        headers=headers, body={"x": 1})  # fmt: skip
        assert len(other.peers) == 3
        for peer in other.peers:
            assert b"key-123" not in peer.request
            assert b"X-Other" not in peer.request
            assert peer.request.startswith(b"GET / ")
            assert peer.body == b""

    @pytest.mark.parametrize(("status", "method"), [("303 See Other", b"GET"), ("307 Temporary", b"POST")])
    def test_within_the_origin_a_redirect_goes_on_as_it_says(self, status: str, method: bytes) -> None:
        _, server = fetched(redirects("/next", status), says("{}"), method="POST", body={"x": 1},
                            headers={"Authorization": "{{ secret.weather }}"})  # fmt: skip
        second = server.peers[1].request
        assert second.startswith(method)
        assert b"key-123" in second
        assert bool(server.peers[1].body) is (method == b"POST")


class TestAnswers:
    def test_are_cut_to_what_a_model_can_read(self) -> None:
        assert len(fetched(says("x" * 50_000, kind="text/plain"))[0]) == RESULT_MAX

    def test_that_are_too_large_are_not_read_to_their_end(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "text/plain")
            for _ in range(2_000):
                peer.say("x" * 65536)

        assert refused(behave)[0] == "the answer is larger than 1 MB"

    def test_that_are_no_text_are_left_alone(self) -> None:
        assert "image/png" in refused(says("x", kind="image/png"))[0]

    def test_of_an_error_say_so(self) -> None:
        why, _ = refused(says('{"why": "no city"}', "404 Not Found"))
        assert why == 'the server answered 404: {"why": "no city"}'

    def test_without_a_word_tell_the_status(self) -> None:
        assert fetched(says("", "201 Created", "text/plain"))[0] == "status 201"

    def test_in_no_encoding_are_still_text(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "text/plain")
            peer.say(b"gr\xfc\xdfe")

        assert fetched(behave)[0] == "gr\ufffd\ufffde"


class TestTime:
    def test_is_bounded_for_a_server_that_is_silent(self) -> None:
        began = time.monotonic()
        why, _ = refused(_wait, timeout_seconds=0.3)
        assert "could not be reached" in why
        assert time.monotonic() - began < 3

    def test_is_bounded_for_a_server_that_drips(self) -> None:
        def behave(peer: Peer) -> None:
            peer.headers("200 OK", "text/plain")
            for _ in range(200):
                peer.say("x")
                time.sleep(0.05)

        began = time.monotonic()
        assert "TimeoutError" in refused(behave, timeout_seconds=0.4)[0]
        assert time.monotonic() - began < 3

    def test_is_bounded_over_all_redirects(self) -> None:
        def slow(peer: Peer) -> None:
            time.sleep(0.25)
            redirects("/again")(peer)

        began = time.monotonic()
        refused(slow, timeout_seconds=0.4)
        assert time.monotonic() - began < 3

    def test_ends_with_a_stop(self) -> None:
        cancellation, gone = Cancellation(), []

        def behave(peer: Peer) -> None:
            threading.Timer(0.1, cancellation.request).start()
            gone.append(peer.wait_for_hang_up())

        with serving(behave) as server, pytest.raises(ToolFailedError):
            tool(server).run({}, cancellation)
        assert gone[0] < 1.1


def _wait(peer: Peer) -> None:
    peer.wait_for_hang_up()
