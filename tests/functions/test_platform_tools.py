"""What a model that calls tools does in the platform dialect and in OpenAI's: a provider on loopback behind a bot."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from parlance.clock import SystemClock, day_of
from parlance.storage.agents import AgentRepository
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.usage import DynamoUsageStore
from parlance.usage.budgets import TENANT, Budget, Scope
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, Told
from tests.functions.test_answering import calls, says, streams
from tests.outbound.raw_server import RawServer, serving

LINES = "application/jsonl"
QUESTION = "Is it raining in Fredville?"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
FUNCTION = {
    "name": "weather",
    "description": "Tells the weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CITY = {"city": "Fredville"}
CHANNEL = "where-results-are-awaited"


def bot_of(account: Account, server: RawServer, **fields: Any) -> str:
    """A bot whose model is the server's."""
    bot = account.made("/bot/create", {"name": "Ada", "backstory": "Be kind.", **fields})
    agents = AgentRepository(account.cloud.table)
    agent = agents.get(account.tenant_id, bot)
    assert agent is not None
    settings = {"base_url": f"{server.url}/v1", "model": "tiny", "attempts": 1}
    agents.update(replace(agent, model="openai_compatible", settings=settings))
    return bot


def asked_of(server: RawServer) -> list[dict[str, Any]]:
    return [json.loads(body) for body in server.bodies]


def two_calls() -> Any:
    made = [
        {"index": at, "id": f"c{at}", "function": {"name": "weather", "arguments": json.dumps({"city": city})}}
        for at, city in enumerate(("Fredville", "Sylvania"))
    ]
    return streams(
        {"choices": [{"delta": {"tool_calls": made}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 30, "completion_tokens": 5}},
    )


@dataclass(frozen=True)
class OpenAi:
    """A bot as a model."""

    account: Account
    bot: str

    def ask(self, *messages: dict[str, Any], **more: Any) -> Told:
        body = {"model": self.bot, "messages": [{"role": "user", "content": QUESTION}, *messages], **more}
        return self.account.post("/v1/chat/completions", body)


MADE = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": json.dumps(CITY)}}
ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [MADE]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "Heavy rain."}


