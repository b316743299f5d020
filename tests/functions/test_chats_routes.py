"""Walks the route table: what every route owes its callers."""

from typing import Any, cast

import pytest

from functions.chats.rest import app
from parlance.chats.rest import ChatsRest
from parlance.http.group import Route
from parlance.identity.model import Limits, Principal
from tests.functions.cloud import Cloud, House, Reply

_NONE = cast("Any", None)
ROUTES = ChatsRest(_NONE, _NONE, _NONE, _NONE, clock=_NONE).routes()
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}


def _path(route: Route[Principal], chat_id: str = "chat_x") -> str:
    return route.path.replace("<chat_id>", chat_id).replace("<turn_id>", "turn_x").replace(".+", "alice")


def _call(cloud: Cloud, route: Route[Principal], key: str | None, path: str) -> Reply:
    body = {"user_id": "alice"} if route.method == "POST" else None
    return cloud.rest(route.method, path, key=key, body=body)


@pytest.fixture(scope="module")
def house(cloud: Cloud) -> House:
    return cloud.house()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
class TestEveryRoute:
    @pytest.mark.parametrize("key", [None, "", "pk_x", "pk_" + "A" * 43, "x" * 10_000, "schlüssel", "\x00", "\ud800"])
    def test_refuses_a_caller_without_a_good_key(self, cloud: Cloud, route: Route[Principal], key: str | None) -> None:
        reply = _call(cloud, route, key, _path(route))
        assert (reply.status, reply.error["code"]) == (401, "INVALID_API_KEY")
        assert reply.headers["Content-Type"] == "application/json"
        assert "RateLimit" not in reply.headers

    def test_takes_a_trailing_slash(self, cloud: Cloud, house: House, route: Route[Principal]) -> None:
        plain = _call(cloud, route, house.key, _path(route))
        slashed = _call(cloud, route, house.key, _path(route) + "/")
        assert plain.status == slashed.status

    def test_says_what_is_left_of_the_limit(self, cloud: Cloud, house: House, route: Route[Principal]) -> None:
        headers = _call(cloud, route, house.key, _path(route)).headers
        limit, remaining = headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]
        reset = headers["X-RateLimit-Reset"]
        assert headers["RateLimit-Policy"] == f'"rest";q={limit};w=60'
        assert headers["RateLimit"] == f'"rest";r={remaining};t={reset}'
        assert 1 <= int(reset) <= 60
        assert headers["Content-Type"] == "application/json"

    def test_hides_what_belongs_to_another_tenant(self, cloud: Cloud, house: House, route: Route[Principal]) -> None:
        if "<chat_id>" not in route.path and ".+" not in route.path:
            pytest.skip("names nothing that belongs to anybody")
        chat_id = cloud.chat(house, "alice")
        stranger = cloud.house()
        reply = _call(cloud, route, stranger.key, _path(route, chat_id))
        assert reply.status == 404
        assert reply.error["code"] in {"CHAT_NOT_FOUND", "USER_NOT_FOUND"}
        assert cloud.rest("GET", f"/api/v1/chats/{chat_id}", key=house.key).status == 200

    def test_refuses_other_methods(self, cloud: Cloud, house: House, route: Route[Principal]) -> None:
        others = [other for other in ROUTES if other.path == route.path]
        allowed = {method for other in others for method in (other.method, *other.elsewhere)}
        for method in _METHODS - allowed:
            reply = cloud.rest(method, _path(route), key=house.key)
            assert (reply.status, reply.error["code"]) == (405, "METHOD_NOT_ALLOWED")
            assert set(reply.headers["Allow"].split(", ")) == allowed
            assert "RateLimit" in reply.headers


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/chats/chat_x/nothing", "/api/v1/chats/chat_x/turns", "/api/v1/other", "/api/v1/chats//x/y/z"]
)
def test_an_unknown_path_is_not_found(cloud: Cloud, house: House, path: str) -> None:
    reply = cloud.rest("GET", path, key=house.key)
    assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")
    assert cloud.rest("GET", path).status == 401


@pytest.mark.parametrize("chat_id", ["%00", "a" * 4000, "%E2%98%83", "chat%2Fx", "..", "T%23x%23C"])
def test_a_text_that_is_no_id_is_not_found(cloud: Cloud, house: House, chat_id: str) -> None:
    for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/messages"), ("POST", "/tickets")):
        reply = cloud.rest(method, f"/api/v1/chats/{chat_id}{tail}", key=house.key)
        assert (reply.status, reply.error["code"]) == (404, "CHAT_NOT_FOUND")


def test_messages_are_not_sent_over_this_group_but_it_knows_that_they_can_be(cloud: Cloud, house: House) -> None:
    path = f"/api/v1/chats/{cloud.chat(house)}/messages"
    assert cloud.rest("POST", path, key=house.key, body={"content": "Hi"}).status == 405
    reply = cloud.rest("PUT", path, key=house.key, body={"content": "Hi"})
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, POST")
    assert reply.error["details"] == {"allowed": ["GET", "POST"]}


def test_the_limit_is_kept_and_told(cloud: Cloud) -> None:
    house = cloud.house(limits=Limits(rest_per_minute=3))
    statuses = [cloud.rest("GET", "/api/v1/chats/chat_x", key=house.key).status for _ in range(3)]
    assert statuses == [404] * 3
    refused = cloud.rest("GET", "/api/v1/chats/chat_x", key=house.key)
    assert (refused.status, refused.error["code"]) == (429, "RATE_LIMITED")
    retry_after = int(refused.headers["Retry-After"])
    assert refused.error["details"] == {"retry_after": retry_after}
    assert refused.headers["RateLimit"] == f'"rest";r=0;t={retry_after}'
    assert cloud.rest("GET", "/api/v1/chats/chat_x", key=cloud.house().key).status == 404


def test_a_revoked_key_is_refused_once_it_is_forgotten(cloud: Cloud) -> None:
    house = cloud.house()
    cloud.administration.revoke_key(house.tenant_id, house.key_id)
    assert cloud.rest("GET", "/api/v1/chats/chat_x", key=house.key).status == 401


def test_header_names_come_in_any_case(cloud: Cloud, house: House) -> None:
    for name in ("x-api-key", "X-API-KEY", "X-Api-Key"):
        assert cloud.rest("GET", "/api/v1/chats/chat_x", headers={name: house.key}).status == 404


def test_the_function_is_built_once() -> None:
    assert app.group() is app.group()
