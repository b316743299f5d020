"""Whom every described operation of the platform dialect lets in."""

import pytest

from tests.functions.cloud import Cloud
from tests.functions.platform import Account, an_account
from tests.functions.platform_things import DOCUMENT, LISTENS, Things, body_for

ALL = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if operation["tags"][0].startswith("Platform")
]
NAMED = [one for one in ALL if "Id}" in one[1] and "{channelId}" not in one[1]]
"""Those that name something. A channel is anybody's who names it, each account's its own."""


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return an_account(cloud)


@pytest.fixture(scope="module")
def things(account: Account) -> Things:
    return Things(account)


def test_every_operation_needs_credentials(account: Account, things: Things) -> None:
    for method, path, operation in ALL:
        told = account.call(method, path.format(**things.ids(path)), body_for(operation), token=None)
        assert (told.status, told.code) == (401, "NOT_AUTHENTICATED"), path


def test_what_is_one_accounts_is_not_anothers(cloud: Cloud, account: Account, things: Things) -> None:
    stranger = an_account(cloud)
    for method, path, operation in NAMED:
        told = stranger.call(method, path.format(**things.ids(path)), body_for(operation))
        assert told.status in {403, 404}, (path, told.status, told.text)
        assert told.code in {"NOT_FOUND", "NOT_AUTHORIZED"}


def test_a_session_reaches_what_is_described_and_no_more(account: Account, things: Things) -> None:
    things.forget()
    conversation = things.ids("/conversation/{conversationId}")["conversationId"]
    token = account.post(f"/conversation/{conversation}/session/create").body["token"]
    for method, path, operation in ALL:
        if path == LISTENS:
            continue
        told = account.call(method, path.format(**things.ids(path)), body_for(operation), token=token)
        allowed = {"PlatformSession": []} in operation["security"]
        assert (told.status != 403) == allowed, (path, told.status)
