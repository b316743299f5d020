"""Real deliveries to a receiver on loopback that behaves in every way a receiver can, and to places that are closed."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence

import pytest

from parlance.clock import SystemClock
from parlance.outbound.addresses import Guard
from parlance.webhooks.model import Event
from parlance.webhooks.sending import Accepted, Gone, Refused, Sender
from parlance.webhooks.signing import new_secret
from tests.outbound.raw_server import Behaviour, Peer, serving

EVENT = Event("evt_1", "turn.done", '{"type":"turn.done","data":{"name":"Zoë"}}')
OPEN = Guard(private_hosts=["127.0.0.1"])


def sender(guard: Guard = OPEN, *, seconds: float = 5) -> Sender:
    return Sender(guard, SystemClock(), answer_seconds=seconds)


def answering(status: str, *headers: str) -> Behaviour:
    return lambda peer: peer.headers(status, "text/plain", *headers)


def test_a_delivery_verifies_at_the_receiver() -> None:
    secret = new_secret()
    with serving(answering("204 No Content")) as receiver:
        assert sender().send(f"{receiver.url}/hooks?x=1", secret, EVENT) == Accepted(204)
    head, _, body = receiver.peers[0].request.partition(b"\r\n\r\n")
    request, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert request == "POST /hooks?x=1 HTTP/1.1"
    assert json.loads(body)["data"]["name"] == "Zoë"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "evt_1"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (answering("200 OK"), Accepted(200)),
        (answering("202 Accepted"), Accepted(202)),
        (answering("410 Gone"), Gone()),
        (answering("500 Internal Server Error"), Refused("status 500")),
        (answering("404 Not Found"), Refused("status 404")),
        (answering("429 Too Many Requests", "Retry-After: 90"), Refused("status 429", 90)),
        (answering("503 Busy", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"), Refused("status 503")),
        (lambda peer: peer.say("this is no HTTP\r\n\r\n"), Refused("BadStatusLine")),
        (lambda peer: peer.reset(), Refused("ConnectionResetError")),
        (lambda _peer: None, Refused("RemoteDisconnected")),
    ],
    ids=["200", "202", "410", "500", "404", "429", "503 with a date", "no http", "reset", "silent close"],
)
def test_what_a_receiver_answers(behaviour: Behaviour, outcome: object) -> None:
    with serving(behaviour) as receiver:
        assert sender().send(receiver.url, new_secret(), EVENT) == outcome


def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    with serving(answering("200 OK")) as target:
        moved = answering("307 Temporary Redirect", f"Location: {target.url}/")
        with serving(moved) as receiver:
            assert sender().send(receiver.url, new_secret(), EVENT) == Refused("status 307")
        assert target.peers == []


def _dripping(peer: Peer) -> None:
    peer.say("HTTP/1.1 200 OK\r\n")
    for number in range(200):
        peer.say(f"X-{number}: y\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("behaviour", [lambda peer: peer.wait_for_hang_up(), _dripping], ids=["silent", "dripping"])
def test_a_slow_receiver_is_given_up_in_time(behaviour: Behaviour) -> None:
    began = time.monotonic()
    with serving(behaviour) as receiver:
        assert isinstance(sender(seconds=0.3).send(receiver.url, new_secret(), EVENT), Refused)
    assert time.monotonic() - began < 5


def test_an_endless_body_is_not_read() -> None:
    def endless(peer: Peer) -> None:
        peer.headers("200 OK", "text/plain")
        while True:
            peer.say(b"x" * 65536)

    with serving(endless) as receiver:
        assert sender().send(receiver.url, new_secret(), EVENT) == Accepted(200)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("https://127.0.0.1/", ["127.0.0.1"]),
        ("https://localhost/", ["127.0.0.1", "::1"]),
        ("https://intranet.example/", ["10.0.0.8"]),
        ("https://metadata.example/latest", ["169.254.169.254"]),
        ("https://mixed.example/", ["93.184.216.34", "192.168.1.1"]),
        ("https://clothes.example/", ["::ffff:127.0.0.1"]),
        ("https://[fd00:ec2::254]/", ["fd00:ec2::254"]),
        ("http://public.example/", ["93.184.216.34"]),
        ("file:///etc/passwd", []),
    ],
)
def test_what_is_not_public_is_never_called(url: str, addresses: Sequence[str]) -> None:
    closed = Guard(resolve=lambda _host, _port: addresses)
    sent = sender(closed).send(url, new_secret(), EVENT)
    assert isinstance(sent, Refused)
    assert "address" in sent.why or "public internet" in sent.why


def test_loopback_is_closed_unless_the_operator_opens_it() -> None:
    with serving(answering("200 OK")) as receiver:
        assert isinstance(sender(Guard()).send(receiver.url, new_secret(), EVENT), Refused)
        assert receiver.peers == []


def test_a_host_without_an_address_is_refused() -> None:
    with serving(answering("200 OK")) as receiver:
        pass
    assert sender().send(receiver.url, new_secret(), EVENT) == Refused("ConnectionRefusedError")
