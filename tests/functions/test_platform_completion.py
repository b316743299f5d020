"""What a model answers in the platform dialect, over the functions."""

import json
from typing import Any

import pytest

from parlance.errors import ConflictError, InvalidInputError
from parlance.platform.channels import Channels
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.usage.budgets import TENANT, Budget
from tests.functions.cloud import Cloud, House
from tests.functions.platform import Account, Told, an_account, module

LINES = "application/jsonl"
KNOWN = {"token", "message", "usage", "completeBegin", "completeEnd", "error", "result"}


@pytest.fixture
def bot(account: Account) -> str:
    dataset = account.made("/dataset/create", {"name": "Facts"})
    account.made(f"/dataset/{dataset}/record/create", {"text": "The capital of Freedonia is Fredville ☃."})
    return account.made("/bot/create", {"name": "Guide", "datasetId": dataset})


@pytest.fixture
def conversation(account: Account, bot: str) -> str:
    return account.made("/conversation/create", {"botId": bot})


QUESTION = "What is the capital of Freedonia?"


def types(told: Told) -> list[str]:
    return [line["type"] for line in told.lines]


class TestStateful:
    def test_answers_and_keeps_both(self, account: Account, conversation: str) -> None:
        told = account.post(f"/conversation/{conversation}/complete", {"text": QUESTION})
        assert told.status == 200, told.text
        assert "Fredville" in told.body["text"]
        assert told.body["end"] == {"reason": "stop"}
        assert told.body["usage"]["token"] > 0
        items = account.get(f"/conversation/{conversation}/message/list").body["items"]
        assert [(item["type"], item["text"]) for item in items] == [("user", QUESTION), ("bot", told.body["text"])]
        assert items[1]["id"] == told.body["id"]
        used = account.get(f"/conversation/{conversation}/usage/fetch").body
        assert used == {"tokens": told.body["usage"]["token"], "messages": 2}

    def test_streams_in_order(self, account: Account, conversation: str) -> None:
        told = account.post(f"/conversation/{conversation}/complete", {"text": QUESTION}, accept=LINES)
        assert (told.status, told.headers["Content-Type"]) == (200, LINES)
        assert told.text.isascii()
        assert "\n\n" not in told.text
        names = types(told)
        tokens = names.count("token")
        assert names == ["completeBegin", *["token"] * tokens, "message", "completeEnd", "usage", "result"]
        assert tokens > 0
        text = "".join(line["data"]["token"] for line in told.lines if line["type"] == "token")
        assert told.lines[-1]["data"]["text"] == text
        assert all(isinstance(line["createdAt"], int) for line in told.lines)

    def test_send_then_receive(self, account: Account, conversation: str) -> None:
        sent = account.post(f"/conversation/{conversation}/send", {"text": QUESTION}).body
        assert sent["entities"] == []
        assert len(account.get(f"/conversation/{conversation}/message/list").body["items"]) == 1
        got = account.post(f"/conversation/{conversation}/receive").body
        assert set(got) == {"id", "text", "usage", "meta"}
        assert "Fredville" in got["text"]
        items = account.get(f"/conversation/{conversation}/message/list").body["items"]
        assert [item["id"] for item in items] == [sent["id"], got["id"]]
        again = account.post(f"/conversation/{conversation}/receive")
        assert (again.status, again.code) == (400, "BAD_REQUEST")

    def test_complete_goes_on_from_the_kept_state(self, account: Account, bot: str) -> None:
        begun = {"botId": bot, "messages": [{"type": "context", "text": "Be nice"}, {"type": "user", "text": QUESTION}]}
        conversation = account.made("/conversation/create", begun)
        told = account.post(f"/conversation/{conversation}/complete")
        assert "Fredville" in told.body["text"]
        items = account.get(f"/conversation/{conversation}/message/list").body["items"]
        assert [item["type"] for item in items] == ["context", "user", "bot"]
        nothing = account.made("/conversation/create", {"botId": bot})
        assert account.post(f"/conversation/{nothing}/complete").status == 400

    def test_a_conversation_configures_itself(self, account: Account) -> None:
        dataset = account.made("/dataset/create")
        account.made(f"/dataset/{dataset}/record/create", {"text": "Snow in Freedonia is blue."})
        conversation = account.made("/conversation/create", {"datasetId": dataset, "backstory": "Be brief"})
        told = account.post(f"/conversation/{conversation}/complete", {"text": "What is snow in Freedonia?"})
        assert "blue" in told.body["text"]

    def test_a_model_that_is_not_there_is_told_and_not_repeated(self, account: Account) -> None:
        conversation = account.made("/conversation/create", {"model": "no-such-model"})
        told = account.post(f"/conversation/{conversation}/complete", {"text": "Hello"})
        assert (told.status, told.body["end"]) == (200, {"reason": "error"})
        assert told.body["error"]["code"] == "AGENT_ERROR"
        streamed = account.post(f"/conversation/{conversation}/complete", {"text": "Hello"}, accept=LINES)
        assert types(streamed) == ["completeBegin", "error"]

    def test_is_the_same_conversation_in_the_chats_dialect(self, account: Account, cloud: Cloud) -> None:
        key = cloud.administration.issue_key(account.tenant_id, "chats").secret
        bot = account.made("/bot/create", {"name": "Ada"})
        reply = cloud.rest("POST", "/api/v1/chats", key=key, body={"user_id": "alice", "agent_id": bot})
        chat = reply.body["id"]
        assert account.get(f"/conversation/{chat}/fetch").body["botId"] == bot
        assert account.post(f"/conversation/{chat}/complete", {"text": "Hello"}).status == 200
        assert cloud.rest("GET", f"/api/v1/chats/{chat}/messages", key=key).body["total"] == 2
        assert [item["id"] for item in account.get("/conversation/list").body["items"]] == [chat]
        own = account.made("/conversation/create", {"name": "Mine", "backstory": "Be kind"})
        assert cloud.rest("GET", f"/api/v1/chats/{own}", key=key).body["title"] == "Mine"
        said = cloud.say(own, key=key, body={"content": "Hello"})
        assert said.status == 200
        assert account.get(f"/conversation/{own}/message/list").body["items"][0]["text"] == "Hello"
        connection = cloud.connected(House(account.tenant_id, "", key), own, f"visitor_{own}")
        cloud.send(connection, {"content": "Still here?"})
        cloud.work()
        assert "message_stream_ended" in [frame["event_type"] for frame in cloud.gateway.frames[connection]]
        assert len(account.get(f"/conversation/{own}/message/list").body["items"]) == 4
        assert account.post(f"/conversation/{own}/delete").status == 200
        assert cloud.rest("GET", f"/api/v1/chats/{own}", key=key).status == 404
        cloud.work()
        assert [item["id"] for item in account.get("/conversation/list").body["items"]] == [chat]


