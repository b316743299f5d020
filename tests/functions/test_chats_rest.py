"""The REST calls of the chats dialect, through the function's own entry point."""

import base64
import json
import re
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.functions.cloud import Cloud, House

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


@pytest.fixture(scope="module")
def house(cloud: Cloud) -> House:
    return cloud.house()


def _say(cloud: Cloud, house: House, chat_id: str, *contents: str) -> None:
    connection_id = cloud.connected(house, chat_id)
    for content in contents:
        cloud.send(connection_id, {"content": content})
        cloud.work()
    cloud.disconnect(connection_id)


class TestCreate:
    def test_a_chat_has_the_contracts_shape(self, cloud: Cloud, house: House) -> None:
        sent = {"user_id": "bob", "title": "Lunch", "metadata": {"mood": {"now": [1, 2.5, None]}}}
        reply = cloud.rest("POST", "/api/v1/chats/", key=house.key, body=sent)
        assert reply.status == 201
        chat = reply.body
        assert set(chat) == {
            "id", "user_id", "tenant_id", "title", "config", "created_at", "updated_at", "last_message_at",
        }  # fmt: skip
        assert chat["user_id"] == "bob"
        assert chat["tenant_id"] == house.tenant_id
        assert chat["title"] == "Lunch"
        assert chat["config"] == {"metadata": sent["metadata"]}
        assert _TIME.match(chat["created_at"])
        assert chat["last_message_at"] is None
        assert cloud.rest("GET", f"/api/v1/chats/{chat['id']}", key=house.key).body == chat

    def test_a_title_is_made_where_none_is_given(self, cloud: Cloud, house: House) -> None:
        title = cloud.rest("POST", "/api/v1/chats", key=house.key, body={"user_id": "bob"}).body["title"]
        assert re.match(r"Ada, \d{1,2} [A-Z][a-z]+ \d{4}\Z", title)

    def test_the_same_key_and_body_give_the_first_chat(self, cloud: Cloud, house: House) -> None:
        headers = {"idempotency-key": uuid4().hex}
        first, second = (
            cloud.rest("POST", "/api/v1/chats", key=house.key, headers=headers, body={"user_id": "ivy"})
            for _ in range(2)
        )
        assert (second.status, second.body) == (201, first.body)
        other = cloud.rest("POST", "/api/v1/chats", key=house.key, headers=headers, body={"user_id": "eve"})
        assert other.status == 409
        assert other.error["code"] == "CONFLICT"
        assert cloud.rest("GET", "/api/v1/chats/user/ivy", key=house.key).body["total"] == 1

    def test_an_agent_is_named_or_the_default_one(self, cloud: Cloud, house: House) -> None:
        body = {"user_id": "bob", "agent_id": "nobody"}
        unknown = cloud.rest("POST", "/api/v1/chats", key=house.key, body=body)
        assert (unknown.status, unknown.error["code"]) == (404, "AGENT_NOT_FOUND")
        empty = cloud.house(agent=False)
        missing = cloud.rest("POST", "/api/v1/chats", key=empty.key, body={"user_id": "bob"})
        assert (missing.status, missing.error["code"]) == (404, "AGENT_NOT_FOUND")
        assert "default" in missing.error["message"]

    @pytest.mark.parametrize(
        ("body", "code", "parameter"),
        [
            ({}, "MISSING_PARAMETER", "user_id"),
            ({"user_id": ""}, "INVALID_PARAMETER", "user_id"),
            ({"user_id": 7}, "INVALID_PARAMETER", "user_id"),
            ({"user_id": None}, "INVALID_PARAMETER", "user_id"),
            ({"user_id": "a\u0000b"}, "INVALID_PARAMETER", "user_id"),
            ({"user_id": "a" * 257}, "INVALID_PARAMETER", "user_id"),
            ({"user_id": "a", "title": "t" * 201}, "INVALID_PARAMETER", "title"),
            ({"user_id": "a", "title": ["t"]}, "INVALID_PARAMETER", "title"),
            ({"user_id": "a", "metadata": "m"}, "INVALID_PARAMETER", "metadata"),
            ({"user_id": "a", "metadata": {"m": "x" * 17_000}}, "INVALID_PARAMETER", "metadata"),
            ({"user_id": "a", "agent_id": {}}, "INVALID_PARAMETER", "agent_id"),
        ],
    )
    def test_a_wrong_value_is_named_but_not_repeated(
        self, cloud: Cloud, house: House, body: object, code: str, parameter: str
    ) -> None:
        reply = cloud.rest("POST", "/api/v1/chats", key=house.key, body=body)
        assert reply.status == 400
        assert (reply.error["code"], reply.error["details"]["parameter"]) == (code, parameter)
        assert "xxxx" not in reply.text

    @pytest.mark.parametrize(
        "text",
        [
            "", "{", "[]", "null", '"text"', "7", '{"user_id": NaN}', '{"user_id": "\\ud800"}', "[" * 100_000,
            '{"user_id": "a", "metadata": {"n": 1e999}}', '{"user_id": "\ud800"}', '{"a": ' + "9" * 5000 + "}",
        ],
    )  # fmt: skip
    def test_a_body_that_is_no_json_object_is_refused(self, cloud: Cloud, house: House, text: str) -> None:
        reply = cloud.rest("POST", "/api/v1/chats", key=house.key, raw_body=text)
        assert (reply.status, reply.error["code"]) == (400, "INVALID_PARAMETER")

    def test_metadata_may_not_be_nested_without_end(self, cloud: Cloud, house: House) -> None:
        deep: dict[str, object] = {}
        for _ in range(30):
            deep = {"d": deep}
        reply = cloud.rest("POST", "/api/v1/chats", key=house.key, body={"user_id": "a", "metadata": deep})
        assert reply.status == 400

    def test_a_body_may_come_as_base64(self, cloud: Cloud, house: House) -> None:
        def send(data: bytes) -> int:
            text = base64.b64encode(data).decode()
            return cloud.rest("POST", "/api/v1/chats", key=house.key, raw_body=text, base64=True).status

        assert send('{"user_id": "zoë"}'.encode()) == 201
        assert send(b'{"user_id": "\xff"}') == 400
        assert cloud.rest("POST", "/api/v1/chats", key=house.key, raw_body="%%%", base64=True).status == 400

    def test_a_body_over_a_megabyte_is_too_large(self, cloud: Cloud, house: House) -> None:
        body = {"user_id": "a", "metadata": {"m": "x" * 1024 * 1024}}
        reply = cloud.rest("POST", "/api/v1/chats", key=house.key, body=body)
        assert (reply.status, reply.error["code"]) == (413, "PAYLOAD_TOO_LARGE")

    @pytest.mark.parametrize("value", ["", "k" * 256, "clé", "a\tb"])
    def test_an_idempotency_key_is_short_and_printable(self, cloud: Cloud, house: House, value: str) -> None:
        headers = {"Idempotency-Key": value}
        reply = cloud.rest("POST", "/api/v1/chats", key=house.key, headers=headers, body={"user_id": "a"})
        assert (reply.status, reply.error["details"]["parameter"]) == (400, "Idempotency-Key")


