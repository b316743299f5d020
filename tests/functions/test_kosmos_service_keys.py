"""A tenant's service keys: shown and reset, with a `system` license only."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from parlance.kosmos.service_keys import ENVELOPE_TYPE
from tests.functions.cloud import Cloud, Reply
from tests.functions.kosmos import Identity, Party, call, error_of


@pytest.fixture
def own(cloud: Cloud) -> Identity:
    """A tenant of whose keys nobody else makes more."""
    return Identity(cloud)


def listed(identity: Identity, *, party: Party | None = None, **headers: str) -> Reply:
    sent = (party or identity.party()).headers(license=identity.system)
    return call("GET", "/servicekeys", headers=sent | headers)


def reset(identity: Identity, key_id: str, *, party: Party | None = None, **headers: str) -> Reply:
    sent = (party or identity.party()).headers(license=identity.system)
    return call("DELETE", f"/servicekey/{quote(key_id, safe='')}", headers=sent | headers)


def shown(key: Any) -> dict[str, str]:
    return {"tag": key.tag, "keyId": key.key_id, "keySecret": key.secret, "type": key.type}


def opens(key: dict[str, str]) -> bool:
    """Whether a service key lets its holder in."""
    reply = call("POST", "/ecdsa_helper", headers={"keyId": key["keyId"], "keySecret": key["keySecret"]}, body={})
    assert reply.status in {400, 401}
    return reply.status == 400


def test_all_keys_with_their_secrets(own: Identity) -> None:
    made = [own.service_keys.create(own.tenant_id, "ecdsa", "web"), own.service_keys.create(own.tenant_id, "hawk", "")]
    reply = listed(own)
    assert reply.status == 200
    assert sorted(reply.body, key=str) == sorted((shown(key) for key in made), key=str)
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert all(opens(key) for key in reply.body)


def test_a_tenant_without_keys_has_an_empty_list(own: Identity) -> None:
    assert listed(own).body == []


@pytest.mark.parametrize("accept", [ENVELOPE_TYPE, f"text/html, {ENVELOPE_TYPE.upper()};q=0.9"])
def test_the_list_in_an_envelope(own: Identity, accept: str) -> None:
    made, party = own.service_keys.create(own.tenant_id, "ecdsa", "wéb"), own.party()
    reply = listed(own, party=party, Accept=accept)
    assert reply.status == 200
    assert made.secret not in reply.text
    assert party.open(reply.body) == [shown(made)]
    assert reply.headers["Content-Type"] == ENVELOPE_TYPE


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/vnd.parlance.envelope+jsonx", ""])
def test_the_list_is_plain_unless_asked_for_otherwise(own: Identity, accept: str) -> None:
    assert listed(own, Accept=accept).body == []


def test_a_user_license_reaches_no_keys(own: Identity) -> None:
    key = own.service_keys.create(own.tenant_id, "ecdsa", "web")
    for method, path in (("GET", "/servicekeys"), ("DELETE", f"/servicekey/{quote(key.key_id, safe='')}")):
        reply = call(method, path, headers=own.party().headers(license=own.user))
        assert reply.status == 403
        assert error_of(reply)["error"] == "Forbidden"
    assert opens(shown(key))


def test_a_reset_key_is_another_key_at_once(own: Identity) -> None:
    old = shown(own.service_keys.create(own.tenant_id, "hawk", "web"))
    reply = reset(own, old["keyId"])
    assert reply.status == 200
    (new,) = reply.body
    assert (new["tag"], new["type"]) == ("web", "hawk")
    assert new["keyId"] != old["keyId"]
    assert new["keySecret"] != old["keySecret"]
    assert opens(new)
    assert not opens(old)
    assert not opens(old | {"keySecret": new["keySecret"]})
    assert listed(own).body == [new]
    assert reset(own, old["keyId"]).status == 404


def test_a_reset_is_answered_in_an_envelope_on_request(own: Identity) -> None:
    old, party = own.service_keys.create(own.tenant_id, "ecdsa", "web"), own.party()
    reply = reset(own, old.key_id, party=party, Accept=ENVELOPE_TYPE)
    (new,) = party.open(reply.body)
    assert opens(new)


def test_ids_with_slashes_are_found_however_they_are_written(own: Identity) -> None:
    while True:
        key = own.service_keys.create(own.tenant_id, "ecdsa", "web")
        if "/" in key.key_id.strip("/") and "+" in key.key_id:
            break
    reply = reset(own, key.key_id)
    assert reply.status == 200
    while True:
        key = own.service_keys.create(own.tenant_id, "ecdsa", "web")
        if "/" in key.key_id.strip("/") and not key.key_id.startswith("/"):
            break
    headers = own.party().headers(license=own.system)
    assert call("DELETE", f"/servicekey/{key.key_id}", headers=headers).status == 200


@pytest.mark.parametrize("key_id", ["unknown", "x" * 2000, "%00", "ü", "\x00", "a#b", "..", "a%2Fb", "%ff"])
def test_an_unknown_key_is_not_found(own: Identity, key_id: str) -> None:
    reply = reset(own, key_id)
    assert reply.status == 404
    assert error_of(reply)["message"] == "Service key not found"


def test_a_path_that_is_not_utf8_is_a_bad_request(own: Identity) -> None:
    reply = call("DELETE", "/servicekey/%ff", headers=own.party().headers(license=own.system))
    assert reply.status == 400
    assert error_of(reply)["error"] == "Bad Request"


def test_another_tenants_key_is_not_found_and_not_shown(own: Identity, cloud: Cloud) -> None:
    theirs = Identity(cloud)
    key = theirs.service_keys.create(theirs.tenant_id, "ecdsa", "web")
    assert reset(own, key.key_id).status == 404
    assert listed(own).body == []
    assert opens(shown(key))


def test_twenty_resets_at_once_leave_one_key(own: Identity) -> None:
    old = own.service_keys.create(own.tenant_id, "ecdsa", "web")
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: reset(own, old.key_id), range(20)))
    (made,) = [reply.body[0] for reply in replies if reply.status == 200]
    assert sorted(reply.status for reply in replies) == [200] + [404] * 19
    assert listed(own).body == [made]
    assert opens(made)
    assert not opens(shown(old))


@pytest.mark.parametrize(("path", "allowed"), [("/servicekeys", "GET"), ("/servicekey/x", "DELETE")])
def test_other_methods(own: Identity, path: str, allowed: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {allowed}:
        reply = call(method, path, headers=own.party().headers(license=own.system))
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)
        error_of(reply)
