"""A tenant's own routes: usage, budgets, export, erasure."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.table import Table
from parlance.usage.budgets import TENANT, Budget
from tests.functions.cloud import Cloud, House

TEXT = "a-sentence-of-nobody-else"


@pytest.fixture
def house(cloud: Cloud) -> House:
    return cloud.house()


def ask(cloud: Cloud, house: House, content: str = "Hello?", user_id: str = "alice") -> str:
    chat_id = cloud.chat(house, user_id)
    cloud.send(cloud.connected(house, chat_id, user_id), {"content": content})
    cloud.work()
    return chat_id


class TestUsage:
    def test_is_summed_by_day(self, cloud: Cloud, house: House) -> None:
        ask(cloud, house)
        ask(cloud, house, user_id="bob")
        reply = cloud.tenant("GET", "/usage", key=house.key)
        assert reply.status == 200
        (line,) = reply.body["usage"]
        assert set(line) == {"day", "attempts", "input_tokens", "output_tokens", "cost_micros"}
        assert line["attempts"] == 2
        assert line["cost_micros"] == line["input_tokens"] + line["output_tokens"] > 0
        assert reply.body["total"] == {name: value for name, value in line.items() if name != "day"}

    def test_is_told_by_user_and_of_one(self, cloud: Cloud, house: House) -> None:
        ask(cloud, house)
        ask(cloud, house, user_id="bob")
        lines = cloud.tenant("GET", "/usage", key=house.key, query={"by": "user"}).body["usage"]
        assert [line["user"] for line in lines] == ["alice", "bob"]
        one = cloud.tenant("GET", "/usage", key=house.key, query={"user_id": "bob"}).body
        assert one["total"]["attempts"] == 1
        none = cloud.tenant("GET", "/usage", key=house.key, query={"agent_id": "another"}).body
        assert none == {"usage": [], "total": dict.fromkeys(one["total"], 0)}

    def test_is_of_ones_own_tenant(self, cloud: Cloud, house: House) -> None:
        ask(cloud, house)
        assert cloud.tenant("GET", "/usage", key=cloud.house().key).body["usage"] == []

    @pytest.mark.parametrize(
        "query", [{"from": "x"}, {"from": "2020-01-01"}, {"by": "tenant"}, {"user_id": ""}, {"user_id": "a\n"}]
    )
    def test_that_cannot_be_asked_for(self, cloud: Cloud, house: House, query: dict[str, str]) -> None:
        reply = cloud.tenant("GET", "/usage", key=house.key, query=query)
        assert (reply.status, reply.error["code"]) == (400, "INVALID_PARAMETER")


class TestBudgets:
    @pytest.mark.parametrize("path", ["/budgets/agent/default", "/budgets/user/a%2Fb%20%C3%BC"])
    def test_are_set_read_and_removed(self, cloud: Cloud, house: House, path: str) -> None:
        assert cloud.tenant("GET", path, key=house.key).error["code"] == "BUDGET_NOT_FOUND"
        made = cloud.tenant("PUT", path, key=house.key, body={"cost_micros": 10, "period": "day"})
        assert made.status == 200, made.text
        assert (made.body["cost_micros"], made.body["tokens"], made.body["period"]) == (10, None, "day")
        assert made.body["id"] in {"default", "a/b ü"}
        assert cloud.tenant("GET", path, key=house.key).body == made.body
        assert cloud.tenant("GET", "/budgets", key=house.key).body == {"budgets": [made.body]}
        assert cloud.tenant("DELETE", path, key=house.key).status == 204
        assert cloud.tenant("DELETE", path, key=house.key).status == 404

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_of_the_tenant_itself_are_not_the_tenants_to_change(self, cloud: Cloud, house: House, method: str) -> None:
        reply = cloud.tenant(method, "/budgets/tenant", key=house.key, body={"cost_micros": 10**9})
        assert (reply.status, reply.error["code"]) == (403, "FORBIDDEN")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"cost_micros": -1},
            {"cost_micros": 1.5},
            {"cost_micros": "1"},
            {"tokens": True},
            {"tokens": 1, "period": "week"},
            {"tokens": 1, "color": "red"},
            {"tokens": 10**16},
        ],
    )
    def test_that_are_none_are_refused(self, cloud: Cloud, house: House, body: dict[str, Any]) -> None:
        reply = cloud.tenant("PUT", "/budgets/agent/default", key=house.key, body=body)
        assert (reply.status, reply.error["code"]) == (400, "INVALID_PARAMETER")

    def test_that_are_used_up_end_a_turn_with_a_clear_error(self, cloud: Cloud, house: House) -> None:
        DynamoBudgetStore(cloud.table).put(Budget(house.tenant_id, TENANT, "month", tokens=1))
        chat_id = cloud.chat(house)
        line = cloud.connected(house, chat_id)
        cloud.send(line, {"content": "Hello?"})
        cloud.work()
        (error,) = [frame for frame in cloud.gateway.frames[line] if frame["event_type"] == "error"]
        assert error["code"] == "BUDGET_EXCEEDED"
        assert "month is used up" in error["message"]
        turn = cloud.rest("GET", f"/api/v1/chats/{chat_id}/turns/{error['details']['turn_id']}", key=house.key)
        assert turn.body["error"]["code"] == "BUDGET_EXCEEDED"

    def test_that_are_used_up_are_a_402_where_a_reply_is_waited_for(self, cloud: Cloud, house: House) -> None:
        budget = Budget(house.tenant_id, TENANT, "month", tokens=1)
        DynamoBudgetStore(cloud.table).put(budget)
        chat_id = cloud.chat(house)
        sent: dict[str, Any] = {"key": house.key, "body": {"content": "Hello?"}, "headers": {"Idempotency-Key": "k"}}
        reply = cloud.say(chat_id, **sent)
        assert (reply.status, reply.error["code"]) == (402, "BUDGET_EXCEEDED")
        lines = cloud.say(chat_id, **sent | {"headers": {"Accept": "application/x-ndjson"}})
        assert lines.status == 200
        last = json.loads(lines.text.splitlines()[-1])
        assert (last["event_type"], last["code"]) == ("error", "BUDGET_EXCEEDED")

    def test_say_what_was_spent(self, cloud: Cloud, house: House) -> None:
        DynamoBudgetStore(cloud.table).put(Budget(house.tenant_id, TENANT, "month", micros=10**6))
        ask(cloud, house)
        (budget,) = cloud.tenant("GET", "/budgets", key=house.key).body["budgets"]
        used = cloud.tenant("GET", "/usage", key=house.key).body["total"]
        assert budget["spent"] == {
            "cost_micros": used["cost_micros"],
            "tokens": used["input_tokens"] + used["output_tokens"],
        }
        assert budget["reserved"] == {"cost_micros": 0, "tokens": 0}


class TestExport:
    def test_a_users_conversations_come_page_by_page(self, cloud: Cloud, house: House) -> None:
        for content in ("First?", "Second?"):
            ask(cloud, house, content)
        ask(cloud, house, "Not mine", user_id="bob")
        reply = cloud.tenant("GET", "/export", key=house.key, query={"user_id": "alice"})
        assert reply.body["cursor"] is None
        lines = reply.body["items"]
        assert [line["type"] for line in lines] == ["conversation", "message", "message"] * 2
        assert [line["content"] for line in lines if line.get("role") == "user"] == ["First?", "Second?"]

    def test_of_nobody_is_empty(self, cloud: Cloud, house: House) -> None:
        reply = cloud.tenant("GET", "/export", key=house.key, query={"user_id": "nobody"})
        assert reply.body == {"items": [], "cursor": None}

    @pytest.mark.parametrize(
        "query", [None, {"user_id": "alice", "cursor": "x"}, {"user_id": "alice", "cursor": "1.0"}, {"user_id": ""}]
    )
    def test_that_cannot_be_asked_for(self, cloud: Cloud, house: House, query: dict[str, str] | None) -> None:
        assert cloud.tenant("GET", "/export", key=house.key, query=query).status == 400


class TestErasure:
    def test_nothing_names_the_user_afterwards(self, cloud: Cloud, house: House) -> None:
        user, other = f"ann-{house.tenant_id}", f"bob-{house.tenant_id}"
        chat_id = ask(cloud, house, TEXT, user)
        ask(cloud, house, "Stays", other)
        deleted = ask(cloud, house, TEXT, user)
        cloud.rest("DELETE", f"/api/v1/chats/{deleted}", key=house.key)
        cloud.rest("POST", f"/api/v1/chats/{chat_id}/tickets", key=house.key)
        body = {"user_id": user, "title": TEXT}
        cloud.rest("POST", "/api/v1/chats", key=house.key, body=body, headers={"Idempotency-Key": "k"})
        cloud.tenant("PUT", f"/budgets/user/{user}", key=house.key, body={"tokens": 10**6})
        ask(cloud, house, TEXT, user)
        before = cloud.tenant("GET", "/usage", key=house.key).body["total"]
        assert naming(cloud.table, user)

        assert cloud.tenant("DELETE", f"/users/{user}", key=house.key).status == 202
        work_until(cloud, lambda: not naming(cloud.table, user))

        assert naming(cloud.identity, user) == []
        assert naming(cloud.table, TEXT) == naming(cloud.identity, TEXT) == []
        assert cloud.tenant("GET", "/usage", key=house.key).body["total"] == before
        lines = cloud.tenant("GET", "/usage", key=house.key, query={"by": "user"}).body["usage"]
        assert [line["user"] for line in lines] == [None, other]
        assert cloud.rest("GET", f"/api/v1/chats/user/{other}", key=house.key).body["total"] == 1
        assert cloud.rest("GET", f"/api/v1/chats/user/{user}", key=house.key).status == 404

    def test_open_connections_are_closed(self, cloud: Cloud, house: House) -> None:
        line = cloud.connected(house, cloud.chat(house))
        cloud.tenant("DELETE", "/users/alice", key=house.key)
        work_until(cloud, lambda: not cloud.gateway.is_open(line))

    def test_reaches_no_other_tenant(self, cloud: Cloud, house: House) -> None:
        chat_id = cloud.chat(house)
        cloud.tenant("DELETE", "/users/alice", key=cloud.house().key)
        cloud.work()
        assert cloud.rest("GET", f"/api/v1/chats/{chat_id}", key=house.key).status == 200

    def test_of_nobody_is_accepted(self, cloud: Cloud, house: House) -> None:
        assert cloud.tenant("DELETE", "/users/nobody", key=house.key).status == 202
        assert cloud.tenant("DELETE", f"/users/{'x' * 300}", key=house.key).status == 400


class TestTheGroup:
    @pytest.mark.parametrize("path", ["", "/", "/nothing", "/budgets/nobody", "/users", "/usage/more"])
    def test_what_is_not_there(self, cloud: Cloud, house: House, path: str) -> None:
        reply = cloud.tenant("GET", path, key=house.key)
        assert (reply.status, reply.error["code"]) in {(404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED")}

    @pytest.mark.parametrize("path", ["/usage", "/budgets", "/export", "/retention", "/nothing"])
    @pytest.mark.parametrize("key", [None, "pk_wrong"])
    def test_needs_a_key(self, cloud: Cloud, path: str, key: str | None) -> None:
        assert cloud.tenant("GET", path, key=key).status == 401

    def test_retention_is_told(self, cloud: Cloud, house: House) -> None:
        assert cloud.tenant("GET", "/retention", key=house.key).body == {"days": None}
        assert cloud.tenant("PUT", "/retention", key=house.key, body={"days": 1}).status == 405


def naming(table: Table, word: str) -> list[str]:
    """The keys of all items that hold the word anywhere."""
    return [f"{item['pk']} / {item['sk']}" for item in table.scan("") if word in json.dumps(item, default=repr)]


def work_until(cloud: Cloud, done: Callable[[], bool]) -> None:
    """Let the workers work, also on what they were asked to do a moment later."""
    until = time.monotonic() + 30
    while not done():
        assert time.monotonic() < until
        cloud.work()
        time.sleep(0.2)
