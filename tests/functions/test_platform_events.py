"""The event log and the record of usage, over the functions of the dialect."""

import csv
import io
import json
from typing import Any

import pytest

from parlance.clock import SystemClock
from parlance.http.requests import Request
from parlance.platform.callers import Caller
from parlance.platform.events import EventCalls
from parlance.platform.house import House
from tests.functions import events
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, an_account

SECRET_WORDS = "the words of nobody else"


def logged(account: Account, **query: str) -> list[dict[str, Any]]:
    """The oldest first."""
    found: list[dict[str, Any]] = account.get("/event/log/list", query={"order": "asc", **query}).body["items"]
    return found


def types(account: Account) -> list[str]:
    return [event["type"] for event in logged(account)]


class TestEvents:
    def test_the_life_of_a_resource(self, account: Account) -> None:
        dataset = account.made("/dataset/create", {"name": "D"})
        bot = account.made("/bot/create", {"name": "B", "datasetId": dataset})
        account.made(f"/bot/{bot}/update", {"name": "C"})
        account.made(f"/bot/{bot}/update", {})
        account.made(f"/bot/{bot}/delete")
        found = logged(account)
        assert [event["type"] for event in found] == ["dataset.create", "bot.create", "bot.update", "bot.delete"]
        assert all(event["botId"] == bot and event["datasetId"] == dataset for event in found[1:])
        assert all(event["createdAt"] == event["updatedAt"] <= SystemClock().now() for event in found)

    def test_every_kind_names_itself(self, account: Account) -> None:
        skillset = account.made("/skillset/create")
        ability = account.made(f"/skillset/{skillset}/ability/create")
        contact = account.made("/contact/create")
        memory = account.made("/memory/create", {"text": SECRET_WORDS, "contactId": contact})
        slack = account.made("/integration/slack/create")
        found = {event["type"]: event for event in logged(account)}
        assert found["ability.create"]["abilityId"] == ability
        assert found["ability.create"]["skillsetId"] == skillset
        assert found["slackIntegration.create"]["slackIntegrationId"] == slack
        assert found["contact.create"]["contactId"] == contact
        # Of whom something is, is told where it is kept only: an erasure does not reach the log.
        assert found["memory.create"].keys() & {"memoryId", "contactId"} == {"memoryId"}
        assert found["memory.create"]["memoryId"] == memory

    def test_conversations_and_what_they_use(self, account: Account) -> None:
        dataset = account.made("/dataset/create")
        account.made(f"/dataset/{dataset}/record/create", {"text": f"They are {SECRET_WORDS}."})
        bot = account.made("/bot/create", {"datasetId": dataset})
        conversation = account.made("/conversation/create", {"botId": bot})
        told = account.post(f"/conversation/{conversation}/complete", {"text": f"What are {SECRET_WORDS}?"})
        assert SECRET_WORDS in told.body["text"]
        account.made(f"/conversation/{conversation}/delete")
        found = [event for event in logged(account) if event["type"].startswith("conversation.")]
        kinds = ["conversation.create", "conversation.complete", "conversation.delete"]
        assert [event["type"] for event in found] == kinds
        assert {event["conversationId"] for event in found} == {conversation}
        assert {event["botId"] for event in found} == {bot}
        used = found[1]["meta"]
        assert used["inputTokens"] + used["outputTokens"] == told.body["usage"]["token"] > 0
        assert SECRET_WORDS not in json.dumps(logged(account))

    def test_an_answer_that_is_not_kept_has_no_conversation(self, account: Account) -> None:
        bot = account.made("/bot/create", {})
        messages = [{"type": "user", "text": SECRET_WORDS}]
        told = account.post("/conversation/complete", {"botId": bot, "messages": messages})
        event = logged(account)[-1]
        assert (event["type"], event["botId"]) == ("conversation.complete", bot)
        assert not event.keys() & {"conversationId", "messageId"}
        (use,) = account.get("/usage/list").body["items"]
        assert use["count"] == told.body["usage"]["token"] > 0
        own = account.post("/conversation/complete", {"backstory": SECRET_WORDS, "messages": messages})
        assert own.status == 200
        assert logged(account)[-1]["botId"] == "inline"

    def test_what_the_house_does_by_itself_is_no_change(self, account: Account) -> None:
        task = account.made("/task/create", {"name": "Do nothing", "schedule": "hourly"})
        account.made(f"/task/{task}/trigger")
        assert types(account) == ["task.create"]
        account.cloud.run_errands()
        assert "task.update" not in types(account)

    def test_messages_and_records_are_not_told_of(self, account: Account) -> None:
        conversation, dataset = account.made("/conversation/create"), account.made("/dataset/create")
        account.made(f"/conversation/{conversation}/message/create", {"type": "user", "text": SECRET_WORDS})
        account.made(f"/dataset/{dataset}/record/create", {"text": SECRET_WORDS})
        assert types(account) == ["conversation.create", "dataset.create"]

    def test_what_was_refused_did_not_happen(self, account: Account) -> None:
        account.made("/file/create", {"alias": "one"})
        assert account.post("/file/create", {"alias": "one"}).code == "CONFLICT"
        assert account.post("/file/file_none/delete").code == "NOT_FOUND"
        assert types(account) == ["file.create"]

    def test_it_is_nobody_elses(self, account: Account, cloud: Cloud) -> None:
        account.made("/file/create")
        assert logged(an_account(cloud)) == []