class TestStateless:
    def test_keeps_nothing(self, account: Account, bot: str) -> None:
        body = {"botId": bot, "messages": [{"type": "user", "text": QUESTION}]}
        told = account.post("/conversation/complete", body)
        assert "Fredville" in told.body["text"]
        assert set(told.body) == {"text", "usage", "end", "meta"}
        streamed = account.post("/conversation/complete", body, accept=LINES)
        assert set(types(streamed)) <= KNOWN
        assert streamed.lines[-1]["data"] == told.body
        assert account.get("/conversation/list").body["items"] == []

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"messages": []}, 400),
            ({"messages": [{"type": "nobody", "text": "x"}]}, 400),
            ({"messages": None}, 400),
            ({"model": "no-such-model", "botId": None}, 400),
            ({"botId": "bot_none"}, 404),
            ({"botId": None, "datasetId": "none"}, 404),
            ({"limits": {"iterations": 0}}, 400),
            ({"functions": [{"name": "f"}]}, 400),
            ({"unknown": 1}, 400),
        ],
    )
    def test_mistakes(self, account: Account, bot: str, change: dict[str, Any], status: int) -> None:
        body = {"botId": bot, "messages": [{"type": "user", "text": "Hi"}], **change}
        told = account.post("/conversation/complete", body)
        assert told.status == status
        assert told.code


