"""What a request adds to a bot for one answer, where answers come from, and how the two are told."""

import json
from dataclasses import replace
from typing import Any

import pytest

from parlance.storage.agents import AgentRepository
from tests.functions.cloud import Cloud
from tests.functions.platform import Account
from tests.functions.test_answering import calls, says
from tests.functions.test_platform_tools import OpenAi, asked_of, bot_of
from tests.outbound.raw_server import serving

LINES = "application/jsonl"
QUESTION = "What is the capital of Freedonia?"
FACT = "The capital of Freedonia is Fredville."
INLINE = {"datasets": [{"name": "atlas", "records": [{"text": FACT, "meta": {"url": "https://atlas.example/f"}}]}]}


def asked(bot: str | None, **more: Any) -> dict[str, Any]:
    return {"botId": bot, "messages": [{"type": "user", "text": QUESTION}], **more}


class TestExtensions:
    def test_inline_records_are_answered_from_and_cited(self, account: Account) -> None:
        told = account.post("/conversation/complete", asked(account.made("/bot/create"), extensions=INLINE))
        assert "Fredville" in told.body["text"]
        (source,) = told.body["meta"]["sources"]
        assert (source["source"], source["uri"]) == ("atlas", "https://atlas.example/f")
        other = account.post("/conversation/complete", asked(account.made("/bot/create")))
        assert "Fredville" not in other.body["text"]

    def test_a_model_is_told_of_records_backstory_and_abilities(self, account: Account) -> None:
        skillsets = [{"abilities": [{"name": "Rules", "description": "Has rules", "instruction": "Never shout."}]}]
        with serving(calls("Rules", {}), says("Fredville.")) as server:
            bot = bot_of(account, server)
            extensions = {**INLINE, "backstory": "Speak like a pirate.", "skillsets": skillsets}
            told = account.post("/conversation/complete", asked(bot, extensions=extensions))
        assert told.body["text"] == "Fredville."
        first, second = asked_of(server)
        assert "Be kind.\n\nSpeak like a pirate." in first["messages"][0]["content"]
        assert FACT in first["messages"][-1]["content"]
        assert second["messages"][-1]["content"] == "Never shout."

    def test_they_go_with_a_dispatched_turn_to_whoever_runs_it(self, account: Account, cloud: Cloud) -> None:
        cloud.work()
        conversation = account.made("/conversation/create", {"botId": account.made("/bot/create")})
        channel = "dispatched-with-extensions"
        body = {"text": QUESTION, "channelId": channel, "extensions": INLINE}
        assert account.post(f"/conversation/{conversation}/dispatch", body).status == 200
        cloud.work()
        heard = account.post(f"/channel/{channel}/subscribe", {}, accept=LINES)
        assert "Fredville" in heard.lines[-1]["data"]["data"]["text"]

    def test_an_end_users_session_cannot_add_any(self, account: Account) -> None:
        opened = account.post(f"/bot/{account.made('/bot/create')}/session/create", {}).body
        body = {"text": QUESTION, "extensions": {**INLINE, "features": [{"name": "x"}]}}
        told = account.post(f"/conversation/{opened['conversationId']}/complete", body, token=opened["token"])
        assert told.status == 200
        assert "Fredville" not in told.body["text"]

    @pytest.mark.parametrize(
        ("extensions", "status"),
        [
            ({"features": [{"name": "anything"}]}, 501),
            (
                {"skillsets": [{"abilities": [{"name": "m", "description": "", "instruction": "```email\nx\n```"}]}]},
                501,
            ),
            ({"datasets": [{"records": [{"text": "x" * 100_001}]}]}, 400),
            ({"datasets": [{"records": [{"text": "x" * 90_000}] * 12}]}, 413),
            ({"datasets": [{"records": [{}]}]}, 400),
            ({"unknown": []}, 400),
        ],
    )
    def test_what_cannot_be_heeded_is_refused(self, account: Account, extensions: object, status: int) -> None:
        told = account.post("/conversation/complete", asked(account.made("/bot/create"), extensions=extensions))
        assert told.status == status
        assert told.code

    def test_what_is_kept_with_a_turn_has_a_bound(self, account: Account) -> None:
        conversation = account.made("/conversation/create")
        body = {"text": "Hi", "extensions": {"datasets": [{"records": [{"text": "x" * 70_000}]}]}}
        assert account.post(f"/conversation/{conversation}/complete", body).status == 400

    def test_attachments_that_cannot_be_read_are_refused(self, account: Account) -> None:
        mistakes: list[list[dict[str, str]]] = [
            [{"url": "http://127.0.0.1/x"}],
            [{}],
            [{"url": "https://a.example"}] * 6,
        ]
        for attachments in mistakes:
            told = account.post("/conversation/complete", asked(account.made("/bot/create"), attachments=attachments))
            assert told.status == 400
            assert told.body["message"].startswith("attachments")


