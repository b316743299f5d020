"""What an ability may be."""

from typing import Any

import pytest

from parlance.agents.skills import abilities_from, abilities_to
from parlance.errors import InvalidInputError

FETCH = {"kind": "fetch", "name": "weather", "url": "https://api.example.com/v1/{{ city }}?days={{days}}"}
WHOLE: list[dict[str, Any]] = [
    FETCH
    | {
        "method": "POST",
        "headers": {"Authorization": "Bearer {{ secret.weather }}"},
        "body": {"n": "{{ n }}"},
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
    {"kind": "search", "name": "look", "dataset_id": "docs", "limit": 3},
    {"kind": "agent", "name": "ask", "agent_id": "expert", "description": "Asks."},
]


def test_abilities_read_back() -> None:
    abilities = abilities_from(WHOLE)
    assert abilities_to(abilities) == WHOLE
    assert abilities_from(abilities_to(abilities)) == abilities


@pytest.mark.parametrize(
    ("ability", "why"),
    [
        ({"kind": "dance", "name": "x"}, "kind"),
        ({"kind": "search", "name": "x"}, "dataset_id"),
        ({"kind": "search", "name": "two words", "dataset_id": "d"}, "name"),
        (FETCH | {"url": "https://{{ host }}/x"}, "host of a fetch is fixed"),
        (FETCH | {"url": "https://api.{{ host }}.com/x"}, "host of a fetch is fixed"),
        (FETCH | {"url": "{{ scheme }}://api.example.com/"}, "host of a fetch is fixed"),
        (FETCH | {"url": "https://api.example.com:{{ port }}/x"}, "host of a fetch is fixed"),
        (FETCH | {"url": "https://user:pass@api.example.com/"}, "credentials"),
        (FETCH | {"url": "file:///etc/passwd"}, "http"),
        (FETCH | {"url": "gopher://x/"}, "http"),
        (FETCH | {"url": "weather"}, "http"),
        (FETCH | {"url": "https://api.example.com/?key={{ secret.weather }}"}, "never in the address"),
        (FETCH | {"headers": {"X": "{{ secret._x }}"}}, "secret's name"),
        (FETCH | {"method": "TRACE"}, "method"),
        (FETCH | {"timeout_seconds": 900}, "timeout_seconds"),
        (FETCH | {"parameters": {"type": "array"}}, "no JSON Schema"),
        (FETCH | {"parameters": {"properties": 5}}, "no JSON Schema"),
        (FETCH | {"retries": 5}, "retries"),
        ("fetch", "cannot be read"),
    ],
)
def test_an_ability_that_cannot_be(ability: object, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        abilities_from([ability])


def test_a_skillset_that_cannot_be() -> None:
    with pytest.raises(InvalidInputError, match="same name"):
        abilities_from([FETCH, FETCH])
    with pytest.raises(InvalidInputError, match="at most"):
        abilities_from([FETCH | {"name": f"n{at}"} for at in range(40)])
    nothings: list[object] = [{}, "x", None]
    for nothing in nothings:
        with pytest.raises(InvalidInputError):
            abilities_from(nothing)
