"""Functions reach connections through the same API, with the same client, as on AWS."""

import asyncio
import datetime
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from local.clients import emulator_session
from local.front_door.connections import Connection, GoneError
from local.front_door.invoker import Answer
from local.front_door.limits import WebSocketLimits
from tests.local.conftest import Door, OpenDoor

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


def management(door: Door) -> "ApiGatewayManagementApiClient":
    """The client that the functions use, with the endpoint they are given."""
    return emulator_session().client(
        "apigatewaymanagementapi",
        endpoint_url=f"{door.url}/_connections",
        config=Config(retries={"total_max_attempts": 1}),
    )


def code_of(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_post_arrives_as_a_text_frame(door: Door) -> None:
    with connect(door.websocket_url) as client:
        management(door).post_to_connection(ConnectionId=door.function.connection_id(), Data="héllo".encode())
        assert client.recv(timeout=5) == "héllo"


def test_a_post_before_connect_has_returned_is_gone(door: Door) -> None:
    door.function.held.add("$connect")

    def come_and_go() -> None:
        with connect(door.websocket_url):
            pass

    opening = threading.Thread(target=come_and_go)
    opening.start()
    api = management(door)
    with pytest.raises(api.exceptions.GoneException) as caught:
        api.post_to_connection(ConnectionId=door.function.connection_id(), Data=b"too early")
    door.function.held.clear()
    opening.join()
    assert code_of(caught.value) == ("GoneException", 410)


@pytest.mark.parametrize("connection_id", ["never-was=", "with a space"])
def test_a_post_to_nobody_is_gone(door: Door, connection_id: str) -> None:
    api = management(door)
    with pytest.raises(api.exceptions.GoneException):
        api.post_to_connection(ConnectionId=connection_id, Data=b"x")


def test_a_closed_connection_is_gone_for_every_call(door: Door) -> None:
    with connect(door.websocket_url):
        connection_id = door.function.connection_id()
    door.function.wait_for("$disconnect")
    api = management(door)
    with pytest.raises(api.exceptions.GoneException):
        api.post_to_connection(ConnectionId=connection_id, Data=b"x")
    with pytest.raises(api.exceptions.GoneException):
        api.get_connection(ConnectionId=connection_id)
    with pytest.raises(api.exceptions.GoneException):
        api.delete_connection(ConnectionId=connection_id)


def test_a_post_of_128_kb_passes_and_more_is_too_large(door: Door) -> None:
    api = management(door)
    with connect(door.websocket_url) as client:
        connection_id = door.function.connection_id()
        api.post_to_connection(ConnectionId=connection_id, Data=b"x" * 128 * 1024)
        assert len(client.recv(timeout=5)) == 128 * 1024
        with pytest.raises(api.exceptions.PayloadTooLargeException) as caught:
            api.post_to_connection(ConnectionId=connection_id, Data=b"x" * (128 * 1024 + 1))
        assert code_of(caught.value) == ("PayloadTooLargeException", 413)


def test_get_describes_the_connection(door: Door) -> None:
    with connect(door.websocket_url, user_agent_header="tests/1"):
        found = management(door).get_connection(ConnectionId=door.function.connection_id())
    assert found["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "tests/1"}
    now = datetime.datetime.now(datetime.UTC)
    assert now - datetime.timedelta(seconds=30) < found["ConnectedAt"] <= found["LastActiveAt"] <= now


def test_delete_closes_and_the_function_hears_of_it_once(door: Door) -> None:
    with connect(door.websocket_url) as client:
        management(door).delete_connection(ConnectionId=door.function.connection_id())
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=5)
    assert len(door.function.wait_for("$disconnect")) == 1


def test_concurrent_posts_never_mix_their_frames(door: Door) -> None:
    sent = {f"{number}:" + str(number) * 5000 for number in range(20)}
    with connect(door.websocket_url) as client, ThreadPoolExecutor(8) as pool:
        connection_id = door.function.connection_id()
        api = management(door)
        for text in sent:
            pool.submit(api.post_to_connection, ConnectionId=connection_id, Data=text.encode())
        assert {str(client.recv(timeout=5)) for _ in sent} == sent


def test_posts_count_as_traffic(open_door: OpenDoor) -> None:
    with open_door(websocket_limits=WebSocketLimits(idle_seconds=3)) as door, connect(door.websocket_url) as client:
        for number in range(4):
            with pytest.raises(TimeoutError):
                client.recv(timeout=1)
            management(door).post_to_connection(ConnectionId=door.function.connection_id(), Data=b"%d" % number)
            assert client.recv(timeout=5) == str(number)


def test_a_client_that_left_during_the_write_is_gone() -> None:
    """The server notices only while it writes, and says so in one of two ways."""

    class Left:
        application_state = WebSocketState.CONNECTED

        async def send_text(self, _: str) -> None:
            raise WebSocketDisconnect(1006)

    socket: Any = Left()
    handshake: Any = None
    connection = Connection(id="c", socket=socket, handshake=handshake, connected_at=0, open=True)
    with pytest.raises(GoneError):
        asyncio.run(connection.send("Hello?"))


def test_other_methods_are_refused(door: Door) -> None:
    assert httpx.put(f"{door.url}/_connections/@connections/abc").status_code == 405


def test_a_refused_connection_was_never_there(door: Door) -> None:
    door.function.answers["$connect"] = Answer({"statusCode": 401})
    with pytest.raises(InvalidStatus), connect(door.websocket_url):
        pass
    api = management(door)
    with pytest.raises(api.exceptions.GoneException):
        api.get_connection(ConnectionId=door.function.connection_id())