class TestUserChats:
    def test_lists_count_messages_and_go_by_page(self, cloud: Cloud) -> None:
        house = cloud.house()
        chats = [cloud.chat(house, "alice") for _ in range(3)]
        _say(cloud, house, chats[0], "Hello")
        reply = cloud.rest("GET", "/api/v1/chats/user/alice/", key=house.key, query={"limit": "2"})
        assert reply.status == 200
        page = reply.body
        assert {name: page[name] for name in ("total", "offset", "limit", "has_more")} == {
            "total": 3, "offset": 0, "limit": 2, "has_more": True,
        }  # fmt: skip
        assert [chat["id"] for chat in page["chats"]] == [chats[2], chats[1]]
        rest = cloud.rest(
            "GET", "/api/v1/chats/user/alice", key=house.key, query={"offset": "2", "limit": "2", "order": "desc"}
        ).body
        assert [(chat["id"], chat["message_count"]) for chat in rest["chats"]] == [(chats[0], 2)]
        assert rest["has_more"] is False
        first = cloud.rest("GET", "/api/v1/chats/user/alice", key=house.key, query={"order": "asc", "limit": "1"})
        assert first.body["chats"][0]["id"] == chats[0]

    @pytest.mark.parametrize(
        "user_id", ["alice@example.com", "a/b/c", "100%", "zoë ☕", "a%40b", "messages", "a+b", "x/", "tickets"]
    )
    def test_a_users_id_may_be_any_text(self, cloud: Cloud, house: House, user_id: str) -> None:
        chat_id = cloud.chat(house, user_id)
        for suffix in ("", "/"):
            path = f"/api/v1/chats/user/{quote(user_id, safe='')}{suffix}"
            reply = cloud.rest("GET", path, key=house.key)
            assert reply.status == 200
            assert chat_id in [chat["id"] for chat in reply.body["chats"]]
            assert {chat["user_id"] for chat in reply.body["chats"]} == {user_id}

    @pytest.mark.parametrize("path", ["nobody", "%00", "%FF", "a" * 300])
    def test_a_user_without_chats_is_refused(self, cloud: Cloud, house: House, path: str) -> None:
        reply = cloud.rest("GET", f"/api/v1/chats/user/{path}", key=house.key)
        expected = (404, "USER_NOT_FOUND") if path == "nobody" else (400, "INVALID_PARAMETER")
        assert (reply.status, reply.error["code"]) == expected


