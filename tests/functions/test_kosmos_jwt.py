"""Who a token belongs to; and whose sessions end when it does not hold."""

import json
from typing import Any

import pytest

from parlance.identity.login_sessions import LoginSession
from tests.functions.cloud import Cloud, Reply
from tests.functions.kosmos import Identity, Party, call, error_of

SPOILED = ["", "x", "a.b.c", "x" * 9000, "ü", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."]


def verify(identity: Identity, token: object, *, sealed: bool = False, party: Party | None = None) -> Reply:
    party = party or identity.party()
    data: object = {"token": token}
    return call(
        "POST", "/jwt/verifyToken", headers=party.headers(), body={"data": party.seal(data) if sealed else data}
    )


def invalid(reply: Reply) -> bool:
    return reply.status == 401 and error_of(reply)["message"] == "Invalid token"


def test_a_good_token_is_told_whose_it_is(identity: Identity) -> None:
    account, session, token = identity.signed_in(username="ann", community_id="readers")
    reply = verify(identity, token)
    assert reply.status == 200
    assert set(reply.body) == {"data", "publicKey"}
    assert reply.body["data"]["status"] == 200
    assert json.loads(reply.body["data"]["data"]) == {
        "user": {"id": account.id, "username": "ann", "status": "active"},
        "tenant": {"id": identity.tenant_id},
        "community": {"id": "readers"},
        "permissions": ["chatbot"],
    }
    assert identity.lives(session)


def test_what_came_sealed_is_answered_sealed(identity: Identity) -> None:
    account, _, token = identity.signed_in()
    party = identity.party()
    reply = verify(identity, token, sealed=True, party=party)
    assert account.id not in reply.text
    opened = party.open(reply.body)
    assert opened["status"] == 200
    assert json.loads(opened["data"])["user"]["id"] == account.id


@pytest.mark.parametrize("sealed", [False, True])
def test_a_failure_ends_every_session_of_the_user_and_of_nobody_else(identity: Identity, *, sealed: bool) -> None:
    account, first, _ = identity.signed_in()
    second, (_, others, _) = identity.session(account), identity.signed_in()
    assert invalid(verify(identity, identity.token(account, first, expires_in_ms=-120_000), sealed=sealed))
    assert not identity.lives(first)
    assert not identity.lives(second)
    assert identity.lives(others)


def test_a_token_whose_session_was_ended(identity: Identity) -> None:
    account, session, token = identity.signed_in()
    identity.sessions.destroy_all(identity.tenant_id, account.id)
    assert invalid(verify(identity, token))
    assert not identity.lives(session)


def test_a_disabled_user(identity: Identity) -> None:
    account, _, token = identity.signed_in()
    identity.accounts.disable(identity.tenant_id, account.id)
    assert invalid(verify(identity, token))


def test_a_user_who_may_not_use_the_chatbot(identity: Identity) -> None:
    _, session, token = identity.signed_in(permissions=["reports"])
    assert invalid(verify(identity, token))
    assert not identity.lives(session)


def _forged(token: str, part: int) -> str:
    parts = token.split(".")
    parts[part] = parts[part][:-2] + ("AA" if not parts[part].endswith("AA") else "BB")
    return ".".join(parts)


def test_a_forged_token_ends_nothing(identity: Identity) -> None:
    _, session, token = identity.signed_in()
    head, claims, _ = token.split(".")
    for forged in (_forged(token, 2), f"{head}.{claims}.", f"eyJhbGciOiJub25lIn0.{claims}.", f"{head}.{claims}.AAAA"):
        assert invalid(verify(identity, forged))
    assert identity.lives(session)


def test_a_foreign_token_ends_nothing(identity: Identity, cloud: Cloud) -> None:
    """Another tenant's issuer signs for the same user id, and in this tenant's name."""
    account, session, _ = identity.signed_in()
    stranger = Identity(cloud)
    theirs = stranger.account(account_id=account.id)
    their_session = stranger.session(theirs)
    for subject, of in ((theirs, their_session), (theirs, session)):
        token = stranger.token(subject, of, expires_in_ms=-120_000)
        assert invalid(verify(identity, token))
        assert identity.lives(session)
    pretended = LoginSession(identity.tenant_id, account.id, session.id, 0, 0, session.expires_at)
    token = stranger.token(account, pretended)
    assert invalid(verify(identity, token))
    assert identity.lives(session)


@pytest.mark.parametrize("token", SPOILED[1:], ids=range(len(SPOILED) - 1))
def test_what_is_no_token_is_invalid(identity: Identity, token: str) -> None:
    assert invalid(verify(identity, token))


@pytest.mark.parametrize(
    "body",
    [{}, {"data": None}, {"data": []}, {"data": 5}, {"data": {}}, {"data": {"token": None}}, {"data": {"token": ""}},
     {"data": {"token": 5}}, {"data": {"token": ["x"]}}, {"data": ""}, {"data": "x"}, {"data": "A" * 88}],
    ids=str,
)  # fmt: skip
def test_a_body_without_a_token_is_a_bad_request(identity: Identity, body: dict[str, Any]) -> None:
    reply = call("POST", "/jwt/verifyToken", headers=identity.party().headers(), body=body)
    assert reply.status == 400
    assert error_of(reply)["error"] == "Bad Request"


@pytest.mark.parametrize("inside", ["", "x", "[]", "null", '{"token": 5}', "[" * 3000, '{"token": "\\ud800"}'])
def test_an_envelope_without_a_token_is_a_bad_request(identity: Identity, inside: str) -> None:
    party = identity.party()
    reply = call("POST", "/jwt/verifyToken", headers=party.headers(), body={"data": party.seal(inside)})
    assert reply.status == 400
    error_of(reply)


@pytest.mark.parametrize("raw", ["", "x", "[]", "{", "\ud800", '{"data": NaN}', "[" * 5000])
def test_a_body_that_is_no_object_is_a_bad_request(identity: Identity, raw: str) -> None:
    reply = call("POST", "/jwt/verifyToken", headers=identity.party().headers(), raw_body=raw)
    assert reply.status == 400
    error_of(reply)


def test_a_body_that_is_too_large(identity: Identity) -> None:
    body = {"data": {"token": "x" * 1_100_000}}
    reply = call("POST", "/jwt/verifyToken", headers=identity.party().headers(), body=body)
    assert reply.status == 413
    assert error_of(reply)["error"] == "Payload Too Large"


def test_an_envelope_of_somebody_else_is_a_bad_request(identity: Identity) -> None:
    _, session, token = identity.signed_in()
    sealed = identity.party().seal({"token": token})
    reply = call("POST", "/jwt/verifyToken", headers=identity.party().headers(), body={"data": sealed})
    assert reply.status == 400
    assert identity.lives(session)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods(identity: Identity, method: str) -> None:
    reply = call(method, "/jwt/verifyToken", headers=identity.party().headers())
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


def test_another_path_of_the_group(identity: Identity) -> None:
    reply = call("POST", "/jwt/other", headers=identity.party().headers(), body={})
    assert reply.status == 404
    error_of(reply)
