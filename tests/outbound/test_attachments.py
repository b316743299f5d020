"""Texts that a request attaches by their addresses, over real sockets."""

import pytest

from parlance.errors import InvalidInputError
from parlance.outbound.addresses import Guard
from parlance.platform.attachments import Attachments
from parlance.platform.functions import Attachment
from tests.outbound.raw_server import Behaviour, Peer, serving
from tests.unit.agents.scripted import House


def attachments(*, opened: bool = True) -> Attachments:
    return Attachments(House(guard=Guard(private_hosts=["127.0.0.1"]) if opened else Guard()).workshop)


def answers(text: str, kind: str = "text/plain", status: str = "200 OK") -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.headers(status, kind)
        peer.say(text)

    return behave


def test_are_cut_into_passages_and_always_shown() -> None:
    paragraphs = [f"Paragraph {number}. " + "Words " * 100 for number in range(8)]
    with serving(answers("\n\n".join(paragraphs))) as server:
        url = f"{server.url}/a{{b}}.txt"
        found = attachments().read("tenant", [Attachment(url=url)])
    assert len(found) > 1
    assert "".join(passage.text for passage in found).count("Paragraph") == 8
    assert {(passage.source, passage.is_attached) for passage in found} == {(url, True)}
    assert server.peers[0].request.startswith(b"GET /a%7Bb%7D.txt ")


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (answers("x", "image/png"), "which is no text"),
        (answers("x", status="404 Not Found"), "answered 404"),
        (answers("x" * 1_100_000), "larger than 1 MB"),
    ],
)
def test_what_cannot_be_read_fails_the_request(behaviour: Behaviour, why: str) -> None:
    with serving(behaviour) as server, pytest.raises(InvalidInputError, match=rf"^attachments\.0\.url: .*{why}"):
        attachments().read("tenant", [Attachment(url=f"{server.url}/a")])


@pytest.mark.parametrize(
    "url", ["ftp://a.example/x", "a.example", "http://169.254.169.254/latest", "http://127.0.0.1:1/", "http://[::1]/"]
)
def test_no_address_inside_is_called(url: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^attachments\.0\.url: "):
        attachments(opened=False).read("tenant", [Attachment(url=url)])
