"""Questions to an agent: who may ask, in whose name, in which session, and what comes back."""

from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from parlance.agents.definitions import Agent
from parlance.clock import SystemClock
from parlance.identity.model import Limits
from parlance.identity.users import Account
from parlance.storage.agents import AgentRepository
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.turns import DynamoTurnStore
from parlance.usage.budgets import TENANT, Budget
from tests.functions.cloud import Cloud, Reply
from tests.functions.kosmos import Identity, Party, call, error_of

QUESTION = "What is a dialect?"


@pytest.fixture(scope="module")
def backend(identity: Identity) -> dict[str, str]:
    """The headers of a tenant's backend."""
    return identity.key_headers() | {"license": identity.user}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(headers: dict[str, str], *, agent: str = "default", query: dict[str, str] | None = None, **data: Any) -> Reply:
    body = {"data": {"userInput": QUESTION} | data}
    return call("POST", f"/query/agent/{agent}", headers=headers, query=query, body=body)


def answered(reply: Reply) -> dict[str, str]:
    assert reply.status == 200, reply.text
    found: dict[str, str] = reply.body
    assert set(found) == {"response", "sessionId"}
    assert found["response"]
    assert found["sessionId"]
    return found


def messages(cloud: Cloud, identity: Identity, reply: Reply) -> list[dict[str, Any]]:
    """The conversation as the chats dialect shows it to the same tenant."""
    found = cloud.rest("GET", f"/api/v1/chats/{reply.headers['X-Chat-Id']}/messages", key=identity.house.key)
    assert found.status == 200
    listed: list[dict[str, Any]] = found.body["messages"]
    return listed


def told(cloud: Cloud, identity: Identity, reply: Reply) -> dict[str, Any]:
    """What the agent was told of the user in the first turn."""
    turn = DynamoTurnStore(cloud.table).turn(identity.tenant_id, reply.headers["X-Chat-Id"], 1)
    assert turn is not None
    found: dict[str, Any] = turn.context["identity"]
    return found


# The conversation.


def test_a_backend_asks_and_goes_on_asking(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    first = ask(backend)
    session_id = answered(first)["sessionId"]
    second = ask(backend, sessionId=session_id, userInput="And then?")
    assert answered(second)["sessionId"] == session_id
    assert second.headers["X-Chat-Id"] == first.headers["X-Chat-Id"]
    listed = messages(cloud, identity, second)
    assert [message["sender_role"] for message in listed] == ["user", "assistant", "user", "assistant"]
    assert [message["content"] for message in listed] == [
        QUESTION, first.body["response"], "And then?", second.body["response"],
    ]  # fmt: skip


def test_a_session_is_the_same_in_the_query_and_in_the_body(backend: dict[str, str]) -> None:
    in_query = ask(backend, query={"sessionId": "s-1"})
    in_body = ask(backend, sessionId="s-1")
    both = ask(backend, query={"sessionId": "s-1"}, sessionId="s-1")
    assert {answered(reply)["sessionId"] for reply in (in_query, in_body, both)} == {"s-1"}
    assert len({reply.headers["X-Chat-Id"] for reply in (in_query, in_body, both)}) == 1


def test_a_disagreement_about_the_session_is_a_bad_request(backend: dict[str, str]) -> None:
    reply = ask(backend, query={"sessionId": "s-2"}, sessionId="s-3")
    assert reply.status == 400
    assert "disagree" in error_of(reply)["message"]


@pytest.mark.parametrize("nothing", ["", None])
def test_a_missing_session_is_made_up(backend: dict[str, str], nothing: str | None) -> None:
    made = {answered(ask(backend, query={"sessionId": ""}, sessionId=nothing))["sessionId"] for _ in range(3)}
    assert len(made) == 3


def test_the_chats_dialect_lists_it_under_the_users_name(cloud: Cloud, identity: Identity) -> None:
    _, _, token = identity.signed_in(username="lists")
    reply = ask(bearer(token))
    found = cloud.rest("GET", "/api/v1/chats/user/lists", key=identity.house.key).body["chats"]
    assert [chat["id"] for chat in found] == [reply.headers["X-Chat-Id"]]
    assert found[0]["config"]["metadata"] == {"session_id": answered(reply)["sessionId"]}


def test_of_first_questions_at_once_one_conversation_comes(cloud: Cloud, identity: Identity) -> None:
    headers = identity.key_headers() | {"license": identity.user}
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, headers, sessionId="crowd", userInput=f"Question {at}") for at in range(4)]
        # Whoever comes second waits in line, where a worker finds it.
        while wait(asked, timeout=0.1).not_done:
            cloud.work()
    replies = [one.result() for one in asked]
    assert {reply.status for reply in replies} == {200}
    assert len({reply.headers["X-Chat-Id"] for reply in replies}) == 1
    assert len(messages(cloud, identity, replies[0])) == 8