class TestMessages:
    def test_messages_have_the_contracts_shape(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house, "mia")
        connection_id = cloud.connected(house, chat_id, "mia")
        cloud.send(connection_id, {"content": "Hello?", "metadata": {"page": "/"}})
        cloud.work()
        page = cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body
        assert {name: page[name] for name in ("total", "offset", "limit", "has_more")} == {
            "total": 2, "offset": 0, "limit": 50, "has_more": False,
        }  # fmt: skip
        question, answer = page["messages"]
        for message in (question, answer):
            assert set(message) == {
                "id", "content", "sender_role", "media_type", "media_url", "created_at", "metadata",
            }  # fmt: skip
            assert _TIME.match(message["created_at"])
            assert message["media_type"] is message["media_url"] is None
        assert (question["sender_role"], question["content"]) == ("user", "Hello?")
        assert question["metadata"] == {"page": "/"}
        assert answer["sender_role"] == "assistant"
        assert answer["metadata"]["model"] == "extractive"
        assert answer["metadata"]["tokens_used"] > 0
        chat = cloud.rest("GET", f"/api/v1/chats/{chat_id}", key=house.key).body
        assert _TIME.match(chat["last_message_at"])

    def test_pages_go_both_ways(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        _say(cloud, house, chat_id, "one", "two")

        def contents(**query: str) -> list[str]:
            found = cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key, query=query).body
            return [message["content"] for message in found["messages"] if message["sender_role"] == "user"]

        assert contents() == ["one", "two"]
        assert contents(order="desc") == ["two", "one"]
        assert contents(offset="2", limit="1") == ["two"]
        assert contents(offset=str(10**12), limit="100") == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("offset", "-1"), ("offset", str(10**12 + 1)), ("offset", "x"), ("offset", "1.5"), ("offset", ""),
            ("offset", "٣"), ("limit", "0"), ("limit", "101"), ("limit", "9" * 5000), ("limit", "+5"),
            ("order", "up"), ("order", "ASC"), ("order", ""),
        ],
    )  # fmt: skip
    def test_a_page_has_bounds(self, cloud: Cloud, house: House, name: str, value: str) -> None:
        chat_id = cloud.chat(house)
        for path in (f"/api/v1/chats/{chat_id}/messages", "/api/v1/chats/user/alice"):
            reply = cloud.rest("GET", path, key=house.key, query={name: value})
            assert (reply.status, reply.error["code"]) == (400, "INVALID_PARAMETER")
            assert reply.error["details"]["parameter"] == name


class TestDelete:
    def test_a_deleted_chat_is_gone_for_good(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house, "dora")
        _say_as = cloud.connected(house, chat_id, "dora")
        cloud.send(_say_as, {"content": "Forget me."})
        cloud.work()
        reply = cloud.rest("DELETE", f"/api/v1/chats/{chat_id}/", key=house.key)
        assert (reply.status, reply.text) == (204, "")
        for method, path in (("GET", ""), ("GET", "/messages"), ("DELETE", ""), ("POST", "/tickets")):
            again = cloud.rest(method, f"/api/v1/chats/{chat_id}{path}", key=house.key)
            assert (again.status, again.error["code"]) == (404, "CHAT_NOT_FOUND")
        assert cloud.rest("GET", "/api/v1/chats/user/dora", key=house.key).status == 404
        cloud.send(_say_as, {"content": "Still there?"})
        assert cloud.gateway.frames[_say_as][-1]["code"] == "CHAT_NOT_FOUND"
        _, refused = cloud.connect(query={"api_key": house.key, "user_id": "dora", "chat_id": chat_id})
        assert refused["statusCode"] == 403


