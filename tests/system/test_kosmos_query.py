"""Questions to an agent over the identity dialect."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from parlance_cli.identity import operations as identity
from tests.system.conftest import QUESTION, SENTENCE
from tests.system.kosmos import Headers, Tenancy, assert_error

pytestmark = [pytest.mark.system, pytest.mark.anyio]

HOUR = 3600
GATEWAY_SECONDS = 29
WORDLESS = "Is it?"
"""A question without a subject: the answer is one sentence of 17 words."""

PACE = 1.9
"""Seconds between two words: 16 pauses are just longer than the gateway's patience."""


@pytest.fixture(scope="module")
def harbour(build_tenancy: Callable[..., Tenancy]) -> Tenancy:
    """A tenant whose agent knows the harbour."""
    return build_tenancy(dataset=True)


def token_of(tenancy: Tenancy, deployment: Deployment, user_id: str | None = None) -> str:
    user = user_id or tenancy.user_id
    session = identity.create_login_session(deployment, tenancy.tenant_id, user, seconds=HOUR)
    return tenancy.token(session.id, sub=user)


@pytest.fixture
def bearer(harbour: Tenancy, deployment: Deployment) -> Headers:
    return {"Authorization": f"Bearer {token_of(harbour, deployment)}"}


@pytest.mark.parametrize("sealed", [True, False])
async def test_an_answer_and_a_session_to_go_on_with(harbour: Tenancy, *, sealed: bool) -> None:
    async with harbour.client() as client:
        first = await client.query(QUESTION, sealed=sealed)
        assert set(first) == {"response", "sessionId"}
        assert SENTENCE.strip() in first["response"]
        again = await client.query("And the wicks?", sealed=sealed, data={"sessionId": first["sessionId"]})
        assert again["sessionId"] == first["sessionId"]
        other = await client.query(QUESTION, sealed=sealed)
        assert other["sessionId"] != first["sessionId"]


async def test_a_session_named_in_the_query_or_in_the_body(harbour: Tenancy) -> None:
    async with harbour.client() as client:
        assert (await client.query("Hello?", params={"sessionId": "s-1"}))["sessionId"] == "s-1"
        assert (await client.query("Hello?", data={"sessionId": "s-1"}))["sessionId"] == "s-1"
        assert (await client.query("Hello?", params={"sessionId": "s-1"}, data={"sessionId": "s-1"}))[
            "sessionId"
        ] == "s-1"
        await client.query("Hello?", 400, params={"sessionId": "s-1"}, data={"sessionId": "s-2"})


async def test_who_may_ask(harbour: Tenancy, bearer: Headers) -> None:
    """A service key with a license, a user's token plain or sealed, or both."""
    async with harbour.client() as client:
        token = bearer["Authorization"].removeprefix("Bearer ")
        sealed = {"Authorization": f"Bearer {client.seal(token)}"}
        for headers in (harbour.service, bearer, sealed, harbour.service | bearer, harbour.service | sealed):
            assert (await client.query("Hello?", headers=headers))["response"]
        assert (await client.query("Hello?", headers=bearer, sealed=False))["response"]


async def test_who_may_not(
    harbour: Tenancy, bearer: Headers, build_tenancy: Callable[..., Tenancy], deployment: Deployment
) -> None:
    other = build_tenancy()
    service = harbour.service
    refused: list[Headers] = [
        {},
        {"license": service["license"]},
        {"keyId": service["keyId"], "keySecret": service["keySecret"]},
        service | {"keySecret": "odd"},
        service | {"license": "odd"},
        bearer | {"keyId": service["keyId"], "keySecret": "odd", "license": service["license"]},
        service | {"Authorization": "Bearer odd"},
        {"Authorization": f"Bearer {harbour.token('login_none')}"},
        {"Authorization": f"Bearer {harbour.token(None, key='x' * 43)}"},
    ]
    async with harbour.client() as client:
        for headers in refused:
            await client.query("Hello?", 401, headers=headers)
        mixed = service | {"license": other.system_license}
        crossed = service | {"Authorization": f"Bearer {token_of(other, deployment)}"}
        for headers in (mixed, crossed):
            answer = await client.http.post(
                "/query/agent/default", headers=headers, json={"data": {"userInput": "Hello?"}}
            )
            assert answer.status_code in {401, 403}, answer.text


CONTRADICTIONS = {"tenantId": "another", "communityId": "another", "username": "another"}


