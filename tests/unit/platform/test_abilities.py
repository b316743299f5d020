"""What an ability's instruction becomes for an agent, and what becomes nothing."""

from typing import Any

import pytest

from parlance.agents.skills import abilities_to
from parlance.platform.abilities import (
    LinkedSecret,
    UnsupportedAbilityError,
    WrittenAbility,
    abilities_of,
    ability_of,
)


def written(instruction: str, **more: Any) -> WrittenAbility:
    return WrittenAbility("Fetch Weather", "Tells the weather", instruction, **more)


def made(instruction: str, **more: Any) -> dict[str, Any]:
    (found,) = abilities_to([ability_of(written(instruction, **more))])
    return found


def test_a_get_with_arguments_and_a_named_secret() -> None:
    found = made(
        "Do this:\n```fetch\nGET https://api.example.com/v1/$[country]/now?location=$[location euc!|the city]&u=m\n"
        "Authorization: Bearer ${SECRET_WEATHER_API}\n```\nAnd tell them."
    )
    assert found == {
        "kind": "fetch",
        "name": "Fetch_Weather",
        "description": "Tells the weather",
        "url": "https://api.example.com/v1/{{ country }}/now",
        "query": {"location": "{{ location }}", "u": "m"},
        "headers": {"Authorization": "Bearer {{ secret.platform-WEATHER_API }}"},
        "parameters": {
            "type": "object",
            "properties": {
                "country": {"type": "string"},
                "location": {"type": "string", "description": "the city"},
            },
            "required": ["country", "location"],
            "additionalProperties": False,
        },
    }


def test_a_post_whose_body_holds_arguments_with_and_without_quotes() -> None:
    found = made(
        "```fetch\nPOST https://api.example.com/data HTTP/1.1\nContent-Type: application/json\n\n"
        '{"query": "$[query js|what]", "limit": $[limit|how many], "all": [$[a], "b"]}\n```'
    )
    assert found["method"] == "POST"
    assert found["body"] == {"query": "{{ query }}", "limit": "{{ limit }}", "all": ["{{ a }}", "b"]}
    assert list(found["parameters"]["properties"]) == ["query", "limit", "a"]


@pytest.mark.parametrize(
    ("secret", "headers", "expected"),
    [
        (LinkedSecret("secret_1", "bearer"), "", "Bearer {{ secret.secret_1 }}"),
        (LinkedSecret("secret_1", "basic"), "", "Basic {{ secret.secret_1 }}"),
        (LinkedSecret("secret_1", "plain"), "", None),
        (LinkedSecret("secret_1", "plain"), "\nAuthorization: Key ${SECRET}", "Key {{ secret.secret_1 }}"),
        (LinkedSecret("secret_1", "bearer"), "\nX-Key: ${SECRET}", None),
    ],
)
def test_a_linked_secret_is_sent_as_its_type_wants_it(secret: LinkedSecret, headers: str, expected: str | None) -> None:
    found = made(f"```fetch\nGET https://api.example.com/{headers}\n```", secret=secret)
    assert found.get("headers", {}).get("Authorization") == expected


def test_a_secret_that_cannot_be_sent_is_not_left_out_in_silence() -> None:
    with pytest.raises(UnsupportedAbilityError, match="oauth"):
        made("```fetch\nGET https://api.example.com/\n```", secret=LinkedSecret("secret_1", "oauth"))


def test_other_kinds() -> None:
    assert made("```search/datasetId=dataset_1\n$[query|what]\n```")["dataset_id"] == "dataset_1"
    asked = made("Ask for prices only.", bot_id="bot_1")
    assert (asked["kind"], asked["agent_id"], asked["instructions"]) == ("agent", "bot_1", "Ask for prices only.")
    assert made("Never shout.") == {
        "kind": "text",
        "name": "Fetch_Weather",
        "description": "Tells the weather",
        "text": "Never shout.",
    }


@pytest.mark.parametrize(
    "instruction",
    [
        "",
        "   ",
        "```email/to=a@b.example\nHello\n```",
        "```\nfetch\n```",
        "```fetch\n\n```",
        "```fetch\nhttps://api.example.com\n```",
        "```fetch\nGET ftp://api.example.com\n```",
        "```fetch\nBREW https://api.example.com\n```",
        "```fetch\nGET https://$[host]/x\n```",
        "```fetch\nGET https://api.example.com/${SECRET_X}\n```",
        "```fetch\nGET https://api.example.com/\nX: ${SECRET}\n```",
        "```fetch\nPOST https://api.example.com/\n\na=$[a]\n```",
        "```search\n$[query]\n```",
        "```fetch\nGET https://a.example/\n```\n```fetch\nGET https://b.example/\n```",
    ],
)
def test_what_cannot_be_done_is_not_pretended(instruction: str) -> None:
    with pytest.raises(UnsupportedAbilityError):
        ability_of(written(instruction))
    assert abilities_of([written(instruction), written("Never shout.")]) == [ability_of(written("Never shout."))]


def test_names_are_told_apart() -> None:
    long = WrittenAbility("x" * 80, "", "Be brief.")
    found = abilities_of(
        [written("One."), written("Two."), written("Three."), long, long, WrittenAbility("☃", "", "Hm.")]
    )
    assert [one.name for one in found] == [
        "Fetch_Weather",
        "Fetch_Weather_2",
        "Fetch_Weather_3",
        "x" * 64,
        "x" * 61 + "_2",
        "ability",
    ]
