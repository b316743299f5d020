"""Keys over a tenant's own routes: what a key that was made there opens, and what it does not."""

from typing import Any

import pytest

from parlance.chats.models import TITLE_MAX
from reference.tenant_answers import Key, KeyList, NewKeyMade, NewWidgetKeyMade, WidgetKeyList, WidgetKeyShown
from tests.functions.cloud import Cloud, House
from tests.functions.platform import Account

PAGE = {"name": "Shop", "origins": ["https://shop.example"]}


@pytest.fixture
def house(cloud: Cloud) -> House:
    return cloud.house()


def make(cloud: Cloud, house: House, path: str, body: dict[str, Any]) -> Any:
    reply = cloud.tenant("POST", path, key=house.key, body=body)
    assert reply.status == 201, reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.body


class TestKeysOfBackends:
    def test_one_is_made_used_and_revoked(self, cloud: Cloud, house: House) -> None:
        made = NewKeyMade.model_validate(make(cloud, house, "/keys", {"name": "ci"}))
        assert (made.kind, made.hint, made.current) == ("chats", made.key[-4:], False)
        assert cloud.tenant("GET", "/keys", key=made.key).status == 200
        revoked = Key.model_validate(cloud.tenant("DELETE", f"/keys/{made.id}", key=house.key).body)
        assert revoked.revoked_at is not None
        listed = cloud.tenant("GET", "/keys", key=house.key)
        shown = {one.id: one for one in KeyList.model_validate(listed.body).keys}
        assert shown[made.id] == revoked
        assert [one.current for one in shown.values()].count(True) == 1
        assert made.key not in listed.text
        assert cloud.tenant("DELETE", f"/keys/{made.id}", key=house.key).body == revoked.model_dump()

    def test_one_for_the_platform_dialect_opens_that_and_nothing_here(self, cloud: Cloud, house: House) -> None:
        made = make(cloud, house, "/keys", {"name": "sdk", "kind": "platform"})
        assert made["kind"] == "platform"
        assert Account(cloud, house.tenant_id, made["key"]).get("/bot/list").status == 200
        assert cloud.tenant("GET", "/keys", key=made["key"]).status == 401

    def test_none_revokes_itself(self, cloud: Cloud, house: House) -> None:
        refused = cloud.tenant("DELETE", f"/keys/{house.key_id}", key=house.key)
        assert (refused.status, refused.error["code"]) == (409, "CONFLICT")
        assert cloud.tenant("GET", "/keys", key=house.key).status == 200

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": ""},
            {"name": 7},
            {"name": "x" * (TITLE_MAX + 1)},
            {"name": "a\nb"},
            {"name": "x", "kind": "admin"},
            {"name": "x", "tenant_id": "another"},
        ],
    )
    def test_what_cannot_be_made(self, cloud: Cloud, house: House, body: dict[str, Any]) -> None:
        assert cloud.tenant("POST", "/keys", key=house.key, body=body).status == 400


class TestKeysOfPages:
    def test_one_is_made_used_and_revoked(self, cloud: Cloud, house: House) -> None:
        made = NewWidgetKeyMade.model_validate(make(cloud, house, "/widget-keys", PAGE | {"per_minute": 9}))
        assert (made.agent_id, made.origins, made.per_minute) == ("default", PAGE["origins"], 9)
        body = {"sessionId": "s", "message": "Hello?"}
        here, elsewhere = (
            cloud.widget("POST", "/v1/chat", key=made.key, body=body, headers={"Origin": origin}).status
            for origin in ("https://shop.example", "https://evil.example")
        )
        assert (here, elsewhere) == (200, 403)
        revoked = cloud.tenant("DELETE", f"/widget-keys/{made.id}", key=house.key)
        assert WidgetKeyShown.model_validate(revoked.body).revoked_at is not None
        listed = cloud.tenant("GET", "/widget-keys", key=house.key)
        assert [one.id for one in WidgetKeyList.model_validate(listed.body).keys] == [made.id]
        assert made.key not in listed.text

    @pytest.mark.parametrize(
        "changed",
        [
            {"origins": []},
            {"origins": ["shop.example"]},
            {"origins": ["https://shop.example/page"]},
            {"origins": ["*"]},
            {"origins": "https://shop.example"},
            {"origins": ["https://shop.example"] * 51},
            {"per_minute": 0},
            {"address_per_minute": 1.5},
            {"name": " " * 201},
        ],
    )
    def test_what_cannot_be_made(self, cloud: Cloud, house: House, changed: dict[str, Any]) -> None:
        reply = cloud.tenant("POST", "/widget-keys", key=house.key, body=PAGE | changed)
        assert (reply.status, reply.error["code"]) == (400, "INVALID_PARAMETER")

    def test_an_agent_must_be_there(self, cloud: Cloud, house: House) -> None:
        reply = cloud.tenant("POST", "/widget-keys", key=house.key, body=PAGE | {"agent_id": "nobody"})
        assert (reply.status, reply.error["code"]) == (404, "AGENT_NOT_FOUND")


@pytest.mark.parametrize("path", ["/keys", "/widget-keys"])
class TestBoth:
    def test_reach_no_other_tenant(self, cloud: Cloud, house: House, path: str) -> None:
        made = make(cloud, house, path, PAGE if path == "/widget-keys" else {"name": "x"})
        stranger = cloud.house()
        assert made["id"] not in cloud.tenant("GET", path, key=stranger.key).text
        refused = cloud.tenant("DELETE", f"{path}/{made['id']}", key=stranger.key)
        assert (refused.status, refused.error["code"]) == (404, "KEY_NOT_FOUND")

    @pytest.mark.parametrize("key_id", ["x" * 2000, "key_0", "key%230", "a%2Fb", "%20"])
    def test_that_are_not_there(self, cloud: Cloud, house: House, path: str, key_id: str) -> None:
        assert cloud.tenant("DELETE", f"{path}/{key_id}", key=house.key).status == 404

    @pytest.mark.parametrize("key", [None, "pk_wrong"])
    def test_need_a_key(self, cloud: Cloud, path: str, key: str | None) -> None:
        assert cloud.tenant("GET", path, key=key).status == 401
        assert cloud.tenant("POST", path, key=key, body=PAGE).status == 401
