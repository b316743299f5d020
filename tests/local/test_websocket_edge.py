"""The edge is as strict as API Gateway: each test is something that AWS does and an emulator may not."""

import json
import threading
import time
from contextlib import ExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from local.front_door.invoker import Answer
from local.front_door.limits import WebSocketLimits
from tests.local.conftest import Door, OpenDoor


def closed(client: ClientConnection) -> ConnectionClosed:
    """Wait until the server closes."""
    with pytest.raises(ConnectionClosed) as caught:
        client.recv(timeout=5)
    return caught.value


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refused_connect_is_a_plain_http_answer(door: Door, status: int, caplog: pytest.LogCaptureFixture) -> None:
    door.function.answers["$connect"] = Answer({"statusCode": status, "body": "a secret reason"})
    with pytest.raises(InvalidStatus) as caught, connect(door.websocket_url):
        pass
    assert caught.value.response.status_code == status
    body = json.loads(caught.value.response.body)
    assert set(body) == {"message", "connectionId", "requestId"}
    assert "secret" not in body["message"]
    assert door.function.of("$disconnect") == []
    assert not caplog.records


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer({"errorMessage": "boom"}, failed=True), id="raised"),
        pytest.param(Answer(None), id="returned nothing"),
        pytest.param(Answer({"statusCode": "200"}), id="status is text"),
        pytest.param(Answer({"statusCode": 799}), id="status is none"),
        pytest.param(Answer(failed=True), id="timed out"),
    ],
)
def test_a_connect_that_breaks_is_a_502(door: Door, answer: Answer) -> None:
    door.function.answers["$connect"] = answer
    with pytest.raises(InvalidStatus) as caught, connect(door.websocket_url):
        pass
    assert caught.value.response.status_code == 502


def test_connect_carries_headers_and_query(door: Door) -> None:
    with connect(f"{door.websocket_url}?api_key=k%3D1&chat_id=a&chat_id=b", additional_headers={"X-User-ID": "u-1"}):
        event = door.function.wait_for("$connect")[0]
    assert event["queryStringParameters"] == {"api_key": "k=1", "chat_id": "b"}
    assert event["multiValueQueryStringParameters"] == {"api_key": ["k=1"], "chat_id": ["a", "b"]}
    assert event["headers"]["X-User-Id"] == "u-1"
    assert event["multiValueHeaders"]["X-User-Id"] == ["u-1"]
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert context["eventType"] == "CONNECT"
    assert context["messageDirection"] == "IN"
    assert context["domainName"] == "127.0.0.1"
    assert context["apiId"] == "sock1234"
    assert context["stage"] == "local"
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert abs(context["connectedAt"] / 1000 - time.time()) < 10


def test_connect_without_a_query_has_no_query_keys(door: Door) -> None:
    with connect(door.websocket_url):
        event = door.function.wait_for("$connect")[0]
    assert "queryStringParameters" not in event
    assert "multiValueQueryStringParameters" not in event


def test_a_client_cannot_claim_another_address(door: Door) -> None:
    with connect(door.websocket_url, additional_headers={"X-Forwarded-For": "203.0.113.7"}):
        event = door.function.wait_for("$connect")[0]
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"


def test_a_subprotocol_is_the_functions_choice(door: Door) -> None:
    door.function.answers["$connect"] = Answer({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat.v1"}})
    with connect(door.websocket_url, subprotocols=[Subprotocol("chat.v1")]) as client:
        assert client.subprotocol == "chat.v1"


def test_a_frame_reaches_default_and_its_answer_goes_nowhere(door: Door) -> None:
    door.function.answers["$default"] = Answer({"statusCode": 200, "body": "nobody sees this"})
    with connect(door.websocket_url) as client:
        client.send('{"content": "héllo"}')
        event = door.function.wait_for("$default")[0]
        assert event["body"] == '{"content": "héllo"}'
        assert event["isBase64Encoded"] is False
        assert event["requestContext"]["eventType"] == "MESSAGE"
        assert event["requestContext"]["messageId"]
        assert "headers" not in event
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.3)


def test_a_refusing_default_sends_nothing_either(door: Door) -> None:
    door.function.answers["$default"] = Answer({"statusCode": 400, "body": "bad"})
    with connect(door.websocket_url) as client:
        client.send("x")
        door.function.wait_for("$default")
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.3)


