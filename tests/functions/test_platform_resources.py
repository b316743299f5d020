"""The life of every declared resource, over its function."""

import csv
import io
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from parlance.platform.declarations import RESOURCES
from parlance.platform.fields import FieldOf, Resource
from parlance.platform.schedules import check_schedule, check_time_zone
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, an_account

MADE = [resource for resource in RESOURCES if "create" in resource.calls]
CONFIGURES = {"model", "backstory", "datasetId", "skillsetId", "privacy", "moderation"}
OF_EACH_TYPE: tuple[Any, ...] = (7, True, "text", ["a"], {"a": {}}, None)
FORMATS = FormatChecker(())
"""Those of ours, checked as the description's readers would have to."""
FORMATS.checks("schedule", ValueError)(lambda sent: not isinstance(sent, str) or check_schedule(sent) == sent)
FORMATS.checks("time-zone", ValueError)(lambda sent: not isinstance(sent, str) or check_time_zone(sent) == sent)
ODD: tuple[Any, ...] = ([[]], 1e400, -0.5, "\x00", {"": None})


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return an_account(cloud)


@pytest.fixture(scope="module")
def stranger(cloud: Cloud) -> Account:
    return an_account(cloud)


def base_of(account: Account, resource: Resource) -> str:
    """The path of a resource, below a new parent where it needs one."""
    if resource.parent is None:
        return f"/{resource.path}"
    parent = account.made(f"/{resource.parent}/create", {})
    return "/" + resource.path.replace("{parent}", parent)


def least(resource: Resource) -> dict[str, Any]:
    """The smallest body that creates one."""
    return {field.name: _example(field) for field in resource.fields if field.required}


def full(account: Account, resource: Resource) -> dict[str, Any]:
    """A body with every field that can be sent and links that lead somewhere."""
    body = {}
    for field in resource.fields:
        if field.server_made or field.link in {"blueprint", "space", "file"} or field.name == "messages":
            continue
        if resource.kind == "conversation" and field.name in CONFIGURES:
            # What its bot says of itself counts, and the example has a bot.
            continue
        body[field.name] = (
            account.made(f"/{field.link}/create", _least_of(field.link)) if field.link else _example(field)
        )
    return body


def _least_of(kind: str) -> dict[str, Any]:
    return least(next(resource for resource in RESOURCES if resource.kind == kind))


def _example(field: FieldOf) -> Any:
    special = {
        "expiresAt": 9_999_999_999_999,
        "alias": f"alias-{id(field)}",
        "schedule": "0 9 * * MON-FRI",
        "timezone": "Europe/London",
    }
    if field.name in special:
        return special[field.name]
    kind = str(field.type)
    by_type = {"bool": True, "dict": {"a": 1, "b": {"c": [True]}}, "list": [], "float": 30.5}
    if "Literal" in kind:
        return field.type.__args__[0]
    return next((value for name, value in by_type.items() if name in kind), f"some {field.name} ☃")


