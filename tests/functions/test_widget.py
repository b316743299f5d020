"""The widget dialect through its functions' own entry points."""

import re
from dataclasses import dataclass
from uuid import uuid4

import pytest

from parlance.identity.web_keys import WidgetLimits
from parlance.widget.sessions import public_turn_id
from tests.functions.cloud import Cloud, House

PAGE = {"Origin": "https://shop.example"}
WIDE = WidgetLimits(per_minute=100_000, address_per_minute=100_000)


@dataclass(frozen=True)
class Page:
    house: House
    key: str
    key_id: str
    admin_key: str


@pytest.fixture(scope="module")
def page(cloud: Cloud) -> Page:
    house = cloud.house()
    issued = cloud.widget_keys.create(
        house.tenant_id, "Shop", agent_id="default", origins=[PAGE["Origin"]], limits=WIDE
    )
    admin = cloud.admin_keys.create(house.tenant_id, "support")
    return Page(house, issued.secret, issued.key.id, admin.secret)


@pytest.fixture
def session() -> str:
    return uuid4().hex


def test_a_reply_a_stream_and_the_operators_view(cloud: Cloud, page: Page, session: str) -> None:
    body = {"sessionId": session, "message": "Hello?"}
    reply = cloud.widget("POST", "/v1/chat", key=page.key, body=body, headers=PAGE)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == PAGE["Origin"]
    streamed = cloud.widget("POST", "/v1/chat/stream", key=page.key, body=body, headers=PAGE)
    assert streamed.lines[0]["conversationId"] == reply.body["conversationId"]
    assert streamed.lines[-1]["message"] == "".join(line["token"] for line in streamed.lines[1:-1])
    stored = cloud.widget("GET", f"/v1/chat/{streamed.lines[0]['turnId']}", key=page.key)
    assert stored.lines[-1] == streamed.lines[-1]

    path = "/v1/admin/conversations"
    (listed,) = cloud.widget("GET", path, key=page.admin_key, query={"limit": "1"}).body["conversations"]
    assert (listed["conversationId"], listed["messageCount"]) == (reply.body["conversationId"], 4)
    found = cloud.widget("GET", f"{path}/{listed['conversationId']}", key=page.admin_key).body
    assert [one["role"] for one in found["messages"]] == ["user", "assistant"] * 2
    assert found["hasMore"] is False
    first = cloud.widget("GET", f"{path}/{listed['conversationId']}", key=page.admin_key, query={"limit": "1"}).body
    assert ([one["content"] for one in first["messages"]], first["hasMore"]) == (["Hello?"], True)
    # The visitor is nobody whom the chats dialect knows by the session.
    assert cloud.rest("GET", f"/api/v1/chats/user/{session}", key=page.house.key).status == 404
    assert cloud.rest("GET", f"/api/v1/chats/{listed['conversationId']}", key=page.house.key).status == 200


def test_a_stop_needs_the_key_and_the_session_of_the_turn(cloud: Cloud, page: Page, session: str) -> None:
    body = {"sessionId": session, "message": "Hello?"}
    turn = cloud.widget("POST", "/v1/chat/stream", key=page.key, body=body).lines[0]["turnId"]
    path = f"/v1/chat/{turn}/stop"
    assert cloud.widget("POST", path, key=page.key, headers=PAGE).status == 204
    assert cloud.widget("POST", path, key=page.key, body={"sessionId": session}).status == 204
    assert cloud.widget("POST", path, key=page.key, body={"sessionId": "other"}).status == 404
    assert cloud.widget("POST", path, key=page.key, body={"sessionId": "/"}).status == 400
    other = cloud.widget_keys.create(page.house.tenant_id, "B", agent_id="default", origins=[], limits=WIDE).secret
    for key, place in ((other, path), (page.key, path.replace("turn_", "turn_0")), (page.key, "/v1/chat/x/stop")):
        refused = cloud.widget("POST", place, key=key)
        assert (refused.status, refused.body) == (404, {"error": "Not found"})


def test_a_stop_before_the_reply_wakes_who_ends_the_turn(cloud: Cloud, page: Page, session: str) -> None:
    body = {"sessionId": session}
    made = cloud.widget("POST", "/v1/chat/ticket", key=page.key, body=body, headers=PAGE).body
    connection_id, _ = cloud.connect(query={"ticket": made["ticket"]})
    turn_id = public_turn_id(made["conversationId"], cloud.begun(connection_id, page.house, made["conversationId"]))
    assert cloud.widget("POST", f"/v1/chat/{turn_id}/stop", key=page.key, body=body).status == 204
    cloud.work()
    (ended,) = [one for one in cloud.gateway.frames[connection_id] if one["event_type"] == "message_stream_ended"]
    assert ended["metadata"]["stopped"] is True


