"""Handshakes: where credentials may stand, and what is left behind when one fails."""

import json

import pytest

from parlance.chats.handshake import Credentials, credentials_of
from parlance.errors import UnavailableError
from tests.unit.chats.bench import CHAT, Bench


def test_the_query_goes_before_headers() -> None:
    shown = credentials_of(
        {
            "headers": {"X-Api-Key": "header", "x-USER-id": "bob", "X-CHAT-ID": "chat_h"},
            "queryStringParameters": {"api_key": "query", "chat_id": ""},
        }
    )
    assert shown == Credentials(None, "query", "bob", "chat_h")


def test_an_event_without_headers_or_query_shows_nothing() -> None:
    assert credentials_of({"headers": None}) == Credentials(None, None, None, None)


def test_credentials_are_not_printed() -> None:
    assert "secret" not in repr(Credentials("secret", "secret", "alice", CHAT))


def test_a_connection_that_cannot_be_greeted_is_refused_and_leaves_nothing() -> None:
    bench = Bench()
    bench.faults.fail_before("greet", UnavailableError("down"))
    query = {"api_key": bench.issued.secret, "user_id": "alice", "chat_id": CHAT}
    answer = bench.call("$connect", "d", queryStringParameters=query)
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["error"]["code"] == "UNAVAILABLE"
    assert bench.store.connection("d") is None
    assert [slot.connection_id for slot in bench.store.slots(bench.tenant_id)] == ["c"]


def test_an_unforeseen_failure_is_a_500_without_its_words() -> None:
    bench = Bench()
    bench.faults.fail_before("slots", RuntimeError("a secret"))
    query = {"api_key": bench.issued.secret, "user_id": "alice", "chat_id": CHAT}
    answer = bench.call("$connect", "d", queryStringParameters=query)
    assert answer["statusCode"] == 500
    assert "a secret" not in answer["body"]


@pytest.mark.parametrize("first", [True, False])
def test_the_greeting_says_whether_the_user_is_new(first: bool) -> None:
    bench = Bench()
    if not first:
        bench.connect("d")
    greeting = bench.greetings.asked[-1]
    assert greeting.first_ever is first
    assert (greeting.tenant_id, greeting.user_id, greeting.chat_id) == (bench.tenant_id, "alice", CHAT)