def test_a_question_repeated_under_its_key_is_asked_once(
    cloud: Cloud, identity: Identity, backend: dict[str, str]
) -> None:
    headers = backend | {"Idempotency-Key": "once"}
    first, again = ask(headers), ask(headers)
    assert answered(first) == answered(again)
    assert len(messages(cloud, identity, first)) == 2
    other = ask(headers, userInput="Something else?")
    assert other.status == 409
    assert error_of(other)["error"] == "Conflict"


@pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
def test_a_key_that_is_none_is_a_bad_request(backend: dict[str, str], key: str) -> None:
    assert ask(backend | {"Idempotency-Key": key}).status == 400


# Who asks.


def test_a_user_asks_with_a_token(cloud: Cloud, identity: Identity) -> None:
    account, _, token = identity.signed_in(username="bea", community_id="readers")
    reply = ask(bearer(token))
    answered(reply)
    assert told(cloud, identity, reply) == {
        "subject": account.id,
        "attributes": {
            "tenant": identity.tenant_id,
            "community": "readers",
            "username": "bea",
            "verified_by": "user token",
        },
    }


def test_a_backend_speaks_for_its_users(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    reply = ask(backend, username="carl", communityId="writers", tenantId=identity.tenant_id)
    assert told(cloud, identity, reply)["subject"] == "carl"
    assert told(cloud, identity, reply)["attributes"]["community"] == "writers"
    assert told(cloud, identity, reply)["attributes"]["verified_by"] == "service key"
    assert told(cloud, identity, ask(backend))["attributes"]["tenant"] == identity.tenant_id


def test_what_a_client_writes_into_its_message_is_no_identity(cloud: Cloud, identity: Identity) -> None:
    chat_id = cloud.chat(identity.house)
    claimed = {"identity": {"subject": "root", "attributes": {}}}
    connection = cloud.connected(identity.house, chat_id)
    cloud.send(connection, {"content": "Hello", "metadata": claimed | {"context": claimed}})
    turn = DynamoTurnStore(cloud.table).turn(identity.tenant_id, chat_id, 1)
    assert turn is not None
    assert turn.context == {}


def test_a_token_may_come_in_an_envelope(identity: Identity) -> None:
    _, _, token = identity.signed_in()
    party = identity.party()
    key = {"publickey": party.key.public_key.text}
    for value in (
        f"Bearer {party.seal(token)}",
        f"bearer {party.seal(f'Bearer {token}')}",
        party.seal(f"Bearer {token}"),
        party.seal(token),
        token,
    ):
        answered(ask(key | {"Authorization": value}))
    for value in (f"Bearer {identity.party().seal(token)}", f"Bearer {party.seal('nothing')}", party.seal("")):
        assert ask(key | {"Authorization": value}).status == 401
    assert ask({"Authorization": f"Bearer {party.seal(token)}"}).status == 401


def test_both_together_are_the_user(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    account, _, token = identity.signed_in()
    alone = ask(bearer(token), sessionId="joint")
    together = ask(backend | bearer(token), sessionId="joint")
    assert alone.headers["X-Chat-Id"] == together.headers["X-Chat-Id"]
    assert told(cloud, identity, together)["subject"] == account.id


@pytest.mark.parametrize("name", ["tenantId", "communityId", "username"])
def test_claims_that_contradict_a_token_are_forbidden(identity: Identity, name: str) -> None:
    account, _, token = identity.signed_in(username="dora", community_id="readers")
    right: dict[str, Any] = {"tenantId": identity.tenant_id, "communityId": "readers", "username": "dora"}
    answered(ask(bearer(token), **right))
    answered(ask(bearer(token), username=account.id))
    for wrong in ("somebody-else", "Dora", f"{right[name]} "):
        reply = ask(bearer(token), **(right | {name: wrong}))
        assert reply.status == 403
        assert error_of(reply)["error"] == "Forbidden"


def test_another_tenant_is_forbidden_to_a_backend(backend: dict[str, str]) -> None:
    assert ask(backend, tenantId="somebody-else").status == 403


def test_credentials_of_two_tenants_are_forbidden(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    other = Identity(cloud)
    _, _, token = other.signed_in()
    assert ask(backend | bearer(token)).status == 403
    assert ask(backend | {"license": other.user}).status == 403
    assert ask(bearer(token) | {"license": identity.user}).status == 403


def test_a_known_session_opens_nobody_elses_conversation(cloud: Cloud, identity: Identity) -> None:
    headers = identity.key_headers() | {"license": identity.user}
    tokens = [identity.signed_in(username="same-name")[2] for _ in range(2)]
    other = Identity(cloud)
    replies = [
        *(ask(bearer(token), sessionId="shared") for token in tokens),
        ask(headers, sessionId="shared"),
        ask(headers, sessionId="shared", username="same-name"),
        ask(headers, sessionId="shared", username="another"),
        ask(headers, sessionId="shared", username="same-name", communityId="readers"),
        ask(other.key_headers() | {"license": other.user}, sessionId="shared"),
    ]
    for reply in replies:
        answered(reply)
    assert len({reply.headers["X-Chat-Id"] for reply in replies}) == len(replies)
    hidden = cloud.rest("GET", f"/api/v1/chats/{replies[0].headers['X-Chat-Id']}", key=other.house.key)
    assert hidden.status == 404


def test_callers_without_good_credentials_are_refused(identity: Identity, backend: dict[str, str]) -> None:
    _, session, token = identity.signed_in()
    expired = identity.token(Account(identity.tenant_id, session.account_id, "", "", "active", frozenset(), 0),
                             session, expires_in_ms=-120_000)  # fmt: skip
    refused: list[dict[str, str]] = [
        {},
        {"license": identity.user},
        {"license": identity.system, "keyId": backend["keyId"]},
        {name: value for name, value in backend.items() if name != "license"},
        backend | {"keySecret": "x"},
        backend | {"keyId": "x"},
        backend | {"license": "x"},
        backend | {"keySecret": "ÿ"},
        backend | {"Authorization": ""},
        backend | bearer("a.b.c"),
        bearer(token) | {"keyId": "x", "keySecret": "x"},
        bearer(token) | {"license": "x"},
        bearer(token[:-2]),
        bearer(expired),
        {"Authorization": f"Basic {token}"},
        {"Authorization": "Bearer " + "x" * 9000},
        {"Authorization": "ÿ", "publickey": "ÿ"},
    ]
    for headers in refused:
        reply = ask(headers)
        assert reply.status == 401, headers
        assert error_of(reply)["error"] == "Unauthorized"
    # Only /jwt/verifyToken ends sessions.
    assert identity.lives(session)


def test_a_user_who_may_not_use_the_chatbot_is_refused(identity: Identity) -> None:
    _, _, token = identity.signed_in(permissions=["reports"])
    assert ask(bearer(token)).status == 401


# Bodies.


def test_what_came_sealed_is_answered_sealed(identity: Identity, backend: dict[str, str]) -> None:
    party = identity.party()
    headers = backend | {"publickey": party.key.public_key.text}
    body = {"data": party.seal({"userInput": QUESTION, "sessionId": "sealed"})}
    reply = call("POST", "/query/agent/default", headers=headers, body=body)
    assert reply.status == 200
    opened = party.open(reply.body)
    assert set(opened) == {"response", "sessionId"}
    assert opened["sessionId"] == "sealed"
    assert opened["response"] not in reply.text


@pytest.mark.parametrize("key", [None, "", "x", "A" * 88, "ÿ"])
def test_an_envelope_without_its_makers_key_is_a_bad_request(
    identity: Identity, backend: dict[str, str], key: str | None
) -> None:
    headers = backend if key is None else backend | {"publickey": key}
    body = {"data": Party(identity.party().server).seal({"userInput": QUESTION})}
    reply = call("POST", "/query/agent/default", headers=headers, body=body)
    assert reply.status == 400
    error_of(reply)


@pytest.mark.parametrize(
    "data",
    [
        {"userInput": None}, {"userInput": ""}, {"userInput": "  "}, {"userInput": 5}, {"userInput": ["x"]},
        {"sessionId": 5}, {"sessionId": {}}, {"sessionId": "x" * 257}, {"sessionId": "\x00"},
        {"tenantId": 5}, {"communityId": []}, {"username": 5}, {"username": "x" * 257}, {"username": "a\nb"},
    ],
    ids=lambda data: str(data)[:40],
)  # fmt: skip
def test_bad_fields_are_bad_requests(backend: dict[str, str], data: dict[str, Any]) -> None:
    reply = ask(backend, **data)
    assert reply.status == 400
    assert error_of(reply)["error"] == "Bad Request"


@pytest.mark.parametrize("session", ["\x00", "\x7f", "x" * 257])
def test_a_bad_session_in_the_query_is_a_bad_request(backend: dict[str, str], session: str) -> None:
    assert ask(backend, query={"sessionId": session}).status == 400


@pytest.mark.parametrize(
    "raw", ["", "x", "[]", "{}", '{"data": 5}', '{"data": null}', "[" * 5000, '"\\ud800"', '{"data": "x"}']
)
def test_a_body_that_is_none_is_a_bad_request(backend: dict[str, str], raw: str) -> None:
    reply = call("POST", "/query/agent/default", headers=backend, raw_body=raw)
    assert reply.status == 400
    error_of(reply)


@pytest.mark.parametrize("length", [25_000, 1_100_000])
def test_a_question_that_is_too_long(backend: dict[str, str], length: int) -> None:
    reply = ask(backend, userInput="x" * length)
    assert reply.status == 413
    assert error_of(reply)["error"] == "Payload Too Large"


@pytest.mark.parametrize("agent", ["unknown", "x" * 3000, "%00", "%F0%9F%92%A9", "a%2Fb", "%ff"])
def test_an_unknown_agent_is_not_found(backend: dict[str, str], agent: str) -> None:
    reply = ask(backend, agent=agent)
    assert reply.status == 404
    assert error_of(reply)["message"] == "Agent not found"


def test_another_tenants_agent_is_not_found(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    other, now = Identity(cloud), SystemClock().now()
    AgentRepository(cloud.table).create(Agent(other.tenant_id, "theirs", "Ada", "Be kind.", now, now))
    assert ask(backend, agent="theirs").status == 404


def test_an_agent_that_fails_is_unavailable(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    now = SystemClock().now()
    AgentRepository(cloud.table).create(
        Agent(identity.tenant_id, "broken", "Ada", "Be kind.", now, now, model="no-such-model")
    )
    reply = ask(backend, agent="broken")
    assert reply.status == 503
    assert error_of(reply)["error"] == "Service Unavailable"
    assert "no-such-model" not in reply.text


def test_a_budget_that_is_used_up_is_a_limit_too(cloud: Cloud, identity: Identity, backend: dict[str, str]) -> None:
    DynamoBudgetStore(cloud.table).put(Budget(identity.tenant_id, TENANT, "day", tokens=1))
    reply = ask(backend)
    assert reply.status == 429
    assert "this day is used up" in error_of(reply)["message"]


def test_a_tenants_limit_is_kept_and_told(cloud: Cloud) -> None:
    narrow = Identity(cloud, limits=Limits(rest_per_minute=2))
    headers = narrow.key_headers() | {"license": narrow.user}
    assert [ask(headers, agent="unknown").status for _ in range(2)] == [404, 404]
    reply = ask(headers)
    assert reply.status == 429
    assert error_of(reply)["error"] == "Too Many Requests"
    assert 1 <= int(reply.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods(backend: dict[str, str], method: str) -> None:
    reply = call(method, "/query/agent/default", headers=backend)
    assert reply.status == 405
    error_of(reply)


@pytest.mark.parametrize("path", ["/query", "/query/agent", "/query/agent/default/more"])
def test_other_paths_of_the_group(backend: dict[str, str], path: str) -> None:
    reply = call("POST", path, headers=backend, body={})
    assert reply.status == 404
    error_of(reply)
