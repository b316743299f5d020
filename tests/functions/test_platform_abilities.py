"""Abilities of the platform dialect: run by themselves, and as tools of whoever answers for the bot."""

import base64
import json
from typing import Any

import pytest

from parlance.agents.secrets import SecretMissingError
from parlance.storage.platform_skills import PlatformSecrets
from tests.fakes.secrets import KnownSecrets
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, Told, an_account
from tests.functions.test_answering import calls, says
from tests.functions.test_platform_tools import OpenAi, asked_of, bot_of
from tests.outbound.raw_server import serving


@pytest.fixture
def skillset(account: Account) -> str:
    return account.made("/skillset/create", {"name": "Skills"})


def ability_of(account: Account, skillset: str, instruction: str, **more: Any) -> str:
    body = {"name": "Do it", "description": "Does it", "instruction": instruction, **more}
    return account.made(f"/skillset/{skillset}/ability/create", body)


def executed(account: Account, skillset: str, ability: str, body: object = None, **more: Any) -> Told:
    return account.post(f"/skillset/{skillset}/ability/{ability}/execute", body, **more)


@pytest.fixture
def facts(account: Account) -> str:
    dataset = account.made("/dataset/create", {"name": "Facts"})
    account.made(f"/dataset/{dataset}/record/create", {"text": "The capital of Freedonia is Fredville."})
    return dataset


class TestExecuting:
    def test_instructions_are_read_out(self, account: Account, skillset: str) -> None:
        told = executed(account, skillset, ability_of(account, skillset, "Never shout."))
        assert (told.status, told.body) == (200, {"usage": {"token": 0}, "result": "Never shout.", "messages": []})

    @pytest.mark.parametrize("given", ["capital of Freedonia", '{"query": "capital of Freedonia"}'])
    def test_a_dataset_is_searched(self, account: Account, skillset: str, facts: str, given: str) -> None:
        ability = ability_of(account, skillset, f"```search/datasetId={facts}\n$[query|what]\n```")
        told = executed(account, skillset, ability, {"input": given})
        assert "Fredville" in told.body["result"]

    def test_another_bot_is_asked_and_paid_for(self, account: Account, skillset: str, facts: str) -> None:
        bot = account.made("/bot/create", {"datasetId": facts})
        ability = ability_of(account, skillset, "", botId=bot)
        told = executed(account, skillset, ability, {"input": "What is the capital of Freedonia?"})
        assert "Fredville" in told.body["result"]
        assert told.body["usage"]["token"] > 0

    def test_an_address_inside_is_not_called(self, account: Account, skillset: str) -> None:
        ability = ability_of(account, skillset, "```fetch\nGET http://127.0.0.1:9/$[a]\n```")
        told = executed(account, skillset, ability, {"input": '{"a": "x"}'}, accept="application/jsonl")
        (line,) = told.lines
        assert line["type"] == "result"
        assert line["data"]["error"].startswith("the address may not be called")

    @pytest.mark.parametrize("body", [{}, {"input": "{}"}, {"input": '{"a": 7, "b": "x"}'}, {"input": "x"}])
    def test_arguments_must_fit(self, account: Account, skillset: str, body: dict[str, Any]) -> None:
        ability = ability_of(account, skillset, "```fetch\nGET https://api.example.com/$[a]?b=$[b]\n```")
        told = executed(account, skillset, ability, body)
        assert (told.status, told.code) == (400, "BAD_REQUEST")
        assert "it takes a, b" in told.body["message"]

    def test_what_cannot_be_run_says_so(self, account: Account, skillset: str) -> None:
        mail = ability_of(account, skillset, "```email/to=a@b.example\nHello\n```")
        told = executed(account, skillset, mail)
        assert (told.status, told.code) == (501, "NOT_IMPLEMENTED")
        off = ability_of(account, skillset, "Never shout.", state="disabled")
        assert executed(account, skillset, off).status == 400
        assert executed(account, skillset, "ability_none").status == 404
        assert executed(account, skillset, off, {"contactId": "contact_none"}).status == 400
        assert executed(an_account(account.cloud), skillset, off).status == 404
        on = ability_of(account, skillset, "Never shout.")
        account.post(f"/skillset/{skillset}/update", {"state": "disabled"})
        assert executed(account, skillset, on).status == 400