class TestDispatch:
    def test_is_heard_over_the_channel(self, account: Account, cloud: Cloud, conversation: str) -> None:
        cloud.work()
        told = account.post(f"/conversation/{conversation}/dispatch", {"text": QUESTION, "channelId": "c" * 20})
        assert told.body == {"channelId": "c" * 20}
        cloud.work()
        heard = account.post(f"/channel/{'c' * 20}/subscribe", {}, accept=LINES)
        assert {line["type"] for line in heard.lines} == {"message"}
        assert heard.lines[0]["data"] == {"type": "completeBegin", "data": {}}
        assert heard.lines[-1]["data"]["type"] == "result"
        assert "Fredville" in heard.lines[-1]["data"]["data"]["text"]

    def test_needs_no_conversation_and_keeps_one_for_a_day(self, account: Account, cloud: Cloud, bot: str) -> None:
        cloud.work()
        messages = [{"type": "bot", "text": "Hello!"}, {"type": "user", "text": QUESTION}]
        told = account.post("/conversation/dispatch", {"botId": bot, "messages": messages})
        assert told.status == 200, told.text
        cloud.work()
        heard = account.post(f"/channel/{told.body['channelId']}/subscribe", {}, accept=LINES)
        assert "Fredville" in heard.lines[-1]["data"]["data"]["text"]
        kept = DynamoConversationStore(cloud.table).get(account.tenant_id, told.body["conversationId"])
        assert kept is not None
        assert (kept.retention_days, kept.message_count) == (1, 3)

    @pytest.mark.parametrize(
        "change",
        [
            {"messages": [{"type": "bot", "text": "x"}]},
            {"messages": [{"type": "user", "text": "x"}] * 91},
            {"backstory": "Be brief"},
            {"channelId": "short"},
            {"extensions": {"datasets": [{"records": [{"text": "x" * 70_000}]}]}},
        ],
    )
    def test_of_what_cannot_be_dispatched_nothing_is_kept(
        self, account: Account, bot: str, change: dict[str, Any]
    ) -> None:
        body = {"botId": bot, "messages": [{"type": "user", "text": "Hi"}], **change}
        assert account.post("/conversation/dispatch", body).status == 400
        assert account.get("/conversation/list").body["items"] == []

    def test_channels_pass_messages_on(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        assert account.post("/channel/short/publish", {"message": {}}).status == 400
        published = account.post(f"/channel/{'d' * 20}/publish", {"message": {"a": 1}})
        assert published.status == 200
        house = module("channel").House.from_environment()
        channels = Channels(house.library, house.clock, poll=0.01)
        heard = channels.heard(account.tenant_id, "d" * 20, history=5, patience=0.1)
        assert [document.values["message"] for document in heard] == [{"a": 1}]
        assert list(channels.heard("another", "d" * 20, history=5, patience=0.05)) == []


class TestSessions:
    def test_reach_their_conversation_only(self, account: Account, bot: str, conversation: str) -> None:
        opened = account.post(f"/bot/{bot}/session/create", {"messages": [{"type": "user", "text": QUESTION}]}).body
        token, own = opened["token"], opened["conversationId"]
        assert opened["id"] == bot
        assert token.count(".") == 2
        assert account.post(f"/conversation/{own}/complete", token=token).status == 200
        assert account.post(f"/conversation/{own}/send", {"text": "More"}, token=token).status == 200
        for method, path in (
            ("GET", f"/conversation/{own}/fetch"),
            ("GET", "/bot/list"),
            ("POST", f"/conversation/{conversation}/complete"),
            ("POST", f"/conversation/{own}/delete"),
            ("POST", f"/conversation/{own}/session/create"),
        ):
            told = account.call(method, path, {}, token=token)
            assert (told.status, told.code) == (403, "NOT_AUTHORIZED")

    def test_last_as_long_as_they_may(self, account: Account, conversation: str) -> None:
        now = module("conversation").House.from_environment().clock.now()
        for asked, lasting in ((None, 3600), (1, 1800), (10**9, 86_400), (2000, 2000)):
            body = {} if asked is None else {"durationInSeconds": asked}
            opened = account.post(f"/conversation/{conversation}/session/create", body).body
            assert abs(opened["expiresAt"] - now - lasting * 1000) < 30_000

    @pytest.mark.parametrize("token", ["x.y.z", "nonsense", "pk_x", "a.b", "eyJhbGciOiJub25lIn0.e30.", "\u2603"])
    def test_what_is_no_token_is_refused(self, account: Account, conversation: str, token: str) -> None:
        told = account.post(f"/conversation/{conversation}/complete", {"text": "x"}, token=token)
        assert (told.status, told.code) == (403, "NOT_AUTHORIZED")

    def test_a_forged_session_is_unknown(self, account: Account, conversation: str) -> None:
        opened = account.post(f"/conversation/{conversation}/session/create").body["token"]
        forged = opened[:-4] + ("AAAA" if opened[-4:] != "AAAA" else "BBBB")
        told = account.post(f"/conversation/{conversation}/complete", {"text": "x"}, token=forged)
        assert (told.status, told.code) == (401, "NOT_AUTHENTICATED")


class TestKeys:
    @pytest.mark.parametrize("token", [None, "sk-", "sk-x", "sk-" + "A" * 43])
    @pytest.mark.parametrize("path", ["/bot/list", "/usage/fetch", "/openai/models", "/platform/model/list"])
    def test_unknown_ones_are_refused(self, account: Account, token: str | None, path: str) -> None:
        told = account.get(path, token=token)
        assert told.status == 401
        assert told.code == "NOT_AUTHENTICATED"

    def test_keys_of_other_dialects_do_not_work(self, account: Account, cloud: Cloud) -> None:
        key = cloud.administration.issue_key(account.tenant_id, "chats").secret
        assert account.get("/bot/list", token=key).status == 403
        assert cloud.rest("GET", "/api/v1/chats/chat_x", key=account.key).status == 401

    def test_run_as_a_child(self, account: Account, cloud: Cloud) -> None:
        child = an_account(cloud, parent_id=account.tenant_id)
        bot = child.made("/bot/create")
        as_child = {"X-RunAs-User-Id": child.tenant_id}
        assert account.get(f"/bot/{bot}/fetch").status == 404
        assert account.get(f"/bot/{bot}/fetch", headers=as_child).status == 200
        for stranger in (an_account(cloud), child):
            told = stranger.get("/bot/list", headers={"X-RunAs-UserId": account.tenant_id})
            assert (told.status, told.code) == (401, "NOT_AUTHENTICATED")
        assert account.get("/bot/list", headers={"X-RunAs-Child-User-Email": "a@b.example"}).status == 401

    def test_a_parent_acts_for_its_child_by_its_address(self, account: Account, cloud: Cloud) -> None:
        child = an_account(cloud, parent_id=account.tenant_id, email="Ada.Child@Example.com")
        bot = child.made("/bot/create", {"name": "Childs"})
        by_email = {"X-RunAs-Child-User-Email": " ada.child@example.COM"}
        assert [one["id"] for one in account.get("/bot/list", headers=by_email).body["items"]] == [bot]
        assert account.get("/bot/list", headers={**by_email, "X-RunAs-User-Id": child.tenant_id}).status == 200
        other = an_account(cloud, parent_id=account.tenant_id)
        refused: list[dict[str, str]] = [
            {**by_email, "X-RunAs-User-Id": other.tenant_id},
            *({"X-RunAs-Child-User-Email": odd} for odd in ("ada", "@", "a@b@c", "☃@x y", "a" * 70 + "@example.com")),
        ]
        for headers in refused:
            assert account.get("/bot/list", headers=headers).code == "NOT_AUTHENTICATED"
        assert other.get("/bot/list", headers=by_email).code == "NOT_AUTHENTICATED"
        with pytest.raises(ConflictError):
            an_account(cloud, parent_id=account.tenant_id, email="ada.child@example.com")
        for email in ("nobody", "a b@example.com", "a@b\x00"):
            with pytest.raises(InvalidInputError):
                an_account(cloud, parent_id=account.tenant_id, email=email)
        with pytest.raises(InvalidInputError):
            an_account(cloud, email="ada@example.com")


ASKED: dict[str, Any] = {"messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": QUESTION}]}