def test_a_failing_default_sends_the_gateways_own_frame(door: Door) -> None:
    door.function.answers["$default"] = Answer({"errorMessage": "secret"}, failed=True)
    with connect(door.websocket_url) as client:
        client.send("x")
        frame = json.loads(client.recv(timeout=5))
    assert frame == {
        "message": "Internal server error",
        "connectionId": door.function.connection_id(),
        "requestId": frame["requestId"],
    }


def test_frames_of_one_connection_are_invoked_side_by_side(door: Door) -> None:
    door.function.held.add("$default")
    with connect(door.websocket_url) as client:
        for number in range(3):
            client.send(str(number))
        assert len(door.function.wait_for("$default", 3)) == 3


def test_a_binary_frame_is_closed_with_1003(door: Door) -> None:
    with connect(door.websocket_url) as client:
        client.send(b"\x00\x01")
        assert closed(client).rcvd.code == 1003  # type: ignore[union-attr]
    assert door.function.of("$default") == []
    assert door.function.wait_for("$disconnect")[0]["requestContext"]["disconnectStatusCode"] == 1003


def test_a_frame_of_exactly_32_kb_passes(door: Door) -> None:
    with connect(door.websocket_url) as client:
        client.send("é" * (16 * 1024))
        assert len(door.function.wait_for("$default")[0]["body"]) == 16 * 1024


def test_a_frame_over_32_kb_is_closed_with_1009(door: Door) -> None:
    with connect(door.websocket_url) as client:
        client.send("é" * (16 * 1024) + "!")
        assert closed(client).rcvd.code == 1009  # type: ignore[union-attr]
    assert door.function.of("$default") == []


def test_a_frame_far_over_the_limit_is_closed_with_1009(door: Door) -> None:
    with connect(door.websocket_url) as client:
        # The server closes before it has taken everything. Sending may fail then, and the close frame may be lost.
        with suppress(ConnectionClosed):
            client.send("x" * (2 * 1024 * 1024))
        ending = closed(client).rcvd
        assert ending is None or ending.code == 1009
    assert door.function.wait_for("$disconnect")[0]["requestContext"]["disconnectStatusCode"] == 1009


def test_an_idle_connection_goes_away(open_door: OpenDoor) -> None:
    limits = WebSocketLimits(idle_seconds=0.3)
    with open_door(websocket_limits=limits) as door, connect(door.websocket_url) as client:
        ending = closed(client).rcvd
        assert ending is not None
        assert (ending.code, ending.reason) == (1001, "Going away")
        assert door.function.wait_for("$disconnect")[0]["requestContext"]["disconnectStatusCode"] == 1001


def test_traffic_keeps_a_connection_from_being_idle(open_door: OpenDoor) -> None:
    with open_door(websocket_limits=WebSocketLimits(idle_seconds=0.6)) as door, connect(door.websocket_url) as client:
        for _ in range(4):
            time.sleep(0.25)
            client.send("still here")
        assert len(door.function.wait_for("$default", 4)) == 4


def test_no_connection_outlives_the_lifetime(open_door: OpenDoor) -> None:
    limits = WebSocketLimits(lifetime_seconds=0.5)
    with open_door(websocket_limits=limits) as door, connect(door.websocket_url) as client:
        ender = threading.Event()

        def chatter() -> None:
            while not ender.wait(0.1):
                try:
                    client.send("x")
                except ConnectionClosed:
                    return

        talking = threading.Thread(target=chatter)
        talking.start()
        try:
            assert closed(client).rcvd.code == 1001  # type: ignore[union-attr]
        finally:
            ender.set()
            talking.join()


def test_disconnect_is_reported_once_with_the_clients_code(door: Door) -> None:
    with connect(door.websocket_url) as client:
        client.close(4001, "had enough")
    context = door.function.wait_for("$disconnect")[0]["requestContext"]
    assert context["eventType"] == "DISCONNECT"
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (4001, "had enough")
    assert context["connectionId"] == door.function.connection_id()
    time.sleep(0.2)
    assert len(door.function.of("$disconnect")) == 1


def test_a_client_that_leaves_during_connect_is_reported_too(door: Door) -> None:
    door.function.held.add("$connect")
    with pytest.raises(TimeoutError), connect(door.websocket_url, open_timeout=0.3):
        pass
    door.function.held.clear()
    assert door.function.wait_for("$disconnect")


def test_stopping_the_door_reports_the_end_of_every_connection(open_door: OpenDoor) -> None:
    with ExitStack() as clients:
        with open_door() as door:
            clients.enter_context(connect(door.websocket_url))
            door.function.wait_for("$connect")
            function = door.function
        assert len(function.of("$disconnect")) == 1