@pytest.mark.parametrize("resource", MADE, ids=lambda resource: resource.kind)
class TestEveryResource:
    def test_lives(self, account: Account, resource: Resource) -> None:
        base, body = base_of(account, resource), full(account, resource)
        identifier = account.made(f"{base}/create", body)
        fetched = account.get(f"{base}/{identifier}/fetch").body
        hidden = {field.name for field in resource.fields if field.hidden or field.create_only}
        assert {name: fetched.get(name) for name in body if name not in hidden} == {
            name: value for name, value in body.items() if name not in hidden
        }
        assert not hidden & fetched.keys()
        assert isinstance(fetched["createdAt"], int)
        (listed,) = [item for item in account.get(f"{base}/list").body["items"] if item["id"] == identifier]
        assert listed == fetched
        changed = account.post(f"{base}/{identifier}/update", {"meta": {"b": 2}})
        assert changed.body == {"id": identifier}
        after = account.get(f"{base}/{identifier}/fetch").body
        assert after["meta"] == {"b": 2}
        assert {name for name in after if after[name] != fetched[name]} <= {"meta", "updatedAt"}
        assert account.post(f"{base}/{identifier}/delete").body == {"id": identifier}
        for call in ("fetch", "update", "delete"):
            told = account.call("GET" if call == "fetch" else "POST", f"{base}/{identifier}/{call}", {})
            assert (told.status, told.code) == (404, "NOT_FOUND")
        assert identifier not in account.get(f"{base}/list").text

    def test_needs_no_more_than_it_says(self, account: Account, resource: Resource) -> None:
        base = base_of(account, resource)
        identifier = account.made(f"{base}/create", least(resource))
        fetched = account.get(f"{base}/{identifier}/fetch").body
        for field in resource.fields:
            if field.shown is not None or field.made:
                assert field.name in fetched
        for missing in least(resource):
            body = {name: value for name, value in least(resource).items() if name != missing}
            assert account.post(f"{base}/create", body).status == 400

    def test_null_and_nothing_clear(self, account: Account, resource: Resource) -> None:
        base, body = base_of(account, resource), full(account, resource)
        identifier = account.made(f"{base}/create", body)
        kept = {field.name for field in resource.fields if field.required or field.made or field.server_made}
        clearable = [field for field in resource.fields if field.name in body and field.name not in kept]
        nothing = {field.name: None for field in clearable if not field.create_only}
        assert account.post(f"{base}/{identifier}/update", nothing).status == 200
        fetched = account.get(f"{base}/{identifier}/fetch").body
        shown = {field.name: field.shown for field in clearable if field.shown is not None}
        assert {name: fetched[name] for name in nothing if name in fetched and name != "model"} == shown

    def test_wrong_types_are_refused(self, account: Account, resource: Resource) -> None:
        base = base_of(account, resource)
        identifier = account.made(f"{base}/create", least(resource))
        for path, model in ((f"{base}/create", resource.creation), (f"{base}/{identifier}/update", resource.change)):
            described = Draft202012Validator(model.model_json_schema(), format_checker=FORMATS)
            for field in (*resource.fields, FieldOf("unknown", str)):
                for sent in OF_EACH_TYPE:
                    body = {**least(resource), field.name: sent}
                    told = account.post(path, body)
                    expected = {200, 404, 409} if described.is_valid(body) else {400}
                    assert told.status in expected, (path, field.name, sent, told.text)
                    assert told.status == 200 or told.code

    def test_odd_values_break_nothing(self, account: Account, resource: Resource) -> None:
        base = base_of(account, resource)
        for field in resource.fields:
            for odd in ODD:
                told = account.post(f"{base}/create", {**least(resource), field.name: odd})
                assert told.status in {200, 400, 404, 409}, (field.name, odd, told.text)

    @pytest.mark.parametrize("body", ["", "[]", "null", "7", "{", '{"name": NaN}', '"\\ud800"', "[" * 100_000])
    def test_bodies_that_are_no_objects_are_refused(self, account: Account, resource: Resource, body: str) -> None:
        base = base_of(account, resource)
        told = account.call("POST", f"{base}/create", raw_body=body)
        assert told.status == (200 if body == "" and not least(resource) else 400)

    def test_is_nobody_elses(self, account: Account, stranger: Account, resource: Resource) -> None:
        base = base_of(account, resource)
        identifier = account.made(f"{base}/create", least(resource))
        for method, call in (("GET", "fetch"), ("POST", "update"), ("POST", "delete")):
            told = stranger.call(method, f"{base}/{identifier}/{call}", {})
            assert (told.status, told.code) == (404, "NOT_FOUND")
        assert identifier not in stranger.get(f"{base}/list").text
        assert account.get(f"{base}/{identifier}/fetch").status == 200

    def test_streams_its_list(self, account: Account, resource: Resource) -> None:
        base = base_of(account, resource)
        made = {account.made(f"{base}/create", least(resource)) for _ in range(3)}
        told = account.get(f"{base}/list", accept="application/jsonl")
        assert told.headers["Content-Type"] == "application/jsonl"
        assert {line["type"] for line in told.lines} == {"item"}
        assert made <= {line["data"]["id"] for line in told.lines}
        assert told.text.isascii()
        assert told.text.endswith("\n")
        assert len(account.get(f"{base}/list", accept="application/jsonl", query={"take": "2"}).lines) == 2


