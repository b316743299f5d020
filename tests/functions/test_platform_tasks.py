"""Tasks and triggers over their functions and workers: what runs, when, and what is said of it."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from functions.workers.errands import app as errands_app
from parlance.agents.context import TurnContext
from parlance.clock import SystemClock
from parlance.http.requests import Request
from parlance.platform.callers import Caller
from parlance.platform.errands import NoErrands
from parlance.platform.house import House
from parlance.platform.task_runs import TaskRuns
from parlance.platform.tasks import TaskCalls
from parlance.realtime.messages import DueCall, TaskLook
from parlance.storage.turns import DynamoTurnStore
from tests.functions import events
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, an_account


def until[Found](cloud: Cloud, look: Callable[[], Found | None]) -> Found:
    """Let the workers work until there is something to see."""
    end = time.monotonic() + 20
    while True:
        cloud.run_errands()
        cloud.work()
        found = look()
        if found:
            return found
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.2)


def executions(account: Account, task: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.get(f"/task/{task}/execution/list").body["items"]
    return found


def ended(account: Account, task: str) -> dict[str, Any]:
    """The newest execution, once it has ended."""

    def look() -> dict[str, Any] | None:
        newest = executions(account, task)
        return newest[0] if newest and newest[0]["status"] != "running" else None

    return until(account.cloud, look)


def a_bot(account: Account, **more: str) -> str:
    dataset = account.made("/dataset/create", {})
    account.made(f"/dataset/{dataset}/record/create", {"text": "The capital of Freedonia is Fredville."})
    return account.made("/bot/create", {"datasetId": dataset, **more})


def a_task(account: Account, **more: object) -> str:
    values = {"botId": a_bot(account), "description": "What is the capital of Freedonia?", **more}
    return account.made("/task/create", {name: value for name, value in values.items() if value is not None})


def send(cloud: Cloud, body: DueCall | TaskLook) -> None:
    cloud.sqs.send_message(QueueUrl=cloud.errands_url, MessageBody=body.model_dump_json())


class TestRunning:
    def test_a_task_is_a_conversation_of_its_bot(self, account: Account) -> None:
        contact = account.made("/contact/create")
        task = a_task(account, name="Capitals", contactId=contact)
        before = account.get(f"/task/{task}/fetch").body
        assert (before["status"], before["outcome"], "lastRunAt" in before) == ("idle", "pending", False)
        assert account.post(f"/task/{task}/trigger").body == {"id": task}
        assert account.get(f"/task/{task}/fetch").body["status"] == "running"
        execution = ended(account, task)
        assert (execution["status"], execution["outcome"], execution["taskId"]) == ("idle", "success", task)
        assert "Fredville" in execution["summary"]
        assert execution["completedAt"].endswith("+00:00")
        after = account.get(f"/task/{task}/fetch").body
        assert (after["status"], after["outcome"]) == ("idle", "success")
        assert after["lastRunAt"] <= SystemClock().now()
        conversation = account.get(f"/conversation/{execution['conversationId']}/fetch").body
        assert (conversation["taskId"], conversation["contactId"]) == (task, contact)
        assert (conversation["botId"], conversation["name"]) == (before["botId"], "Capitals")
        messages = account.get(f"/conversation/{execution['conversationId']}/message/list").body["items"]
        assert [message["type"] for message in messages] == ["user", "bot"]

    @pytest.mark.parametrize(("iterations", "rounds"), [(2, 2), (2.9, 2), (-1, 1), (1e12, 1_000), (None, None)])
    def test_the_rounds_of_its_bot_are_bounded(self, account: Account, iterations: float, rounds: int | None) -> None:
        task = a_task(account, maxIterations=iterations)
        account.made(f"/task/{task}/trigger")
        account.cloud.run_errands()
        (execution,) = executions(account, task)
        turn = DynamoTurnStore(account.cloud.table).turn(account.tenant_id, execution["conversationId"], 1)
        assert turn is not None
        assert TurnContext.restored(turn.context).max_rounds == rounds

    def test_it_runs_once_at_a_time(self, account: Account) -> None:
        task = a_task(account)
        account.made(f"/task/{task}/trigger")
        assert account.post(f"/task/{task}/trigger").code == "CONFLICT"
        ended(account, task)
        assert len(executions(account, task)) == 1
        account.made(f"/task/{task}/trigger")
        ended(account, task)
        assert len(executions(account, task)) == 2
        (newest,) = account.get(f"/task/{task}/execution/list", query={"take": "1"}).body["items"]
        assert newest == executions(account, task)[0]
        assert account.get(f"/task/{task}/execution/list", query={"status": "running"}).body["items"] == []

    def test_one_that_fails_says_why(self, account: Account) -> None:
        task = a_task(account)
        account.made(f"/bot/{account.get(f'/task/{task}/fetch').body['botId']}/delete")
        account.made(f"/task/{task}/trigger")
        execution = ended(account, task)
        assert (execution["status"], execution["outcome"]) == ("idle", "failure")
        assert execution["summary"] == "Bot not found"
        broken = a_task(account, botId=a_bot(account, model="extractive"))
        account.made(f"/task/{broken}/trigger")
        account.made(f"/task/{broken}/delete")
        account.cloud.run_errands()
        assert account.get(f"/task/{broken}/execution/list").code == "NOT_FOUND"

    def test_one_that_says_nothing_is_refused(self, account: Account) -> None:
        task = a_task(account, description=None)
        assert account.post(f"/task/{task}/trigger").code == "BAD_REQUEST"
        assert executions(account, task) == []

    def test_looking_once_more_changes_nothing(self, account: Account, cloud: Cloud) -> None:
        task = a_task(account)
        account.made(f"/task/{task}/trigger")
        execution = ended(account, task)
        send(cloud, TaskLook(tenant_id=account.tenant_id, task_id=task, execution_id=execution["id"], looks=0))
        cloud.run_errands()
        assert executions(account, task) == [execution]

    def test_it_is_nobody_elses(self, account: Account, cloud: Cloud) -> None:
        task, stranger = a_task(account), an_account(cloud)
        account.made(f"/task/{task}/trigger")
        (execution,) = executions(account, task)
        for path in ("trigger", "cancel", "subscribe", f"execution/{execution['id']}/cancel"):
            assert stranger.post(f"/task/{task}/{path}").code == "NOT_FOUND"
        assert stranger.get(f"/task/{task}/execution/list").code == "NOT_FOUND"
        ended(account, task)


class TestWorkersThatDie:
    """What was written when they died is what the next one finds."""

    def look(self, account: Account, task: str, execution: str, *, receipts: int = 1) -> bool:
        """Whether the worker is done with the message."""
        body = TaskLook(tenant_id=account.tenant_id, task_id=task, execution_id=execution, looks=0).model_dump_json()
        record = {
            "messageId": "m",
            "receiptHandle": "none",
            "body": body,
            "attributes": {"ApproximateReceiveCount": str(receipts)},
        }
        answer = errands_app.handler({"Records": [record]}, events.Context())
        return answer == {"batchItemFailures": []}

    def test_after_the_end_of_an_execution_was_written(self, account: Account) -> None:
        library, task = House.from_environment().library, a_task(account)
        account.made(f"/task/{task}/trigger")
        (execution,) = executions(account, task)
        library.engine("taskExecution").change(
            account.tenant_id,
            execution["id"],
            lambda values: {**values, "status": "idle", "outcome": "success"},
            parent=task,
        )
        assert account.post(f"/task/{task}/trigger").code == "CONFLICT"
        assert self.look(account, task, execution["id"])
        after = account.get(f"/task/{task}/fetch").body
        assert (after["status"], after["outcome"]) == ("idle", "success")

    def test_before_the_task_was_marked(self, account: Account) -> None:
        library, task = House.from_environment().library, a_task(account)
        values = {"taskId": task, "status": "running", "outcome": "pending"}
        execution = library.engine("taskExecution").put(account.tenant_id, values, parent=task).id
        assert not self.look(account, task, execution)
        assert [one["id"] for one in executions(account, task)] == [execution]
        assert self.look(account, task, execution, receipts=4)
        assert executions(account, task) == []
        assert self.look(account, task, execution)

    def test_before_the_turn_was_noted(self, account: Account) -> None:
        """The turn is found again by its key, not begun twice."""
        library, task = House.from_environment().library, a_task(account)
        account.made(f"/task/{task}/trigger")
        account.cloud.run_errands()
        (execution,) = executions(account, task)
        library.engine("taskExecution").change(
            account.tenant_id,
            execution["id"],
            lambda values: {name: value for name, value in values.items() if name != "turnId"},
            parent=task,
        )
        assert ended(account, task)["outcome"] == "success"
        assert len(_texts(account, execution["conversationId"])) == 2


class TestCancelling:
    def test_an_execution(self, account: Account, cloud: Cloud) -> None:
        task = a_task(account)
        account.made(f"/task/{task}/trigger")
        (execution,) = executions(account, task)
        told = account.post(f"/task/{task}/execution/{execution['id']}/cancel")
        assert told.body == {"id": execution["id"], "taskId": task}
        (execution,) = executions(account, task)
        assert (execution["status"], execution["outcome"]) == ("canceled", "failure")
        assert account.get(f"/task/{task}/fetch").body["status"] == "idle"
        cloud.run_errands()
        assert "conversationId" not in executions(account, task)[0]
        assert account.post(f"/task/{task}/execution/{execution['id']}/cancel").status == 200
        assert account.post(f"/task/{task}/execution/execution_none/cancel").code == "NOT_FOUND"

    def test_what_a_bot_is_about_is_stopped(self, account: Account, cloud: Cloud) -> None:
        task = a_task(account)
        account.made(f"/task/{task}/trigger")
        cloud.run_errands()
        (execution,) = executions(account, task)
        account.made(f"/task/{task}/execution/{execution['id']}/cancel")
        cloud.run_errands()
        cloud.work()
        messages = account.get(f"/conversation/{execution['conversationId']}/message/list").body["items"]
        assert [message["text"] for message in messages if message["type"] == "bot"] in ([], [""])

    def test_a_task_with_its_schedule(self, account: Account) -> None:
        task = a_task(account, schedule="hourly")
        account.made(f"/task/{task}/trigger")
        account.made(f"/task/{task}/cancel")
        after = account.get(f"/task/{task}/fetch").body
        assert (after["status"], "nextRunAt" in after) == ("canceled", False)
        assert executions(account, task)[0]["status"] == "canceled"
        (listed,) = account.get("/task/list", query={"status": "canceled"}).body["items"]
        assert listed["id"] == task
        account.made(f"/task/{task}/update", {"schedule": "daily"})
        assert account.get(f"/task/{task}/fetch").body["nextRunAt"] > SystemClock().now()

    def test_one_that_takes_too_long(self, account: Account, cloud: Cloud) -> None:
        task = a_task(account, maxTime=1)
        account.made(f"/task/{task}/trigger")
        execution = ended(account, task)
        assert (execution["status"], execution["outcome"]) == ("idle", "failure")


class TestSchedules:
    def call(self, account: Account, task: str, at: int, kind: str = "task") -> None:
        send(account.cloud, DueCall(tenant_id=account.tenant_id, document_kind=kind, document_id=task, at=at))
        account.cloud.run_errands()

    def test_the_next_time_is_told_and_follows_changes(self, account: Account) -> None:
        task = a_task(account, schedule="0 9 * * *", timezone="America/New_York")
        first = account.get(f"/task/{task}/fetch").body["nextRunAt"]
        assert first % 86_400_000 in {13 * 3_600_000, 14 * 3_600_000}
        account.made(f"/task/{task}/update", {"name": "Other"})
        assert account.get(f"/task/{task}/fetch").body["nextRunAt"] == first
        account.made(f"/task/{task}/update", {"timezone": "Asia/Tokyo"})
        assert account.get(f"/task/{task}/fetch").body["nextRunAt"] % 86_400_000 == 0
        account.made(f"/task/{task}/update", {"schedule": None})
        assert "nextRunAt" not in account.get(f"/task/{task}/fetch").body

    @pytest.mark.parametrize("body", [{"schedule": "now and then"}, {"schedule": 7}, {"timezone": "Nowhere/City"}])
    def test_what_is_none_is_refused(self, account: Account, body: dict[str, Any]) -> None:
        task = a_task(account)
        assert account.post("/task/create", body).code == "BAD_REQUEST"
        assert account.post(f"/task/{task}/update", body).code == "BAD_REQUEST"

    def test_what_is_due_runs_once_and_is_due_again(self, account: Account, cloud: Cloud) -> None:
        soon = SystemClock().now() + 1_500
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(soon / 1000))
        task = a_task(account, schedule=moment)
        due = account.get(f"/task/{task}/fetch").body.get("nextRunAt")
        assert due is not None
        assert ended(account, task)["outcome"] == "success"
        assert "nextRunAt" not in account.get(f"/task/{task}/fetch").body
        self.call(account, task, due)
        assert len(executions(account, task)) == 1

    def test_an_interval_moves_on(self, account: Account) -> None:
        task = a_task(account, schedule="every minute")
        due = account.get(f"/task/{task}/fetch").body["nextRunAt"]
        # Too early: nothing runs, and the call is sent on.
        self.call(account, task, due)
        assert executions(account, task) == []
        assert account.get(f"/task/{task}/fetch").body["nextRunAt"] == due
        # Of another time: the schedule has been changed.
        self.call(account, task, due - 1)
        assert executions(account, task) == []

    def test_a_trigger_runs_by_its_schedule(self, account: Account) -> None:
        soon = SystemClock().now() + 1_500
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(soon / 1000))
        body = {"botId": a_bot(account), "description": "What is the capital of Freedonia?", "schedule": moment}
        trigger = account.made("/integration/trigger/create", body)
        assert account.get(f"/integration/trigger/{trigger}/fetch").body["nextTriggerAt"] > soon - 2_000
        (conversation,) = until(account.cloud, lambda: account.get("/conversation/list").body["items"])
        until(account.cloud, lambda: len(_texts(account, conversation["id"])) == 2)
        assert "Fredville" in _texts(account, conversation["id"])[1]
        after = account.get(f"/integration/trigger/{trigger}/fetch").body
        assert "lastTriggerAt" in after
        assert "nextTriggerAt" not in after


class TestTriggers:
    def test_the_bot_is_told_what_was_sent(self, account: Account, cloud: Cloud) -> None:
        trigger = account.made("/integration/trigger/create", {"botId": a_bot(account)})
        told = account.post(f"/integration/trigger/{trigger}/invoke", {"question": "capital of Freedonia ☃"})
        assert told.body["id"] == trigger
        cloud.work()
        asked, answered = _texts(account, told.body["conversationId"])
        assert asked == '{"question": "capital of Freedonia ☃"}'
        assert "Fredville" in answered
        assert account.get(f"/integration/trigger/{trigger}/fetch").body["lastTriggerAt"] <= SystemClock().now()

    def test_each_is_a_conversation_unless_a_session_lasts(self, account: Account) -> None:
        bot = a_bot(account)
        short = account.made("/integration/trigger/create", {"botId": bot})
        long = account.made("/integration/trigger/create", {"botId": bot, "sessionDuration": 60_000})
        for trigger, wanted in ((short, 2), (long, 1)):
            path = f"/integration/trigger/{trigger}/invoke"
            assert len({account.post(path, {"a": 1}).body["conversationId"] for _ in range(2)}) == wanted
        known = account.post(f"/integration/trigger/{long}/invoke", {}).body["conversationId"]
        account.made(f"/conversation/{known}/delete")
        assert account.post(f"/integration/trigger/{long}/invoke", {}).body["conversationId"] != known

    def test_whoever_has_its_secret_may_send_it_something_and_no_more(self, account: Account) -> None:
        bot = a_bot(account)
        trigger, other = (account.made("/integration/trigger/create", {"botId": bot}) for _ in range(2))
        secret = account.get(f"/integration/trigger/{trigger}/fetch").body["secret"]
        for call in ("event", "invoke"):
            told = account.post(f"/integration/trigger/{trigger}/{call}", {"a": 1}, token=secret)
            assert told.body["id"] == trigger
            for wrong in (secret[:-1], f"{secret}x", "☃", "a.b.c"):
                told = account.post(f"/integration/trigger/{trigger}/{call}", {}, token=wrong)
                assert told.code == "NOT_AUTHORIZED"
            assert account.post(f"/integration/trigger/{other}/{call}", {}, token=secret).code == "NOT_AUTHORIZED"
        for method, path in (("GET", "fetch"), ("POST", "update"), ("POST", "delete"), ("POST", "setup")):
            told = account.call(method, f"/integration/trigger/{trigger}/{path}", {}, token=secret)
            assert told.code == "NOT_AUTHORIZED"
        account.made(f"/integration/trigger/{trigger}/delete")
        assert account.post(f"/integration/trigger/{trigger}/event", {}, token=secret).code == "NOT_AUTHORIZED"

    def test_what_cannot_be_told_is_refused(self, account: Account, cloud: Cloud) -> None:
        bot = a_bot(account)
        trigger = account.made("/integration/trigger/create", {"botId": bot})
        path = f"/integration/trigger/{trigger}/invoke"
        assert account.post(path, {"a": "x" * 70_000}).code == "CONTENT_TOO_LARGE"
        assert account.call("POST", path, raw_body="[1]").code == "BAD_REQUEST"
        assert an_account(cloud).post(path, {}).code == "NOT_FOUND"
        account.made(f"/bot/{bot}/delete")
        assert account.post(path, {}).code == "NOT_FOUND"


class TestSubscribing:
    def heard(self, account: Account, task: str, *, history: int) -> list[tuple[str, str | None]]:
        """With less patience than the function has."""
        house = House.from_environment()
        calls = TaskCalls(house.library, TaskRuns(house.library, NoErrands(), house.clock), house.clock, patience=0.6)
        body = {"historyLength": history}
        request = Request(events.rest("POST", f"/api/v1/task/{task}/subscribe", body=body))
        answer = calls.subscribe(request, Caller(account.tenant_id), task)
        lines = [json.loads(line) for line in (answer.text or "").splitlines()]
        assert all(isinstance(line["createdAt"], int) for line in lines)
        return [(line["type"], line["data"].get("id")) for line in lines]

    def test_it_tells_what_was(self, account: Account) -> None:
        task = a_task(account)
        account.made(f"/task/{task}/trigger")
        first = ended(account, task)["id"]
        account.made(f"/task/{task}/trigger")
        second = executions(account, task)[0]["id"]
        account.made(f"/task/{task}/execution/{second}/cancel")
        begin, end = "operationBegin", "operationEnd"
        newest = [(begin, second), ("error", None), (end, second)]
        assert self.heard(account, task, history=5) == [(begin, first), (end, first), *newest]
        assert self.heard(account, task, history=1) == newest
        assert account.post(f"/task/{task}/subscribe", {"historyLength": -1}).code == "BAD_REQUEST"

    def test_one_that_runs_is_awaited(self, account: Account) -> None:
        task = a_task(account)
        assert self.heard(account, task, history=0) == []
        account.made(f"/task/{task}/trigger")
        running = executions(account, task)[0]["id"]
        assert self.heard(account, task, history=0) == [("operationBegin", running)]
        ended(account, task)


def _texts(account: Account, conversation: str) -> list[str]:
    items = account.get(f"/conversation/{conversation}/message/list").body["items"]
    return [message["text"] for message in items]