class TestAsTools:
    def test_a_worker_that_answers_in_another_dialect_has_them(
        self, account: Account, cloud: Cloud, skillset: str, facts: str
    ) -> None:
        ability_of(account, skillset, f"```search/datasetId={facts}\n$[query|what]\n```", name="Look it up")
        ability_of(account, skillset, "```email/to=a@b.example\nHello\n```", name="Mail")
        ability_of(account, skillset, "Off.", name="Off", state="disabled")
        key = cloud.administration.issue_key(account.tenant_id, "chats").secret
        with serving(calls("Look_it_up", {"query": "capital"}), says("Fredville.")) as server:
            bot = bot_of(account, server, skillsetId=skillset)
            chat = cloud.rest("POST", "/api/v1/chats", key=key, body={"user_id": "alice", "agent_id": bot}).body["id"]
            reply = cloud.say(chat, key=key, body={"content": "Capital?"})
        assert (reply.status, reply.body["content"]) == (200, "Fredville.")
        first, second = asked_of(server)
        assert [tool["function"]["name"] for tool in first["tools"]] == ["Look_it_up"]
        assert "Fredville" in second["messages"][-1]["content"]

    def test_a_skillset_that_is_off_has_none(self, account: Account, skillset: str) -> None:
        ability_of(account, skillset, "Never shout.")
        account.post(f"/skillset/{skillset}/update", {"state": "disabled"})
        with serving(says("Hm.")) as server:
            assert OpenAi(account, bot_of(account, server, skillsetId=skillset)).ask().status == 200
        assert "tools" not in asked_of(server)[0]

    def test_a_conversation_and_a_request_may_bring_their_own(self, account: Account, skillset: str) -> None:
        ability_of(account, skillset, "Never shout.")
        with serving(says("Hm.")) as server:
            bot = bot_of(account, server)
            body = {"botId": bot, "skillsetId": skillset, "messages": [{"type": "user", "text": "Hi"}]}
            assert account.post("/conversation/complete", body).status == 200
            assert account.get(f"/bot/{bot}/fetch").body.get("skillsetId") is None
            account.post(f"/bot/{bot}/update", {"skillsetId": skillset})
            assert account.get(f"/bot/{bot}/fetch").body["skillsetId"] == skillset
        assert [tool["function"]["name"] for tool in asked_of(server)[0]["tools"]] == ["Do_it"]

    def test_another_bot_answers_as_itself(self, account: Account, skillset: str) -> None:
        """Also where the one who asks is made for the request."""
        with serving(calls("Do_it", {"message": "Who are you?"}), says("Bob."), says("It is Bob.")) as server:
            other = bot_of(account, server, backstory="You are Bob.")
            ability_of(account, skillset, "", botId=other)
            told = OpenAi(account, bot_of(account, server, skillsetId=skillset)).ask()
        assert told.body["choices"][0]["message"]["content"] == "It is Bob."
        asked = asked_of(server)
        assert asked[1]["messages"][0]["content"] == "You are Bob."
        assert "Bob." in asked[2]["messages"][-1]["content"]


def test_secrets_are_found_by_their_id_in_the_form_that_is_sent(account: Account) -> None:
    secrets = PlatformSecrets(account.cloud.table, KnownSecrets({(account.tenant_id, "platform-shop"): "named"}))
    plain = account.made("/secret/create", {"value": "a b", "type": "plain"})
    basic = account.made("/secret/create", {"value": "ada:pass", "type": "basic"})
    oauth = account.made("/secret/create", {"value": "x", "type": "oauth"})
    empty = account.made("/secret/create", {"type": "plain"})
    assert secrets.get(account.tenant_id, plain) == "a b"
    assert base64.b64decode(secrets.get(account.tenant_id, basic)) == b"ada:pass"
    assert secrets.get(account.tenant_id, "platform-shop") == "named"
    for name in (oauth, empty):
        with pytest.raises(SecretMissingError):
            secrets.get(account.tenant_id, name)
    with pytest.raises(SecretMissingError):
        secrets.get("another", plain)
    assert "a b" not in json.dumps(account.get(f"/secret/{plain}/fetch").body)