def test_a_ticket_opens_the_websocket_once(cloud: Cloud, page: Page, session: str) -> None:
    headers = PAGE | {"Idempotency-Key": session}
    first, again = (
        cloud.widget("POST", "/v1/chat/ticket", key=page.key, body={"sessionId": session}, headers=headers).body
        for _ in range(2)
    )
    assert first == again
    assert set(first) == {"ticket", "expiresAt", "conversationId"}
    connection_id, answer = cloud.connect(query={"ticket": first["ticket"]})
    assert answer == {"statusCode": 200}
    cloud.send(connection_id, {"content": "Hello?"})
    assert "message_received" in cloud.gateway.events(connection_id)
    assert cloud.connect(query={"ticket": first["ticket"]})[1]["statusCode"] == 401
    _, refused = cloud.connect(query={"api_key": page.key, "user_id": "x", "chat_id": first["conversationId"]})
    assert refused["statusCode"] == 401
    bad = cloud.widget("POST", "/v1/chat/ticket", key=page.key, body={"sessionId": ""}, headers=PAGE)
    assert (bad.status, bad.body) == (400, {"error": "Invalid request payload"})


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/chat/stream", "/v1/chat/ticket", "/v1/chat/x/stop"])
def test_who_is_refused(cloud: Cloud, page: Page, path: str) -> None:
    body = {"sessionId": "s", "message": "Hello?"}
    unknown = cloud.widget("POST", path, key="wk_" + "A" * 43, body=body, headers=PAGE)
    assert (unknown.status, unknown.body) == (401, {"error": "Unauthorized"})
    assert cloud.widget("POST", path, key=page.house.key, body=body).status == 401
    assert cloud.widget("POST", path, key=page.admin_key, body=body).status == 401
    elsewhere = cloud.widget("POST", path, key=page.key, body=body, headers={"Origin": "https://evil.example"})
    assert (elsewhere.status, elsewhere.body) == (403, {"error": "Origin not allowed"})
    assert elsewhere.headers["access-control-allow-origin"] == "https://evil.example"


@pytest.mark.parametrize("path", ["/v1/chat", "/v1/chat/stream", "/v1/chat/ticket", "/v1/chat/x.y/stop"])
def test_a_preflight_is_answered_without_a_key(cloud: Cloud, path: str) -> None:
    asked = PAGE | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    answer = cloud.widget("OPTIONS", path, headers=asked)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]
    assert answer.headers["access-control-allow-headers"] == "x-api-key"


def test_limits_are_the_keys_and_the_addresss(cloud: Cloud, page: Page) -> None:
    limits = WidgetLimits(per_minute=2, address_per_minute=100)
    key = cloud.widget_keys.create(page.house.tenant_id, "S", agent_id="default", origins=[], limits=limits).secret
    answers = [cloud.widget("GET", "/v1/chat/stream/s/stream", key=key) for _ in range(3)]
    assert [one.status for one in answers] == [204, 204, 429]
    assert answers[2].body == {"error": "Too many requests"}
    assert re.fullmatch(r'"widget";r=0;t=\d+', answers[2].headers["ratelimit"])
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"limit": "²"}, {"limit": ""}])
def test_the_operators_list_has_bounds(cloud: Cloud, page: Page, query: dict[str, str]) -> None:
    assert cloud.widget("GET", "/v1/admin/conversations", key=page.admin_key, query=query).status == 400


def test_operators_reach_their_own_tenant_only(cloud: Cloud, page: Page, session: str) -> None:
    body = {"sessionId": session, "message": "Hello?"}
    chat_id = cloud.widget("POST", "/v1/chat", key=page.key, body=body).body["conversationId"]
    stranger = cloud.admin_keys.create(cloud.house().tenant_id, "x").secret
    assert cloud.widget("GET", "/v1/admin/conversations", key=stranger).body == {"conversations": []}
    for key, one in ((stranger, chat_id), (page.admin_key, "x" * 4000), (page.admin_key, cloud.chat(page.house))):
        assert cloud.widget("GET", f"/v1/admin/conversations/{one}", key=key).status == 404
    assert cloud.widget("GET", "/v1/admin/conversations", key=page.key).status == 401
    assert cloud.widget("POST", "/v1/admin/conversations", key=page.admin_key).status == 405
    assert cloud.widget("GET", "/v1/admin/other", key=page.admin_key).status in {401, 404}
