"""Walks every route of the platform dialect: what each owes its callers, and that nothing sent breaks it."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.platform.paths import ANSWERED, canonical
from reference.openapi import openapi
from tests.functions.cloud import Cloud
from tests.functions.platform import GROUPS, Account, an_account, module

NAMES = re.compile(r"<(\w+)>")
FIELDS = (
    *("text", "search", "filter", "messages", "functions", "extensions", "limits", "channelId", "message", "meta"),
    *("value", "reason", "durationInSeconds", "contact", "botId", "model", "historyLength", "fingerprint", "stream"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4)


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return an_account(cloud)


@pytest.fixture(scope="module")
def routes(cloud: Cloud) -> list[tuple[str, str]]:
    """All of them, with ids that lead nowhere. Needs the cloud's environment, in which the functions are built."""
    found = {(route.method, route.path) for group in GROUPS for route in module(group).service().routes}
    for group in ("completion", "lists"):
        found |= {(route.method, route.path) for _, route in module(group).group()._routes}
    return sorted((method, NAMES.sub(lambda name: f"{name[1]}_of_nobody_at_all", path)) for method, path in found)


def test_there_are_as_many_as_the_clients_call(routes: list[tuple[str, str]]) -> None:
    assert len(routes) > 200


def test_none_is_open(account: Account, routes: list[tuple[str, str]]) -> None:
    for method, path in routes:
        told = account.call(method, path, {}, token=None)
        assert told.status == 401, path
        assert told.code == "NOT_AUTHENTICATED"
        assert told.headers["Access-Control-Allow-Origin"] == "*"


def test_sessions_reach_few(account: Account, routes: list[tuple[str, str]]) -> None:
    conversation = account.made("/conversation/create")
    token = account.post(f"/conversation/{conversation}/session/create").body["token"]
    reached = set()
    for method, path in routes:
        told = account.call(method, path, {}, token=token)
        if told.status != 403:
            reached.add(path.removeprefix("/api/v1"))
    assert reached == {"/channel/channel_of_nobody_at_all/publish"}


def test_what_is_not_there_is_not_found(account: Account, routes: list[tuple[str, str]]) -> None:
    for method, path in routes:
        if "_of_nobody_at_all" in path and "/channel/" not in path:
            told = account.call(method, path, {"text": "x", "search": "x"} if method == "POST" else None)
            assert told.status in {400, 404}, (path, told.text)


def test_other_methods_are_refused(account: Account, routes: list[tuple[str, str]]) -> None:
    for method, path in routes:
        told = account.call("GET" if method == "POST" else "POST", path, {})
        assert (told.status, told.headers["Allow"]) == (405, method), path
        assert account.call("PUT", path, {}).code == "METHOD_NOT_ALLOWED"
        assert account.call("OPTIONS", path, token=None).status == 200


def test_what_streams_is_known_to_those_who_refuse_its_other_methods(cloud: Cloud) -> None:
    served = {(route.method, canonical(route.path)) for _, route in module("completion").group()._routes}
    assert served == set(ANSWERED), "name it in parlance.platform.paths.ANSWERED, and in the template"


def test_the_description_holds_the_routes_of_all_functions(routes: list[tuple[str, str]]) -> None:
    described = {
        (method.upper(), re.sub(r"{\w+}", "x", path))
        for path, methods in openapi()["paths"].items()
        for method in methods
        if methods[method]["tags"][0].startswith("Platform")
    }
    assert described == {
        (method, re.sub(r"\w+_of_nobody_at_all", "x", path))
        for method, path in routes
        if path.startswith("/api/v1/") or path in {"/v1/chat/completions", "/v1/models"}
    }


@settings(max_examples=12, derandomize=True)
@given(body=BODIES)
def test_nothing_that_is_sent_breaks_them(
    account: Account, routes: list[tuple[str, str]], body: dict[str, Any]
) -> None:
    conversation = account.made("/conversation/create")
    for method, path in routes:
        if method == "POST" and "/integration/" not in path and not path.endswith("/subscribe"):
            where = path.replace("conversation_id_of_nobody_at_all", conversation)
            told = account.post(where, body)
            assert told.status in {200, 400, 404, 409, 413, 501}, (where, body, told.text)