class TestTurns:
    def _turn(self, cloud: Cloud, house: House) -> tuple[str, str]:
        chat_id = cloud.chat(house)
        connection_id = cloud.connected(house, chat_id)
        cloud.send(connection_id, {"content": "Hello?"})
        cloud.work()
        turn_id: str = next(frame["turn_id"] for frame in cloud.gateway.frames[connection_id] if "turn_id" in frame)
        return chat_id, turn_id

    def test_a_turn_says_how_it_stands(self, cloud: Cloud, house: House) -> None:
        chat_id, turn_id = self._turn(cloud, house)
        path = f"/api/v1/chats/{chat_id}/turns/{turn_id}"
        turn = cloud.rest("GET", path, key=house.key).body
        assert set(turn) == {
            "id", "chat_id", "state", "attempt", "message_id", "reply_id", "error", "created_at", "ended_at",
        }  # fmt: skip
        assert (turn["id"], turn["chat_id"], turn["state"], turn["attempt"]) == (turn_id, chat_id, "done", 1)
        assert turn["error"] is None
        assert _TIME.match(turn["ended_at"])
        stopped = cloud.rest("POST", f"{path}/stop/", key=house.key)
        assert (stopped.status, stopped.body) == (200, turn)

    def test_a_stop_before_the_reply_wakes_who_ends_the_turn(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        turn = cloud.begun(cloud.connected(house, chat_id), house, chat_id)
        path = f"/api/v1/chats/{chat_id}/turns/{turn.id}"
        assert cloud.rest("POST", f"{path}/stop", key=house.key).status == 200
        cloud.work()
        assert cloud.rest("GET", path, key=house.key).body["state"] == "stopped"

    @pytest.mark.parametrize("turn_id", ["turn_x", "turn_" + "0" * 24 + "1", "turn_" + "0" * 24 + "999999999999"])
    def test_an_unknown_turn_is_not_found(self, cloud: Cloud, house: House, turn_id: str) -> None:
        chat_id, _ = self._turn(cloud, house)
        for method, path in (("GET", turn_id), ("POST", f"{turn_id}/stop")):
            reply = cloud.rest(method, f"/api/v1/chats/{chat_id}/turns/{path}", key=house.key)
            assert (reply.status, reply.error["code"]) == (404, "TURN_NOT_FOUND")


class TestTickets:
    def test_a_ticket_opens_one_connection(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house, "tia")
        reply = cloud.rest("POST", f"/api/v1/chats/{chat_id}/tickets", key=house.key)
        assert set(reply.body) == {"ticket", "expires_at"}
        assert _TIME.match(reply.body["expires_at"])
        connection_id, answer = cloud.connect(query={"ticket": reply.body["ticket"]})
        assert answer == {"statusCode": 200}
        cloud.work()
        greeting = cloud.gateway.frames[connection_id][0]
        assert (greeting["user_id"], greeting["chat_id"], greeting["tenant_id"]) == ("tia", chat_id, house.tenant_id)
        _, second = cloud.connect(query={"ticket": reply.body["ticket"]})
        assert second["statusCode"] == 401
        assert json.loads(second["body"])["error"]["code"] == "INVALID_API_KEY"

    def test_the_same_key_gives_the_same_ticket(self, cloud: Cloud, house: House) -> None:
        path = f"/api/v1/chats/{cloud.chat(house)}/tickets"
        headers = {"Idempotency-Key": "one"}
        first, second = (cloud.rest("POST", path, key=house.key, headers=headers) for _ in range(2))
        assert first.body == second.body
        other = cloud.rest("POST", path, key=house.key, headers=headers, body={"other": True})
        assert (other.status, other.error["code"]) == (409, "CONFLICT")
        fresh = cloud.rest("POST", path, key=house.key, headers={"Idempotency-Key": "two"})
        assert fresh.body["ticket"] != first.body["ticket"]
        elsewhere = f"/api/v1/chats/{cloud.chat(house)}/tickets"
        assert cloud.rest("POST", elsewhere, key=house.key, headers=headers).body["ticket"] != first.body["ticket"]
