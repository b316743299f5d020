"""The WebSocket side: handshakes, frames, and replies that a worker pushes."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.chats.websocket import app
from parlance.identity.model import Limits
from parlance.storage import clients, keys
from tests.functions import events
from tests.functions.cloud import Cloud, House
from tests.storage.recording import Recorder


@pytest.fixture(scope="module")
def house(cloud: Cloud) -> House:
    return cloud.house()


@pytest.fixture(scope="module")
def recorder(cloud: Cloud) -> Recorder:
    return Recorder(clients.dynamodb())


def _error(answer: dict[str, Any]) -> tuple[int, str]:
    assert answer["headers"]["Content-Type"] == "application/json"
    return answer["statusCode"], json.loads(answer["body"])["error"]["code"]


def _last(cloud: Cloud, connection_id: str) -> dict[str, Any]:
    return cloud.gateway.frames[connection_id][-1]


class TestConnect:
    def test_credentials_come_in_headers_of_any_case(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        for names in (("X-API-Key", "X-User-ID", "X-Chat-ID"), ("x-api-key", "x-user-id", "x-chat-id")):
            headers = dict(zip(names, (house.key, "alice", chat_id), strict=True))
            _, answer = cloud.connect(headers=headers)
            assert answer == {"statusCode": 200}

    def test_only_the_first_connection_ever_creates_the_user(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house, "newcomer")
        first = cloud.connected(house, chat_id, "newcomer")
        second = cloud.connected(house, cloud.chat(house, "newcomer"), "newcomer")
        cloud.work()
        assert cloud.gateway.events(first) == ["connection_established", "user_created"]
        assert cloud.gateway.events(second) == ["connection_established"]
        established, created = cloud.gateway.frames[first]
        assert established["connection_id"] == first
        assert created["user_id"] == "newcomer"
        assert set(established) == {"event_type", "timestamp", "user_id", "chat_id", "tenant_id", "connection_id"}

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"api_key": None}, (401, "INVALID_API_KEY")),
            ({"api_key": "pk_wrong"}, (401, "INVALID_API_KEY")),
            ({"api_key": "é" * 5000}, (401, "INVALID_API_KEY")),
            ({"ticket": "tk_wrong"}, (401, "INVALID_API_KEY")),
            ({"ticket": ""}, (401, "INVALID_API_KEY")),
            ({"user_id": None}, (403, "MISSING_PARAMETER")),
            ({"chat_id": None}, (403, "MISSING_PARAMETER")),
            ({"user_id": "mallory"}, (403, "CHAT_NOT_FOUND")),
            ({"chat_id": "chat_" + "0" * 24}, (403, "CHAT_NOT_FOUND")),
            ({"chat_id": "\x00" * 3000}, (403, "CHAT_NOT_FOUND")),
        ],
    )
    def test_a_wrong_handshake_is_refused(
        self, cloud: Cloud, house: House, change: dict[str, str | None], expected: tuple[int, str]
    ) -> None:
        query = {"api_key": house.key, "user_id": "alice", "chat_id": cloud.chat(house), **change}
        connection_id, answer = cloud.connect(query={name: value for name, value in query.items() if value is not None})
        assert _error(answer) == expected
        assert cloud.table.get(keys.connection(connection_id)) is None

    def test_a_chat_of_another_tenant_is_unknown(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        _, answer = cloud.connect(query={"api_key": cloud.house().key, "user_id": "alice", "chat_id": chat_id})
        assert _error(answer) == (403, "CHAT_NOT_FOUND")

    def test_connections_are_counted_exactly(self, cloud: Cloud) -> None:
        house = cloud.house(limits=Limits(connections=50))
        chat_id = cloud.chat(house)
        query = {"api_key": house.key, "user_id": "alice", "chat_id": chat_id}
        with ThreadPoolExecutor(60) as pool:
            answers = list(pool.map(lambda _: cloud.connect(query=query), range(60)))
        accepted = [connection_id for connection_id, answer in answers if answer["statusCode"] == 200]
        refused = [_error(answer) for _, answer in answers if answer["statusCode"] != 200]
        assert len(accepted) == 50
        assert refused == [(429, "TOO_MANY_CONNECTIONS")] * 10
        cloud.work()
        cloud.disconnect(accepted[7])
        assert cloud.connect(query=query)[1] == {"statusCode": 200}
        assert cloud.connect(query=query)[1]["statusCode"] == 429

    def test_the_same_handshake_twice_takes_one_slot(self, cloud: Cloud) -> None:
        house = cloud.house(limits=Limits(connections=2))
        query = {"api_key": house.key, "user_id": "alice", "chat_id": cloud.chat(house)}
        event = events.websocket("$connect", "twice", query=query)
        cloud.gateway.open("twice")
        assert [app.handler(event, None)["statusCode"] for _ in range(3)] == [200] * 3
        assert cloud.connect(query=query)[1] == {"statusCode": 200}
        assert cloud.connect(query=query)[1]["statusCode"] == 429

    def test_one_ticket_lets_one_of_many_in(self, cloud: Cloud, house: House) -> None:
        ticket = cloud.rest("POST", f"/api/v1/chats/{cloud.chat(house)}/tickets", key=house.key).body["ticket"]
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: cloud.connect(query={"ticket": ticket})[1], range(20)))
        assert sorted(answer["statusCode"] for answer in answers) == [200] + [401] * 19


class TestMessages:
    def test_a_message_is_received_streamed_and_ended(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        connection_id = cloud.connected(house, chat_id)
        cloud.send(connection_id, {"content": "Hello?", "client_message_id": "c1"})
        cloud.work()
        frames = [
            frame
            for frame in cloud.gateway.frames[connection_id]
            if frame["event_type"] not in {"connection_established", "user_created"}
        ]
        received, started, *tokens, ended = frames
        assert received["event_type"] == "message_received"
        assert received["chat_id"] == chat_id
        assert received["client_message_id"] == "c1"
        assert received["content"] == "Hello?"
        assert started["event_type"] == "message_stream_started"
        assert (started["attempt"], started["chat_id"]) == (1, chat_id)
        assert [token["index"] for token in tokens] == list(range(len(tokens)))
        assert ended["event_type"] == "message_stream_ended"
        assert ended["content"] == "".join(token["token"] for token in tokens)
        assert ended["message_id"] == started["message_id"]
        stored = cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["messages"]
        assert [message["id"] for message in stored] == [received["message_id"], started["message_id"]]

    def test_a_message_sent_twice_is_one_message(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        connection_id = cloud.connected(house, chat_id)
        for _ in range(2):
            cloud.send(connection_id, {"content": "Once", "client_message_id": "same"})
        cloud.work()
        cloud.send(connection_id, {"content": "Once", "client_message_id": "same"})
        frames = cloud.gateway.frames[connection_id]
        received = [frame["message_id"] for frame in frames if frame["event_type"] == "message_received"]
        assert len(received) == 3
        assert len(set(received)) == 1
        # The last repeat came after the end, so its sender is told the end again.
        assert frames[-1]["event_type"] == "message_stream_ended"
        assert cloud.rest("GET", f"/api/v1/chats/{chat_id}", key=house.key).status == 200
        assert cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["total"] == 2
        cloud.send(connection_id, {"content": "Twice", "client_message_id": "same"})
        assert _last(cloud, connection_id)["code"] == "INVALID_MESSAGE"

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            ("", "INVALID_MESSAGE"),
            ("hello", "INVALID_MESSAGE"),
            ("[]", "INVALID_MESSAGE"),
            ("{}", "INVALID_MESSAGE"),
            ('{"content": "\\ud800"}', "INVALID_MESSAGE"),
            ("[" * 30_000, "INVALID_MESSAGE"),
            ({"content": ""}, "INVALID_MESSAGE"),
            ({"content": "  \n"}, "INVALID_MESSAGE"),
            ({"content": 7}, "INVALID_MESSAGE"),
            ({"content": "Hi", "metadata": []}, "INVALID_MESSAGE"),
            ({"content": "Hi", "client_message_id": 7}, "INVALID_MESSAGE"),
            ({"content": "Hi", "client_message_id": ""}, "INVALID_MESSAGE"),
            ({"content": "ü" * 12_289}, "MESSAGE_TOO_LARGE"),
            ({"action": "dance"}, "INVALID_MESSAGE"),
            ({"action": ["ping"]}, "INVALID_MESSAGE"),
            ({"action": None}, "INVALID_MESSAGE"),
            ({"action": "resume"}, "MISSING_PARAMETER"),
            ({"action": "stop"}, "MISSING_PARAMETER"),
            ({"action": "resume", "message_id": 7}, "INVALID_MESSAGE"),
            ({"action": "resume", "message_id": "m", "after_index": "0"}, "INVALID_MESSAGE"),
            ({"action": "resume", "message_id": "m", "after_index": -2}, "INVALID_MESSAGE"),
            ({"action": "resume", "message_id": "m", "after_index": True}, "INVALID_MESSAGE"),
            ({"action": "resume", "message_id": "msg_" + "0" * 24 + "2"}, "INVALID_MESSAGE"),
            ({"action": "stop", "message_id": "m"}, "INVALID_MESSAGE"),
        ],
    )
    def test_a_wrong_frame_is_an_error_and_the_connection_stays(
        self, cloud: Cloud, house: House, frame: object, code: str
    ) -> None:
        connection_id = cloud.connected(house, cloud.chat(house))
        cloud.send(connection_id, frame)
        error = _last(cloud, connection_id)
        assert (error["event_type"], error["code"]) == ("error", code)
        assert set(error) <= {"event_type", "timestamp", "code", "message", "details"}
        cloud.send(connection_id, {"action": "ping"})
        assert _last(cloud, connection_id)["event_type"] == "pong"
        assert set(_last(cloud, connection_id)) == {"event_type", "timestamp"}

    def test_the_largest_content_fits(self, cloud: Cloud, house: House) -> None:
        connection_id = cloud.connected(house, cloud.chat(house))
        content = "ü" * 12_288
        cloud.send(connection_id, json.dumps({"content": content}, ensure_ascii=False))
        received = next(
            frame for frame in cloud.gateway.frames[connection_id] if frame["event_type"] == "message_received"
        )
        assert received["content"] == content

    def test_too_many_messages_a_second(self, cloud: Cloud) -> None:
        house = cloud.house(limits=Limits(messages_per_second=2))
        connection_id = cloud.connected(house, cloud.chat(house))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: cloud.send(connection_id, {"action": "ping"}), range(8)))
        frames = cloud.gateway.frames[connection_id]
        refused = [frame for frame in frames if frame["event_type"] == "error"]
        assert {frame["code"] for frame in refused} == {"RATE_LIMITED"}
        assert refused[0]["details"] == {"retry_after": 1}
        assert len(frames) == 8

    def test_a_resume_of_an_ended_turn_gets_the_end(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        first = cloud.connected(house, chat_id)
        cloud.send(first, {"content": "Hello?"})
        cloud.work()
        ended = _last(cloud, first)
        second = cloud.connected(house, chat_id)
        cloud.send(second, {"action": "resume", "message_id": ended["message_id"], "after_index": 0})
        again = _last(cloud, second)
        assert {**again, "timestamp": ""} == {**ended, "timestamp": ""}

    def test_a_stop_before_the_reply_ends_the_turn(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        connection_id = cloud.connected(house, chat_id)
        cloud.send(connection_id, {"content": "Hello?"})
        turn = cloud.table.query(keys.conversation_pk(house.tenant_id, chat_id), first="turn#", last="turn#~").items[0]
        cloud.send(connection_id, {"action": "stop", "message_id": turn["reply_id"]})
        cloud.work()
        ended = _last(cloud, connection_id)
        assert ended["event_type"] == "message_stream_ended"
        assert ended["metadata"]["stopped"] is True
        path = f"/api/v1/chats/{chat_id}/turns/{turn['id']}"
        assert cloud.rest("GET", path, key=house.key).body["state"] == "stopped"

    def test_a_reply_of_another_chat_cannot_be_resumed(self, cloud: Cloud, house: House) -> None:
        first = cloud.connected(house, cloud.chat(house))
        cloud.send(first, {"content": "Hello?"})
        cloud.work()
        message_id = _last(cloud, first)["message_id"]
        second = cloud.connected(house, cloud.chat(house))
        for action in ("resume", "stop"):
            cloud.send(second, {"action": action, "message_id": message_id})
            assert _last(cloud, second)["code"] == "INVALID_MESSAGE"


class TestTheEndOfAConnection:
    def test_a_gone_connection_is_forgotten_and_its_reply_is_kept(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        connection_id = cloud.connected(house, chat_id)
        cloud.work()
        cloud.send(connection_id, {"content": "Hello?"})
        cloud.gateway.hang_up(connection_id)
        cloud.work()
        assert cloud.table.get(keys.connection(connection_id)) is None
        assert cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["total"] == 2

    def test_an_unknown_connection_is_told_and_closed(self, cloud: Cloud) -> None:
        cloud.gateway.open("stray")
        cloud.send("stray", {"action": "ping"})
        assert _last(cloud, "stray")["code"] == "INVALID_API_KEY"
        assert not cloud.gateway.is_open("stray")

    def test_a_slow_gateway_is_asked_again(self, cloud: Cloud, house: House) -> None:
        connection_id = cloud.connected(house, cloud.chat(house))
        cloud.work()
        cloud.gateway.failures = [500, 429]
        cloud.send(connection_id, {"action": "ping"})
        assert _last(cloud, connection_id)["event_type"] == "pong"

    def test_disconnecting_twice_is_harmless(self, cloud: Cloud, house: House) -> None:
        connection_id = cloud.connected(house, cloud.chat(house))
        cloud.work()
        cloud.disconnect(connection_id)
        cloud.disconnect(connection_id)
        assert cloud.table.get(keys.connection(connection_id)) is None


class TestCosts:
    def test_a_message_takes_three_waves_at_the_table(self, cloud: Cloud, house: House, recorder: Recorder) -> None:
        connection_id = cloud.connected(house, cloud.chat(house))
        cloud.send(connection_id, {"content": "Warm up", "client_message_id": "w"})
        with recorder.record() as recording:
            cloud.send(connection_id, {"content": "Hello?", "client_message_id": "c"})
        assert recording.round_trips == 3
        assert len(recording.calls) == 4