class TestLists:
    def test_in_pages_lines_and_columns(self, account: Account) -> None:
        made = [account.made("/file/create") for _ in range(5)]
        first = account.get("/event/log/list", query={"take": "2"}).body
        second = account.get("/event/log/list", query={"take": "3", "cursor": first["cursor"]}).body
        assert [event["fileId"] for event in [*first["items"], *second["items"]]] == made[::-1]
        for path in ("/event/log/list", "/event/log/export"):
            lines = account.get(path, accept="application/jsonl").lines
            assert [line["data"]["fileId"] for line in lines] == made[::-1]
            assert {line["type"] for line in lines} == {"item"}
        rows = list(csv.DictReader(io.StringIO(account.get("/event/log/export", accept="text/csv").text)))
        assert [json.loads(row["about"]) for row in rows] == [{"fileId": file} for file in made[::-1]]
        assert {row["type"] for row in rows} == {"file.create"}

    @pytest.mark.parametrize("query", [{"cursor": "x"}, {"cursor": "1.a b"}])
    def test_a_cursor_that_no_list_gave_is_refused(self, account: Account, query: dict[str, str]) -> None:
        for path in ("/event/log/list", "/event/log/export", "/usage/list"):
            assert account.get(path, query=query).code == "BAD_REQUEST"

    def test_a_subscription_begins_with_what_was(self, account: Account) -> None:
        made = [account.made("/file/create") for _ in range(3)]
        assert [line["data"]["fileId"] for line in self.heard(account, 2)] == made[1:]
        assert self.heard(account, 0) == []
        assert account.post("/event/log/subscribe", {"historyLength": 2_000}).code == "BAD_REQUEST"

    def heard(self, account: Account, history: int) -> list[dict[str, Any]]:
        """With less patience than the function has."""
        house = House.from_environment()
        calls = EventCalls(house.library, house.clock, patience=0.1)
        request = Request(events.rest("POST", "/api/v1/event/log/subscribe", body={"historyLength": history}))
        answer = calls.subscribe(request, Caller(account.tenant_id))
        return [json.loads(line) for line in (answer.text or "").splitlines()]


class TestUsage:
    def test_every_answer_is_listed_and_counted_by_day(self, account: Account) -> None:
        bot = account.made("/bot/create", {})
        conversation = account.made("/conversation/create", {"botId": bot})
        used = [
            account.post(f"/conversation/{conversation}/complete", {"text": text}).body["usage"]["token"]
            for text in ("Hello", "Who are you?")
        ]
        items = account.get("/usage/list").body["items"]
        assert [item["count"] for item in items] == used[::-1]
        assert {(item["type"], item["conversationId"], item["botId"]) for item in items} == {
            ("token", conversation, bot)
        }
        assert [line["data"] for line in account.get("/usage/list", accept="application/jsonl").lines] == items
        today = SystemClock().now() // 86_400_000 * 86_400_000
        series = account.get("/usage/series/fetch").body
        assert series == {
            "tokens": [{"date": today, "total": sum(used)}],
            "conversations": [{"date": today, "total": 1}],
            "messages": [{"date": today, "total": 4}],
        }
        whole = account.get("/usage/fetch").body
        assert (whole["tokens"], whole["messages"]) == (sum(used), 4)

    def test_what_a_deleted_conversation_used_stays(self, account: Account) -> None:
        conversation = account.made("/conversation/create", {"botId": account.made("/bot/create", {})})
        used = account.post(f"/conversation/{conversation}/complete", {"text": "Hello"}).body["usage"]["token"]
        account.made(f"/conversation/{conversation}/delete")
        (day,) = account.get("/usage/series/fetch").body["tokens"]
        assert day["total"] == used
        assert [item["count"] for item in account.get("/usage/list").body["items"]] == [used]
