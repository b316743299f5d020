"""Talking with a bot that is public, without a key."""

from uuid import uuid4

import pytest

from parlance.platform.public_gate import SESSIONS_PER_MINUTE
from tests.functions import events
from tests.functions.platform import Account, Told, module


def opened(account: Account, bot: str, body: object = None, *, address: str = "") -> Told:
    """A stranger's call; each is from another address unless one is named."""
    event = events.rest("POST", f"/api/v1/bot/{bot}/session/create", body=body or {}, headers={})
    event["requestContext"]["identity"]["sourceIp"] = address or str(uuid4())
    answer = module("bot").handler(event, events.Context())
    headers = {name.title(): values[0] for name, values in answer["multiValueHeaders"].items()}
    return Told(answer["statusCode"], headers, answer["body"])


def test_a_stranger_talks_with_a_public_bot(account: Account) -> None:
    bot = account.made("/bot/create", {"name": "Guide", "visibility": "public"})
    told = opened(account, bot, {"messages": [{"type": "user", "text": "Hi"}]})
    assert told.status == 200
    assert told.headers["Access-Control-Allow-Origin"] == "*"
    path = f"/conversation/{told.body['conversationId']}/complete"
    assert account.post(path, {"text": "Hello"}, token=told.body["token"]).body["text"]
    assert account.get(f"/bot/{bot}/fetch", token=told.body["token"]).code == "NOT_AUTHORIZED"


@pytest.mark.parametrize("visibility", [None, "private", "protected"])
def test_with_no_other_bot(account: Account, visibility: str | None) -> None:
    bot = account.made("/bot/create", {"visibility": visibility} if visibility else {})
    assert opened(account, bot).code == "NOT_AUTHENTICATED"
    for odd in ("bot_none", "@alias", "%00", "☃"):
        assert opened(account, odd).code == "NOT_AUTHENTICATED"


def test_as_long_as_it_is_public(account: Account) -> None:
    bot = account.made("/bot/create", {})
    account.made(f"/bot/{bot}/update", {"visibility": "public"})
    assert opened(account, bot).status == 200
    account.made(f"/bot/{bot}/update", {"visibility": "private"})
    assert opened(account, bot).code == "NOT_AUTHENTICATED"
    account.made(f"/bot/{bot}/update", {"visibility": "public"})
    account.made(f"/bot/{bot}/delete")
    assert opened(account, bot).code == "NOT_AUTHENTICATED"


def test_ids_that_somebody_has_chosen_are_nobodys(account: Account) -> None:
    """Two accounts may have an agent of the same id, so it cannot say whose it is."""
    own = account.made("/bot/create", {})
    account.cloud.agent(account.tenant_id, "guide")
    account.made("/bot/guide/update", {"visibility": "public"})
    assert account.get("/bot/guide/fetch").body["visibility"] == "public"
    assert opened(account, "guide").code == "NOT_AUTHENTICATED"
    assert opened(account, own).code == "NOT_AUTHENTICATED"


@pytest.mark.parametrize("contact", ["contact_1", {"fingerprint": "somebody"}])
def test_nobody_says_whose_contact_they_are(account: Account, contact: object) -> None:
    bot = account.made("/bot/create", {"visibility": "public"})
    account.made("/contact/create", {"fingerprint": "somebody", "name": "Ada"})
    assert opened(account, bot, {"contact": contact}).code == "BAD_REQUEST"
    (known,) = account.get("/contact/list").body["items"]
    assert known["name"] == "Ada"


def test_an_address_opens_some_a_minute(account: Account) -> None:
    bot, address = account.made("/bot/create", {"visibility": "public"}), str(uuid4())
    for _ in range(SESSIONS_PER_MINUTE):
        assert opened(account, bot, address=address).status == 200
    told = opened(account, bot, address=address)
    assert (told.status, told.code) == (429, "TOO_MANY_REQUESTS")
    assert opened(account, bot).status == 200
    assert account.post(f"/bot/{bot}/session/create").status == 200


def test_a_wrong_key_is_no_stranger(account: Account) -> None:
    bot = account.made("/bot/create", {"visibility": "public"})
    assert account.post(f"/bot/{bot}/session/create", token="sk-wrong").code == "NOT_AUTHENTICATED"