class TestOpenAi:
    @pytest.mark.parametrize("path", ["/api/v1/openai/chat/completions", "/v1/chat/completions"])
    def test_an_agent_is_a_model(self, account: Account, bot: str, path: str) -> None:
        told = account.post(path, {**ASKED, "model": bot})
        (choice,) = told.body["choices"]
        assert "Fredville" in choice["message"]["content"]
        assert (choice["finish_reason"], told.body["object"]) == ("stop", "chat.completion")
        usage = told.body["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0

    def test_streams(self, account: Account, bot: str) -> None:
        body = {**ASKED, "model": bot, "stream": True, "stream_options": {"include_usage": True}}
        told = account.post("/v1/chat/completions", body)
        assert told.headers["Content-Type"].startswith("text/event-stream")
        *events, done = [line.removeprefix("data: ") for line in told.text.split("\n\n") if line]
        assert done == "[DONE]"
        chunks = [json.loads(event) for event in events]
        text = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
        assert "Fredville" in text
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["total_tokens"] > 0
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}

    def test_lists_agents_and_models(self, account: Account, bot: str) -> None:
        for path in ("/v1/models", "/api/v1/openai/models"):
            assert [model["id"] for model in account.get(path).body["data"]] == [
                bot,
                "bedrock",
                "extractive",
                "openai_compatible",
            ]

    @pytest.mark.parametrize(
        ("change", "status"),
        [({"model": "gpt-none"}, 404), ({"messages": []}, 400), ({"model": 7}, 400), ({"n": 2}, 400)],
    )
    def test_failures_have_its_shape(self, account: Account, bot: str, change: dict[str, Any], status: int) -> None:
        told = account.post("/v1/chat/completions", {**ASKED, "model": bot, **change})
        assert told.status == status
        assert set(told.body["error"]) == {"message", "type", "param", "code"}