class TestOpenAiTools:
    def test_a_call_of_the_clients_tool_ends_the_answer(self, account: Account) -> None:
        with serving(calls("weather", CITY)) as server:
            told = OpenAi(account, bot_of(account, server)).ask(tools=[WEATHER])
        assert told.status == 200, told.text
        (choice,) = told.body["choices"]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] is None
        assert choice["message"]["tool_calls"] == [MADE]
        assert told.body["usage"] == {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}
        (sent,) = asked_of(server)
        assert sent["tools"] == [WEATHER]
        assert "tool_choice" not in sent

    def test_the_turn_goes_on_with_its_result(self, account: Account) -> None:
        with serving(says("Yes, heavily.")) as server:
            told = OpenAi(account, bot_of(account, server)).ask(ASSISTANT, RESULT, tools=[WEATHER])
        assert told.body["choices"][0]["message"]["content"] == "Yes, heavily."
        assert told.body["choices"][0]["finish_reason"] == "stop"
        (sent,) = asked_of(server)
        assert [one["role"] for one in sent["messages"]] == ["system", "user", "assistant", "tool"]
        assert sent["messages"][2]["tool_calls"] == [MADE]
        assert (sent["messages"][3]["tool_call_id"], sent["messages"][3]["content"]) == ("c1", "Heavy rain.")

    def test_calls_are_streamed_by_index(self, account: Account) -> None:
        with serving(two_calls()) as server:
            body = {"tools": [WEATHER], "stream": True, "stream_options": {"include_usage": True}}
            told = OpenAi(account, bot_of(account, server)).ask(**body)
        *events, done = [line.removeprefix("data: ") for line in told.text.split("\n\n") if line]
        assert done == "[DONE]"
        chunks = [json.loads(event) for event in events]
        choices = [choice for chunk in chunks for choice in chunk["choices"]]
        deltas = [one for choice in choices for one in choice["delta"].get("tool_calls", [])]
        gathered: dict[int, dict[str, str]] = {}
        for delta in deltas:
            call = gathered.setdefault(delta["index"], {"id": "", "name": "", "arguments": ""})
            call["id"] += delta.get("id", "")
            call["name"] += delta["function"].get("name", "")
            call["arguments"] += delta["function"].get("arguments", "")
        assert [(one["id"], one["name"], json.loads(one["arguments"])["city"]) for one in gathered.values()] == [
            ("c0", "weather", "Fredville"),
            ("c1", "weather", "Sylvania"),
        ]
        assert choices[-1]["finish_reason"] == "tool_calls"
        assert chunks[-1]["usage"]["total_tokens"] == 35
        assert all(chunk["usage"] is None for chunk in chunks[:-1])

    def test_one_call_at_a_time_where_no_more_are_wanted(self, account: Account) -> None:
        with serving(two_calls()) as server:
            told = OpenAi(account, bot_of(account, server)).ask(tools=[WEATHER], parallel_tool_calls=False)
        assert [call["id"] for call in told.body["choices"][0]["message"]["tool_calls"]] == ["c0"]

    @pytest.mark.parametrize(
        ("choice", "offered", "forced"),
        [
            ("none", None, None),
            ("auto", ["weather", "news"], None),
            ("required", ["weather", "news"], "required"),
            ({"type": "function", "function": {"name": "news"}}, ["news"], "required"),
        ],
    )
    def test_the_client_says_what_may_be_called(
        self, account: Account, choice: object, offered: list[str] | None, forced: str | None
    ) -> None:
        news = {"type": "function", "function": {"name": "news"}}
        with serving(says("Yes.")) as server:
            told = OpenAi(account, bot_of(account, server)).ask(tools=[WEATHER, news], tool_choice=choice)
        assert told.status == 200, told.text
        (sent,) = asked_of(server)
        names = [tool["function"]["name"] for tool in sent.get("tools", [])]
        assert (names or None, sent.get("tool_choice")) == (offered, forced)

    def test_the_agents_own_tools_are_called_here(self, account: Account) -> None:
        skillset = account.made("/skillset/create", {"name": "Skills"})
        account.made(f"/skillset/{skillset}/ability/create", {"name": "House rules", "instruction": "Never shout."})
        with serving(calls("House_rules", {}), calls("weather", CITY)) as server:
            told = OpenAi(account, bot_of(account, server, skillsetId=skillset)).ask(tools=[WEATHER])
        assert told.body["choices"][0]["message"]["tool_calls"] == [MADE]
        first, second = asked_of(server)
        assert [tool["function"]["name"] for tool in first["tools"]] == ["House_rules", "weather"]
        assert second["messages"][-1] == {"role": "tool", "tool_call_id": "c1", "content": "Never shout."}

    def test_sampling_is_the_clients_to_choose_within_the_agents_limit(self, account: Account) -> None:
        with serving(says("Yes.")) as server:
            OpenAi(account, bot_of(account, server)).ask(temperature=0.5, max_completion_tokens=7)
        (sent,) = asked_of(server)
        assert (sent["temperature"], sent["max_tokens"]) == (0.5, 7)

    def test_what_only_such_a_provider_knows_is_handed_to_it(self, account: Account) -> None:
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
        with serving(says("{}")) as server:
            model = OpenAi(account, bot_of(account, server))
            assert model.ask(response_format=form, seed=7, stop="END").status == 200
            assert model.ask(stop=["a", "b"]).status == 200
        first, second = asked_of(server)
        assert (first["response_format"], first["seed"], first["stop"]) == (form, 7, ["END"])
        assert second["stop"] == ["a", "b"]
        assert "response_format" not in second

    def test_an_answer_cut_at_the_limit_says_so(self, account: Account) -> None:
        with serving(says("Ye", "length")) as server:
            told = OpenAi(account, bot_of(account, server)).ask(max_tokens=1)
        assert told.body["choices"][0]["finish_reason"] == "length"

    @pytest.mark.parametrize(
        ("messages", "more", "param"),
        [
            ([RESULT], {}, "messages.1.tool_call_id"),
            ([ASSISTANT], {}, "messages"),
            ([ASSISTANT, {"role": "user", "content": "Well?"}], {}, "messages.2"),
            ([ASSISTANT, {**RESULT, "tool_call_id": "c9"}], {}, "messages.2.tool_call_id"),
            ([{"role": "assistant", "content": "It is."}], {}, "messages"),
            ([{"role": "user", "content": [{"type": "image_url"}]}], {}, "messages.1.content.str"),
            ([], {"tools": [{"type": "custom"}]}, "tools.0.type"),
            ([], {"tools": [WEATHER, WEATHER]}, "tools.1.function.name"),
            ([], {"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools.0.function.name"),
            (
                [],
                {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "array"}}}]},
                "tools.0.function.parameters",
            ),
            ([], {"tool_choice": "required"}, "tool_choice"),
            ([], {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
            ([], {"tools": [WEATHER], "tool_choice": "required"}, "tool_choice"),
            ([], {"max_tokens": 0}, "max_tokens"),
            ([], {"response_format": {"type": "json_object"}}, "response_format"),
            ([], {"functions": [{"name": "f"}]}, "functions"),
        ],
    )
    def test_mistakes_name_what_is_at_fault(
        self, account: Account, messages: list[dict[str, Any]], more: dict[str, Any], param: str
    ) -> None:
        """The last but one is none by itself: the bot's model calls no tools."""
        told = OpenAi(account, account.made("/bot/create")).ask(*messages, **more)
        assert told.status == 400, told.text
        error = told.body["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "bad_request")
        assert error["param"] == param


class TestUnkeptUsage:
    """Answers of which nothing is kept are paid for and recorded."""

    def rows(self, account: Account) -> list[tuple[str, str | None, int, int]]:
        found = DynamoUsageStore(account.cloud.table).of_day(account.tenant_id, day_of(SystemClock().now()))
        return [(row.agent_id, row.user_id, row.usage.attempts, row.usage.input_tokens) for row in found]

    def test_is_recorded_by_agent_and_user(self, account: Account) -> None:
        contact = account.made("/contact/create", {"name": "Alice"})
        with serving(says("Yes.")) as server:
            bot = bot_of(account, server)
            body = {"botId": bot, "messages": [{"type": "user", "text": QUESTION}]}
            assert account.post("/conversation/complete", {**body, "contactId": contact}).status == 200
            assert account.post("/conversation/complete", {**body, "contactId": contact}).status == 200
            assert OpenAi(account, bot).ask(user="bob", stream=True).status == 200
            assert account.post("/conversation/complete", body).status == 200
        assert sorted(self.rows(account), key=str) == sorted(
            [(bot, contact, 2, 80), (bot, "bob", 1, 40), (bot, "", 1, 40)], key=str
        )
        assert account.get("/conversation/list").body["items"] == []

    def test_what_is_reserved_is_settled(self, account: Account) -> None:
        budgets = DynamoBudgetStore(account.cloud.table)
        tenant = Budget(account.tenant_id, TENANT, "month", tokens=100_000)
        budgets.put(tenant)
        with serving(says("Yes.")) as server:
            assert OpenAi(account, bot_of(account, server)).ask().status == 200
        standing = budgets.standing(account.tenant_id, TENANT, tenant.window(SystemClock().now()))
        assert (standing.committed.tokens, standing.reservations) == (47, {})

    def test_a_users_budget_holds(self, account: Account) -> None:
        budgets = DynamoBudgetStore(account.cloud.table)
        budgets.put(Budget(account.tenant_id, Scope("user", "bob"), "month", tokens=1))
        with serving(says("Yes.")) as server:
            model = OpenAi(account, bot_of(account, server))
            assert model.ask(user="bob").status == 402
            assert model.ask(safety_identifier="bob").status == 402
            assert model.ask(user="alice").status == 200
        assert len(server.peers) == 1

    def test_a_model_that_fails_leaves_nothing_reserved(self, account: Account) -> None:
        budgets = DynamoBudgetStore(account.cloud.table)
        tenant = Budget(account.tenant_id, TENANT, "month", tokens=100_000)
        budgets.put(tenant)
        with serving(lambda peer: peer.headers("400 Bad Request", "application/json")) as server:
            told = OpenAi(account, bot_of(account, server)).ask()
        assert (told.status, told.body["error"]["code"]) == (400, "model_error")
        standing = budgets.standing(account.tenant_id, TENANT, tenant.window(SystemClock().now()))
        assert (standing.committed.tokens, standing.reservations) == (0, {})


class TestFunctions:
    """Functions that nobody here can answer for end the turn, and limits bound it."""

    def test_a_stateless_answer_ends_with_an_abort(self, account: Account) -> None:
        with serving(calls("weather", CITY)) as server:
            body = {
                "botId": bot_of(account, server),
                "messages": [{"type": "user", "text": QUESTION}],
                "functions": [FUNCTION],
            }
            told = account.post("/conversation/complete", body, accept=LINES)
            whole = account.post("/conversation/complete", body).body
        function = {"id": "c1", "name": "weather", "args": CITY}
        assert [line["type"] for line in told.lines] == ["completeBegin", "abort", "completeEnd", "usage", "result"]
        assert told.lines[1]["data"] == {"reason": "function", "functionName": "weather", "function": function}
        assert whole == told.lines[-1]["data"]
        assert (whole["text"], whole["end"], whole["functions"]) == ("", {"reason": "abort"}, [function])

    def test_so_does_a_kept_one_and_the_next_message_goes_on(self, account: Account) -> None:
        with serving(calls("weather", CITY), says("Yes, heavily.")) as server:
            bot = bot_of(account, server)
            conversation = account.made("/conversation/create", {"botId": bot})
            body = {"text": QUESTION, "functions": [FUNCTION]}
            first = account.post(f"/conversation/{conversation}/complete", body)
            assert first.status == 200, first.text
            assert (first.body["end"], first.body["functions"][0]["args"]) == ({"reason": "abort"}, CITY)
            second = account.post(f"/conversation/{conversation}/complete", {"text": "weather says: heavy rain"})
        assert (second.body["text"], second.body["end"]) == ("Yes, heavily.", {"reason": "stop"})
        assert "heavy rain" in asked_of(server)[1]["messages"][-1]["content"]

    def test_a_function_is_answered_over_its_channel(self, account: Account) -> None:
        account.post(f"/channel/{CHANNEL}/publish", {"message": {"data": "Rain."}})
        with serving(calls("weather", CITY), says("It rains.")) as server:
            conversation = account.made("/conversation/create", {"botId": bot_of(account, server)})
            body = {"text": QUESTION, "functions": [{**FUNCTION, "result": {"channel": CHANNEL}}]}
            told = account.post(f"/conversation/{conversation}/complete", body, accept=LINES)
        waits = {"channel": CHANNEL, "function": {"name": "weather", "args": CITY}}
        begin, end = told.lines[1:3]
        assert (begin["type"], begin["data"]) == ("waitForChannelMessageBegin", waits)
        assert (end["type"], end["data"]) == ("waitForChannelMessageEnd", {**waits, "message": '{"data": "Rain."}'})
        assert told.lines[-1]["data"]["text"] == "It rains."
        assert "Rain." in asked_of(server)[1]["messages"][-1]["content"]

    def test_of_a_dispatched_turn_the_channel_tells_what_waits(self, account: Account, cloud: Cloud) -> None:
        cloud.work()
        account.post(f"/channel/{CHANNEL}/publish", {"message": {"data": "Rain."}})
        with serving(calls("weather", CITY), says("It rains.")) as server:
            body = {
                "botId": bot_of(account, server),
                "messages": [{"type": "user", "text": QUESTION}],
                "functions": [{**FUNCTION, "result": {"channel": CHANNEL}}],
                "channelId": "where-the-turn-is-heard",
            }
            assert account.post("/conversation/dispatch", body).status == 200
            cloud.work()
            heard = account.post("/channel/where-the-turn-is-heard/subscribe", {}, accept=LINES).lines
        told = [line["data"] for line in heard]
        begin, end = [one for one in told if one["type"].startswith("waitFor")]
        assert begin["data"] == {"channel": CHANNEL, "function": {"name": "weather", "args": CITY}}
        assert json.loads(end["data"]["message"]) == {"data": "Rain."}
        assert [one["type"] for one in told][-4:] == ["message", "completeEnd", "usage", "result"]
        assert told[-1]["data"]["text"] == "It rains."

    def test_limits_bound_what_is_called(self, account: Account) -> None:
        known = {**FUNCTION, "result": {"data": "Rain."}}
        with serving(two_calls(), says("Rain.")) as server:
            body = {
                "botId": bot_of(account, server),
                "messages": [{"type": "user", "text": QUESTION}],
                "functions": [known],
                "limits": {"calls": 1},
            }
            told = account.post("/conversation/complete", body)
        assert told.body["text"] == "Rain."
        results = [one["content"] for one in asked_of(server)[1]["messages"] if one["role"] == "tool"]
        assert "Rain." in results[0]
        assert results[1].startswith("This was not called")

    def test_an_answer_that_was_cut_is_gone_on_with(self, account: Account) -> None:
        with serving(says("It is rai", "length"), says("ning.")) as server:
            body = {
                "botId": bot_of(account, server),
                "messages": [{"type": "user", "text": QUESTION}],
                "limits": {"continuations": 1},
            }
            told = account.post("/conversation/complete", body)
        assert (told.body["text"], told.body["end"]) == ("It is raining.", {"reason": "stop"})
        assert told.body["usage"] == {"token": 94}

    def test_iterations_end_it_with_a_reason(self, account: Account) -> None:
        known = {**FUNCTION, "result": {"data": "Rain."}}

        def speaks_and_calls(peer: Any) -> None:
            made = [{"index": 0, "id": "c0", "function": {"name": "weather", "arguments": "{}"}}]
            streams({"choices": [{"delta": {"content": "Hm. ", "tool_calls": made}, "finish_reason": "tool_calls"}]})(
                peer
            )

        with serving(speaks_and_calls) as server:
            body = {
                "botId": bot_of(account, server),
                "messages": [{"type": "user", "text": QUESTION}],
                "functions": [known],
                "limits": {"iterations": 1},
            }
            told = account.post("/conversation/complete", body)
        assert told.body["end"] == {"reason": "iteration"}
        assert len(server.peers) == 2