def test_the_models_that_are_offered_are_those_that_answer(account: Account) -> None:
    offered = account.get("/platform/model/list", query={"take": "2"}).body
    offered["items"] += account.get("/platform/model/list", query={"cursor": offered["cursor"]}).body["items"]
    answering = [one["id"] for one in account.get("/openai/models").body["data"] if one["created"] == 0]
    assert sorted(item["id"] for item in offered["items"]) == sorted(answering)


class TestCalls:
    def test_search_in_a_dataset(self, account: Account) -> None:
        dataset = account.made("/dataset/create", {"searchMaxRecords": 2})
        for year in range(2000, 2005):
            text = f"The harvest of the year {year} was good."
            account.made(f"/dataset/{dataset}/record/create", {"text": text, "meta": {"year": year}, "source": "book"})
        found = account.post(f"/dataset/{dataset}/search", {"search": "harvest"}).body
        assert found["id"] == dataset
        assert len(found["records"]) == 2
        assert all(0 < record["score"] <= 1 for record in found["records"])
        late = {"search": "harvest", "filter": {"year": {"$gte": 2004}}}
        (record,) = account.post(f"/dataset/{dataset}/search", late).body["records"]
        assert (record["meta"], record["source"]) == ({"year": 2004}, "book")
        wrong: object
        for wrong in ({"year": {"$in": []}}, {"year": []}, 7):
            assert account.post(f"/dataset/{dataset}/search", {"search": "x", "filter": wrong}).status == 400

    def test_a_contact_is_ensured_once(self, account: Account) -> None:
        first = account.made("/contact/ensure", {"fingerprint": "me", "name": "Ann"})
        assert account.made("/contact/ensure", {"fingerprint": "me", "name": "Bea"}) == first
        assert account.get(f"/contact/{first}/fetch").body["name"] == "Bea"
        assert account.post("/contact/create", {"fingerprint": "me"}).code == "CONFLICT"

    def test_what_belongs_to_a_contact(self, account: Account) -> None:
        contact = account.made("/contact/create")
        memory = account.made("/memory/create", {"text": "Likes whales", "contactId": contact})
        account.made("/memory/create", {"text": "Likes whales too"})
        conversation = account.made("/conversation/create", {"contactId": contact})
        for part, one in (("memory", memory), ("conversation", conversation)):
            assert [item["id"] for item in account.get(f"/contact/{contact}/{part}/list").body["items"]] == [one]
        found = account.post(f"/contact/{contact}/memory/search", {"search": "whales"}).body["items"]
        assert [item["id"] for item in found] == [memory]
        account.post(f"/conversation/{conversation}/upvote", {"reason": "kind"})
        (rating,) = account.get(f"/contact/{contact}/rating/list").body["items"]
        assert (rating["value"], rating["reason"], rating["conversationId"]) == (1, "kind", conversation)

    def test_memories_expire(self, account: Account) -> None:
        memory = account.made("/memory/create", {"text": "Old", "expiresAt": 1})
        assert account.get(f"/memory/{memory}/fetch").status == 404
        assert memory not in account.get("/memory/list").text

    def test_a_secret_does_not_show_its_value(self, account: Account) -> None:
        secret = account.made("/secret/create", {"value": "hunter2"})
        assert "hunter2" not in account.get(f"/secret/{secret}/fetch").text + account.get("/secret/list").text
        assert account.post(f"/secret/{secret}/verify").body["status"] == "authenticated"
        account.post(f"/secret/{secret}/revoke")
        assert account.post(f"/secret/{secret}/verify").body["status"] == "unauthenticated"

    def test_messages_are_changed_and_deleted(self, account: Account) -> None:
        conversation = account.made("/conversation/create")
        base = f"/conversation/{conversation}/message"
        ids = [account.made(f"{base}/create", {"type": "user", "text": str(number)}) for number in range(5)]
        account.post(f"{base}/{ids[1]}/update", {"text": "changed", "type": "context", "meta": {"a": 1}})
        fetched = account.get(f"{base}/{ids[1]}/fetch").body
        assert (fetched["text"], fetched["type"], fetched["meta"]) == ("changed", "context", {"a": 1})
        account.post(f"{base}/{ids[3]}/delete")
        left = [ids[0], ids[1], ids[2], ids[4]]
        for order, expected in (("asc", left), ("desc", left[::-1])):
            first = account.get(f"{base}/list", query={"take": "2", "order": order}).body
            rest = account.get(f"{base}/list", query={"take": "9", "order": order, "cursor": first["cursor"]}).body
            assert [item["id"] for item in first["items"] + rest["items"]] == expected
            assert rest["cursor"] == ""
