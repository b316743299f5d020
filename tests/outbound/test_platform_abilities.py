"""A fetch as an ability of the platform dialect writes it, over real sockets."""

from parlance.agents.models.base import Cancellation
from parlance.agents.skills import FetchAbility
from parlance.outbound.addresses import Guard
from parlance.platform.abilities import LinkedSecret, WrittenAbility, ability_of
from tests.outbound.raw_server import Peer, serving
from tests.unit.agents.scripted import House

INSTRUCTION = """Order what they ask for:
```fetch
POST {url}/shops/$[shop]/orders?note=$[note euc!|what to write on it]&key=${{SECRET_SHOP}}
Authorization: Bearer ${{SECRET}}

{{"item": "$[item|what]", "count": $[count], "by": "house $[shop]"}}
```
"""


def ordered(peer: Peer) -> None:
    peer.headers("200 OK", "application/json")
    peer.say('{"order": 7}')


def test_sends_arguments_and_secrets_where_they_belong() -> None:
    house = House(
        guard=Guard(private_hosts=["127.0.0.1"]),
        secrets={("tenant", "secret_1"): "s3cret", ("tenant", "platform-SHOP"): "k&y"},
    )
    with serving(ordered) as server:
        instruction = INSTRUCTION.format(url=server.url)
        ability = ability_of(WrittenAbility("Order", "Orders", instruction, secret=LinkedSecret("secret_1", "bearer")))
        assert isinstance(ability, FetchAbility)
        given = {"shop": "a/../b", "note": "for Ada & Bob", "item": 'the "best"', "count": "2"}
        outcome = house.workshop.fetching("tenant", ability).run(given, Cancellation())
    assert outcome.text == '{"order": 7}'
    (peer,) = server.peers
    head, _, body = peer.request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /shops/a%2F..%2Fb/orders?note=for+Ada+%26+Bob&key=k%26y HTTP/1.1\r\n")
    assert b"Authorization: Bearer s3cret" in head
    assert body == b'{"item": "the \\"best\\"", "count": "2", "by": "house a/../b"}'