class TestBudgets:
    """A tenant's budget holds over this dialect, too."""

    @pytest.fixture(autouse=True)
    def _budget(self, account: Account) -> None:
        DynamoBudgetStore(account.cloud.table).put(Budget(account.tenant_id, TENANT, "month", tokens=1))

    def test_a_turn_that_does_not_fit_ends_so(self, account: Account, conversation: str) -> None:
        """Its message is kept, so it is a result: clients repeat what fails."""
        told = account.post(f"/conversation/{conversation}/complete", {"text": QUESTION})
        assert (told.status, told.body["end"]) == (200, {"reason": "error"})
        assert told.body["error"]["code"] == "BUDGET_EXCEEDED"

    @pytest.mark.parametrize("accept", [None, LINES])
    def test_what_is_not_kept_is_charged_too(self, account: Account, bot: str, accept: str | None) -> None:
        body = {"botId": bot, "messages": [{"type": "user", "text": QUESTION}]}
        told = account.post("/conversation/complete", body, accept=accept)
        assert (told.status, told.code) == (402, "BUDGET_EXCEEDED")

    @pytest.mark.parametrize("stream", [True, False])
    def test_so_is_a_chat_completion(self, account: Account, bot: str, *, stream: bool) -> None:
        body = {"model": bot, "stream": stream, "messages": [{"role": "user", "content": QUESTION}]}
        told = account.post("/v1/chat/completions", body)
        assert (told.status, told.body["error"]["code"]) == (402, "budget_exceeded")