@pytest.mark.parametrize("claim", CONTRADICTIONS)
async def test_what_contradicts_the_verified_identity(harbour: Tenancy, bearer: Headers, claim: str) -> None:
    agreeing = {
        "tenantId": harbour.tenant_id,
        "communityId": harbour.community_id,
        "username": harbour.username,
    }
    async with harbour.client() as client:
        assert (await client.query("Hello?", headers=bearer, data=agreeing))["response"]
        wrong = agreeing | {claim: CONTRADICTIONS[claim]}
        await client.query("Hello?", 403, headers=bearer, data=wrong)
        await client.query("Hello?", 403, headers=harbour.service | bearer, data={claim: CONTRADICTIONS[claim]})
        if claim == "tenantId":
            await client.query("Hello?", 403, data={"tenantId": "another"})


async def test_an_agent_that_there_is_not(harbour: Tenancy) -> None:
    async with harbour.client() as client:
        for agent in ("none", "a%2Fb", "%00"):
            await client.query("Hello?", 404, agent=agent)


@pytest.mark.parametrize("value", [None, "", " ", 7, ["Hello?"], {"text": "Hello?"}])
async def test_a_question_that_is_none(harbour: Tenancy, value: Any) -> None:
    async with harbour.client() as client:
        body = {"data": {"userInput": value}}
        await client.call("POST", "/query/agent/default", 400, headers=harbour.service, json=body)


async def test_a_question_that_is_too_long(harbour: Tenancy) -> None:
    async with harbour.client() as client:
        await client.query("x" * 200_000, 413)


async def test_the_question_after_the_last_is_refused(build_tenancy: Callable[..., Tenancy]) -> None:
    tenancy = build_tenancy(limits=Limits(rest_per_minute=2))
    async with tenancy.client() as client:
        for _ in range(2):
            await client.query("Hello?")
        body = {"data": {"userInput": "Hello?"}}
        refused = await client.http.post("/query/agent/default", headers=tenancy.service, json=body)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert_error(refused)


async def test_a_session_is_its_users_own(harbour: Tenancy, deployment: Deployment, bearer: Headers) -> None:
    """Two users who name the same session do not meet."""
    bob = identity.create_user(deployment, harbour.tenant_id, "Bob")
    theirs = {"Authorization": f"Bearer {token_of(harbour, deployment, bob.id)}"}
    async with harbour.client() as client:
        await client.query(QUESTION, headers=bearer, data={"sessionId": "shared"})
        await client.query("Hello?", headers=theirs, data={"sessionId": "shared"})
    async with harbour.house.rest() as rest:
        [chat] = (await rest.call("GET", f"/user/{bob.username}"))["chats"]
        said = [message["content"] for message in await rest.messages(chat["id"])]
    assert said[0] == "Hello?"
    assert QUESTION not in said


async def test_a_conversation_goes_on_over_the_chats_dialect(
    build_tenancy: Callable[..., Tenancy], deployment: Deployment
) -> None:
    tenancy = build_tenancy(dataset=True)
    headers = {"Authorization": f"Bearer {token_of(tenancy, deployment)}"}
    async with tenancy.client() as client, tenancy.house.rest() as rest:
        begun = await client.query(QUESTION, headers=headers)
        [chat] = (await rest.call("GET", f"/user/{tenancy.username}"))["chats"]
        messages = await rest.messages(chat["id"])
        assert [message["content"] for message in messages] == [QUESTION, begun["response"]]
        async with tenancy.house.line(chat["id"], tenancy.username) as line:
            heard = await line.stream(await line.ask("Who rows across?"))
        ended = await client.query("Thank you?", headers=headers, data={"sessionId": begun["sessionId"]})
        contents = [message["content"] for message in await rest.messages(chat["id"])]
    assert contents == [
        QUESTION, begun["response"], "Who rows across?", heard.text, "Thank you?", ended["response"],
    ]  # fmt: skip


async def test_a_model_may_think_longer_than_the_gateway_waits(deployment: Deployment, harbour: Tenancy) -> None:
    """Plain and sealed at once, so that both are shown in the time of one."""
    operations.create_agent(
        deployment, harbour.tenant_id, "Slow", agent_id="slow", settings={"pace": PACE}, dataset_id="harbour"
    )
    async with harbour.client() as client:
        started = time.monotonic()
        answers = await asyncio.gather(
            *(client.query(WORDLESS, agent="slow", sealed=sealed) for sealed in (True, False))
        )
    assert time.monotonic() - started > GATEWAY_SECONDS
    assert all(answer["response"].startswith("Ask me about something") for answer in answers)