class TestDatasetsHaveTheirSay:
    def test_on_what_is_found_and_how_to_answer(self, account: Account) -> None:
        rules = {"searchMinScore": 0.9, "matchInstruction": "Quote it.", "mismatchInstruction": "Say you do not know."}
        dataset = account.made("/dataset/create", rules)
        account.made(f"/dataset/{dataset}/record/create", {"text": FACT})
        with serving(says("Hm.")) as server:
            bot = bot_of(account, server, datasetId=dataset)
            for question in (QUESTION, "What is the capital of Sylvania and its largest river?"):
                body = {"botId": bot, "messages": [{"type": "user", "text": question}]}
                assert account.post("/conversation/complete", body).status == 200
        found, missed = asked_of(server)
        assert FACT in found["messages"][-1]["content"]
        assert "Quote it." in found["messages"][0]["content"]
        assert FACT not in missed["messages"][-1]["content"]
        assert "Say you do not know." in missed["messages"][0]["content"]

    def test_also_where_no_language_model_answers(self, account: Account) -> None:
        dataset = account.made("/dataset/create", {"searchMinScore": 0.99})
        account.made(f"/dataset/{dataset}/record/create", {"text": FACT})
        for other in ("snow", "rain", "wind", "hail"):
            account.made(f"/dataset/{dataset}/record/create", {"text": f"There is {other}."})
        bot = account.made("/bot/create", {"datasetId": dataset})
        question = "Is Fredville, the capital of Freedonia, by the sea?"
        body = {"botId": bot, "messages": [{"type": "user", "text": question}]}
        assert "Fredville" not in account.post("/conversation/complete", body).body["text"]
        account.post(f"/dataset/{dataset}/update", {"searchMinScore": 0})
        assert "Fredville" in account.post("/conversation/complete", body).body["text"]


class TestCitations:
    @pytest.fixture
    def bot(self, account: Account) -> str:
        dataset = account.made("/dataset/create")
        record = {"text": FACT, "source": "https://atlas.example/f"}
        account.made(f"/dataset/{dataset}/record/create", record)
        return account.made("/bot/create", {"datasetId": dataset})

    def test_stand_in_the_event_the_result_and_the_kept_message(self, account: Account, bot: str) -> None:
        conversation = account.made("/conversation/create", {"botId": bot})
        told = account.post(f"/conversation/{conversation}/complete", {"text": QUESTION}, accept=LINES)
        (message,) = [line["data"] for line in told.lines if line["type"] == "message"]
        sources = message["meta"]["sources"]
        assert sources[0]["uri"] == "https://atlas.example/f"
        assert told.lines[-1]["data"]["meta"] == {"sources": sources}
        kept = account.get(f"/conversation/{conversation}/message/list").body["items"][-1]
        assert kept["meta"]["sources"] == sources

    @pytest.mark.parametrize("stream", [False, True])
    def test_stand_in_an_openai_answer(self, account: Account, bot: str, *, stream: bool) -> None:
        body = {"model": bot, "stream": stream, "messages": [{"role": "user", "content": QUESTION}]}
        told = account.post("/v1/chat/completions", body)
        if stream:
            chunks = [json.loads(line.removeprefix("data: ")) for line in told.text.split("\n\n")[:-2]]
            message = next(
                chunk["choices"][0]["delta"] for chunk in chunks if "sources" in chunk["choices"][0]["delta"]
            )
        else:
            message = told.body["choices"][0]["message"]
        assert message["sources"][0]["source"] == "https://atlas.example/f"
        (annotation,) = message["annotations"]
        assert annotation["type"] == "url_citation"
        assert annotation["url_citation"]["url"] == "https://atlas.example/f"


def test_a_moderated_bot_is_moderated_here_too(account: Account) -> None:
    """Whoever runs the house sets the check; the dialect's own flag is kept and no more."""
    with serving(says("The launch code is 0000.")) as server:
        bot = bot_of(account, server)
        agents = AgentRepository(account.cloud.table)
        agent = agents.get(account.tenant_id, bot)
        assert agent is not None
        moderation = {"kind": "phrases", "phrases": ["launch code"], "message": "No."}
        agents.update(replace(agent, moderation=moderation))
        account.post(f"/bot/{bot}/update", {"name": "Eve"})
        assert account.post("/conversation/complete", asked(bot)).body["text"] == "No."
        told = OpenAi(account, bot).ask()
    assert told.body["choices"][0]["message"]["content"] == "No."
    assert told.body["choices"][0]["finish_reason"] == "content_filter"
