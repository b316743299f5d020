"""Request ids: good once, near their time, for whoever sealed them. Whatever is wrong, the refusal is the same."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.encoding import decode, encode
from parlance.ecdsa.keys import PrivateKey, PublicKey
from tests.functions.cloud import Cloud, Reply
from tests.functions.kosmos import SPAN, Identity, Party, call, error_of

_PRIME = 2**256 - 2**32 - 977
_SPKI = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a03420004")


@dataclass(frozen=True)
class Endpoint:
    """One that asks for a request id, and the status that a good request to it gets."""

    method: str
    path: str
    licensed: bool
    passes: int

    def call(self, identity: Identity, party: Party, **changed: str | None) -> Reply:
        headers = party.headers(license=identity.system if self.licensed else None)
        return self.send({name: value for name, value in (headers | changed).items() if value is not None})

    def send(self, headers: dict[str, str]) -> Reply:
        body = {"data": {"token": "no.token.atall"}} if self.method == "POST" else None
        return call(self.method, self.path, headers=headers, body=body)


SERVICE_KEYS = Endpoint("GET", "/servicekeys", licensed=True, passes=200)
RESET = Endpoint("DELETE", "/servicekey/unknown", licensed=True, passes=404)
VERIFY = Endpoint("POST", "/jwt/verifyToken", licensed=False, passes=401)
ENDPOINTS = [SERVICE_KEYS, RESET, VERIFY]
_WORDS = "The request could not be authenticated."


def refused(reply: Reply) -> bool:
    """Whether the gate refused. (The token that is sent here is refused behind it, in other words.)"""
    return reply.status == 401 and error_of(reply)["message"] == _WORDS


@pytest.fixture(params=ENDPOINTS, ids=lambda endpoint: endpoint.path)
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    found: Endpoint = request.param
    return found


def test_a_good_request_passes_once(identity: Identity, endpoint: Endpoint) -> None:
    party = identity.party()
    headers = party.headers(license=identity.system)
    first = endpoint.send(headers)
    assert first.status == endpoint.passes
    assert not refused(first)
    assert refused(endpoint.send(headers))


def test_the_three_failures_are_the_same_to_the_byte(identity: Identity, endpoint: Endpoint) -> None:
    party = identity.party()
    spent = party.request_id()
    endpoint.call(identity, party, requestid=spent)
    replies = [
        endpoint.call(identity, party, requestid=Party(party.server).request_id()),
        endpoint.call(identity, party, requestid=party.request_id(seconds=-SPAN - 5)),
        endpoint.call(identity, party, requestid=party.request_id(seconds=SPAN + 5)),
        endpoint.call(identity, party, requestid=spent),
    ]
    assert {(reply.status, reply.text, tuple(sorted(reply.headers.items()))) for reply in replies} == {
        (401, replies[0].text, tuple(sorted(replies[0].headers.items())))
    }
    assert refused(replies[0])


@pytest.mark.parametrize("seconds", [-SPAN + 5, -1, 0, 1, SPAN - 5])
def test_near_enough_on_either_side(identity: Identity, endpoint: Endpoint, seconds: float) -> None:
    party = identity.party()
    assert not refused(endpoint.call(identity, party, requestid=party.request_id(seconds=seconds)))


@pytest.mark.parametrize("first", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_a_captured_request_is_refused_everywhere(identity: Identity, endpoint: Endpoint, first: Endpoint) -> None:
    headers = identity.party().headers(license=identity.system)
    assert not refused(first.send(headers))
    assert refused(endpoint.send(headers))


def test_a_uuid_is_spent_also_when_it_is_sealed_anew(identity: Identity, endpoint: Endpoint) -> None:
    party, uuid = identity.party(), str(uuid4())
    assert not refused(endpoint.call(identity, party, requestid=party.request_id(uuid=uuid)))
    assert refused(endpoint.call(identity, party, requestid=party.request_id(uuid=uuid)))


def test_a_uuid_spent_for_a_tenants_token_is_spent_for_its_license(identity: Identity) -> None:
    party, uuid = identity.party(), str(uuid4())
    _, _, token = identity.signed_in()
    sent = party.headers(request_id=party.request_id(uuid=uuid))
    assert call("POST", "/jwt/verifyToken", headers=sent, body={"data": {"token": token}}).status == 200
    assert refused(SERVICE_KEYS.call(identity, party, requestid=party.request_id(uuid=uuid)))


def test_other_clients_and_other_tenants_spend_their_own(cloud: Cloud, identity: Identity) -> None:
    uuid, party, other = str(uuid4()), identity.party(), Identity(cloud)
    assert SERVICE_KEYS.call(identity, party, requestid=party.request_id(uuid=uuid)).status == 200
    assert SERVICE_KEYS.call(other, party, requestid=party.request_id(uuid=uuid)).status == 200
    stranger = identity.party()
    assert SERVICE_KEYS.call(identity, stranger, requestid=stranger.request_id(uuid=uuid)).status == 200


def test_captured_parts_of_two_requests_make_no_third(cloud: Cloud, identity: Identity) -> None:
    """One client of two tenants: the request id that went to one does not pass beside the license of the other."""
    party, other = identity.party(), Identity(cloud)
    to_other = party.headers(license=other.system)
    to_this = party.headers(license=identity.system)
    verified = party.headers()
    assert SERVICE_KEYS.send(to_other).status == SERVICE_KEYS.send(to_this).status == 200
    assert not refused(VERIFY.send(verified))
    for captured in (to_other, verified):
        assert refused(SERVICE_KEYS.send(to_this | {"requestid": captured["requestid"]}))


def _mirrored(key: PublicKey) -> str:
    x, y = key.raw[:32], int.from_bytes(key.raw[32:])
    return encode(x + (_PRIME - y).to_bytes(32))


@pytest.mark.parametrize(
    "spelled",
    [
        _mirrored,
        lambda key: encode(b"\x04" + key.raw),
        lambda key: encode(_SPKI + key.raw),
        lambda key: key.text.rstrip("="),
        lambda key: key.text.replace("+", "-").replace("/", "_"),
        lambda key: f" {key.text[:20]} {key.text[20:]}",
    ],
    ids=["mirror image", "65 bytes", "SPKI", "unpadded", "URL-safe", "spaced"],
)
def test_another_spelling_of_the_key_is_no_other_client(
    identity: Identity, endpoint: Endpoint, spelled: Callable[[PublicKey], str]
) -> None:
    party = identity.party()
    headers = party.headers(license=identity.system)
    assert not refused(endpoint.send(headers))
    assert refused(endpoint.send(headers | {"publickey": spelled(party.key.public_key)}))
    # It is a good spelling: a new request passes with it.
    assert not refused(endpoint.call(identity, party, publickey=spelled(party.key.public_key)))


def test_another_spelling_of_an_envelope_is_no_other_envelope(identity: Identity, endpoint: Endpoint) -> None:
    headers = identity.party().headers(license=identity.system)
    assert not refused(endpoint.send(headers))
    for spelled in (
        headers["requestid"].rstrip("="),
        headers["requestid"].replace("+", "-").replace("/", "_"),
        f" {headers['requestid']}",
    ):
        assert refused(endpoint.send(headers | {"requestid": spelled}))


def test_of_fifty_copies_at_once_one_passes(identity: Identity, endpoint: Endpoint) -> None:
    headers = identity.party().headers(license=identity.system)
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: endpoint.send(headers), range(50)))
    passed = [reply for reply in replies if not refused(reply)]
    assert [reply.status for reply in passed] == [endpoint.passes]


def test_clients_of_every_kind_pass(identity: Identity, endpoint: Endpoint) -> None:
    party, now = identity.party(), time.time()
    for said in (
        {"appid": "a", "uuid": str(uuid4()), "ts": now + 0.5},
        {"appId": "a", "uuid": "5f3a" + uuid4().hex[:9], "ts": int(now)},
        {"appid": "a", "uuid": str(uuid4()), "ts": int(now), "more": [1]},
    ):
        assert not refused(endpoint.call(identity, party, requestid=party.seal(said)))


@pytest.mark.parametrize("name", ["publickey", "requestid", "licensekey"])
@pytest.mark.parametrize(
    "value",
    [None, "", "x", "=", "AAAA", "A" * 86 + "==", "A" * 9000, "é", "\x00", "\ud800", "{}", "null", "/" * 88],
    ids=repr,
)
def test_what_is_no_header_is_refused(identity: Identity, endpoint: Endpoint, name: str, value: str | None) -> None:
    asked_for = endpoint.licensed or name != "licensekey"
    assert refused(endpoint.call(identity, identity.party(), **{name: value})) is asked_for


@pytest.mark.parametrize(
    "inside",
    ["", "x", "[]", "1", "null", "{}", '{"appid": "a"}', "[" * 3000, '{"appid": 1, "uuid": "u", "ts": 1}', "\x00",
     json.dumps({"appid": "a", "uuid": "u", "ts": "soon"}), json.dumps({"appid": "a", "uuid": "u", "ts": 1e400}),
     json.dumps({"appid": "a", "uuid": None, "ts": 1})],
)  # fmt: skip
def test_what_is_no_request_id_is_refused(identity: Identity, endpoint: Endpoint, inside: str) -> None:
    party = identity.party()
    assert refused(endpoint.call(identity, party, requestid=party.seal(inside)))


@pytest.mark.parametrize("inside", ["", "x", "lk_" + "A" * 43, "ü", "lk_" + "x" * 3000])
def test_a_license_that_is_none_is_refused(identity: Identity, inside: str) -> None:
    party = identity.party()
    assert refused(SERVICE_KEYS.call(identity, party, licensekey=party.seal(inside)))


def test_a_key_of_another_curve_is_refused(identity: Identity, endpoint: Endpoint) -> None:
    other = PrivateKey.generate(Curve.P256).public_key.text
    assert refused(endpoint.call(identity, identity.party(), publickey=other))


def test_header_names_come_in_any_case(identity: Identity) -> None:
    headers = identity.party().headers(license=identity.system)
    assert SERVICE_KEYS.send({name.upper(): value for name, value in headers.items()}).status == 200


def test_a_tampered_envelope_is_refused(identity: Identity, endpoint: Endpoint) -> None:
    party = identity.party()
    sealed = bytearray(decode(party.request_id()))
    for position in (0, 17, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[position] ^= 1
        assert refused(endpoint.call(identity, party, requestid=encode(bytes(changed))))