@pytest.mark.parametrize("resource", [one for one in MADE if one.exports], ids=lambda resource: resource.kind)
def test_exports(account: Account, resource: Resource) -> None:
    base = base_of(account, resource)
    body = {**least(resource), "meta": {"quote": 'a "b", c'}}
    made = [account.made(f"{base}/create", body) for _ in range(2)]
    told = account.get(f"{base}/export", accept="text/csv")
    assert told.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(told.text)))
    assert set(made) <= {row["id"] for row in rows}
    assert told.text.startswith('"id",')
    assert set(made) <= {line["data"]["id"] for line in account.get(f"{base}/export", accept="application/jsonl").lines}
    assert set(made) <= {item["id"] for item in account.get(f"{base}/export").body["items"]}


class TestAliases:
    def test_stand_for_ids(self, cloud: Cloud) -> None:
        account = an_account(cloud)
        dataset = account.made("/dataset/create", {"alias": "docs"})
        bot = account.made("/bot/create", {"alias": "helper", "datasetId": "@docs"})
        assert account.get("/bot/@helper/fetch").body["datasetId"] == dataset
        assert account.get("/bot/@helper/fetch").body["id"] == bot
        taken = account.post("/bot/create", {"alias": "helper"})
        assert (taken.status, taken.code) == (409, "CONFLICT")
        record = account.made("/dataset/@docs/record/create", {"text": "Snow is white."})
        assert account.get(f"/dataset/{dataset}/record/{record}/fetch").body["text"] == "Snow is white."
        assert account.post("/bot/@helper/update", {"alias": ""}).status == 200
        assert account.get("/bot/@helper/fetch").status == 404

    @pytest.mark.parametrize("reference", ["@", "@A", "@nobody", "no such", "%00", "a" * 129, "..", "T%23x"])
    def test_that_lead_nowhere(self, account: Account, reference: str) -> None:
        assert account.get(f"/bot/{reference}/fetch").code == "NOT_FOUND"
        told = account.post("/bot/create", {"datasetId": reference})
        assert (told.status, told.body["message"]) == (404, "Dataset not found")


class TestMeta:
    def test_is_replaced_or_merged(self, account: Account) -> None:
        bot = account.made("/bot/create", {"meta": {"a": 1, "$odd": 2}})
        account.post(f"/bot/{bot}/update", {"meta": {"$update": {"b": 2, "_hidden": 3}}})
        assert account.get(f"/bot/{bot}/fetch").body["meta"] == {"a": 1, "b": 2}
        account.post(f"/bot/{bot}/update", {"meta": {"c": 3}})
        assert account.get(f"/bot/{bot}/fetch").body["meta"] == {"c": 3}
        assert account.post("/bot/create", {"meta": {"_mine": 1}}).code == "BAD_REQUEST"

    def test_filters_give_full_pages(self, cloud: Cloud) -> None:
        account = an_account(cloud)
        wanted = []
        for number in range(40):
            meta = {"kind": "rare" if number % 8 == 0 else "common", "on": number % 8 == 0, "deep": {"n": number % 8}}
            identifier = account.made("/memory/create", {"text": "x", "meta": meta})
            wanted += [identifier] if number % 8 == 0 else []
        for query in ({"meta.kind": "rare"}, {"meta[on]": "true"}, {"meta.deep.n": "0", "meta.kind": "rare"}):
            first = account.get("/memory/list", query={**query, "take": "3"}).body
            rest = account.get("/memory/list", query={**query, "take": "3", "cursor": first["cursor"]}).body
            assert [item["id"] for item in first["items"] + rest["items"]] == wanted[::-1]
            assert rest["cursor"] == ""


class TestPages:
    def test_miss_and_double_nothing_while_others_come_and_go(self, cloud: Cloud) -> None:
        account = an_account(cloud)
        stays = [account.made("/secret/create", {"name": str(number)}) for number in range(20)]
        goes = [account.made("/secret/create", {}) for _ in range(5)]
        found, cursor = [], ""
        while True:
            query = {"take": "4", **({"cursor": cursor} if cursor else {})}
            page = account.get("/secret/list", query=query).body
            found += [item["id"] for item in page["items"]]
            cursor = page["cursor"]
            if not cursor:
                break
            account.made("/secret/create", {})
            if goes:
                account.post(f"/secret/{goes.pop()}/delete")
        assert [one for one in found if one in stays] == stays[::-1]
        assert len(found) == len(set(found))

    def test_both_names_of_the_size(self, account: Account) -> None:
        for _ in range(3):
            account.made("/file/create")
        for name in ("take", "limit"):
            assert len(account.get("/file/list", query={name: "2"}).body["items"]) == 2
        for odd in ("0", "-3"):
            assert len(account.get("/file/list", query={"take": odd}).body["items"]) == 1
        for odd in ("many", "1e3", "", "9" * 40):
            assert len(account.get("/file/list", query={"take": odd}).body["items"]) >= 3

    def test_orders(self, cloud: Cloud) -> None:
        account = an_account(cloud)
        made = [account.made("/task/create") for _ in range(3)]
        for order, expected in (("asc", made), ("desc", made[::-1]), ("odd", made[::-1])):
            items = account.get("/task/list", query={"order": order}).body["items"]
            assert [item["id"] for item in items] == expected

    @pytest.mark.parametrize("cursor", ["x", "1", "1.", ".a", "1.a/b", "9" * 16 + ".a", "1.a\n", "☃.☃"])
    def test_cursors_of_nobody(self, account: Account, cursor: str) -> None:
        assert account.get("/bot/list", query={"cursor": cursor}).code == "BAD_REQUEST"

    def test_an_empty_list_has_an_empty_cursor(self, cloud: Cloud) -> None:
        assert an_account(cloud).get("/bot/list").body == {"items": [], "cursor": ""}


class TestLinks:
    def test_of_abilities_have_two_names(self, account: Account) -> None:
        secret, bot = account.made("/secret/create"), account.made("/bot/create")
        skillset = account.made("/skillset/create")
        ability = account.made(
            f"/skillset/{skillset}/ability/create", {"linkedSecretId": secret, "botId": bot, "instruction": "Go"}
        )
        fetched = account.get(f"/skillset/{skillset}/ability/{ability}/fetch").body
        assert fetched["secretId"] == fetched["linkedSecretId"] == secret
        assert fetched["botId"] == fetched["linkedBotId"] == bot
        assert (fetched["name"], fetched["description"]) == ("", "")

    def test_to_others_lead_nowhere(self, account: Account, stranger: Account) -> None:
        foreign = stranger.made("/dataset/create")
        assert account.post("/bot/create", {"datasetId": foreign}).status == 404
        assert account.get(f"/dataset/{foreign}/record/list").status == 404
        assert account.post(f"/dataset/{foreign}/record/create", {"text": "x"}).status == 404

    def test_to_what_was_deleted_may_stay(self, account: Account) -> None:
        dataset = account.made("/dataset/create")
        bot = account.made("/bot/create", {"datasetId": dataset})
        account.post(f"/dataset/{dataset}/delete")
        assert account.post(f"/bot/{bot}/update", {"name": "Still here"}).status == 200
        assert account.post(f"/bot/{bot}/update", {"datasetId": None}).status == 200
        assert "datasetId" not in account.get(f"/bot/{bot}/fetch").body

    def test_a_dataset_takes_its_records_and_attachments_with_it(self, account: Account) -> None:
        dataset, file = account.made("/dataset/create"), account.made("/file/create")
        account.made(f"/dataset/{dataset}/record/create", {"text": "Tea."})
        assert account.post(f"/dataset/{dataset}/file/{file}/attach", {"type": "source"}).status == 200
        account.post(f"/dataset/{dataset}/delete")
        assert account.get(f"/dataset/{dataset}/record/list").status == 404
        assert account.get(f"/dataset/{dataset}/file/list").status == 404

    def test_a_skillset_takes_its_abilities_with_it(self, account: Account) -> None:
        skillset = account.made("/skillset/create")
        account.made(f"/skillset/{skillset}/ability/create")
        account.post(f"/skillset/{skillset}/delete")
        assert account.get(f"/skillset/{skillset}/ability/list").status == 404
        assert account.post(f"/skillset/{skillset}/ability/create", {}).status == 404


def test_a_resource_that_is_too_large_is_refused(account: Account) -> None:
    told = account.post("/bot/create", {"backstory": "x" * 400_000})
    assert (told.status, told.code) == (413, "CONTENT_TOO_LARGE")
    assert account.post("/bot/create", {"backstory": "☃" * 45_000}).status == 200
