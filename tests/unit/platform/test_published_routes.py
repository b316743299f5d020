"""Every route of ChatBotKit's API v1 is served, or is named here as one that is not.

`published_routes.txt` has the routes of its published description, and those that only its clients know.
"""

import re
from pathlib import Path

from parlance.platform.paths import ROOT
from reference.platform import routes

PUBLISHED = Path(__file__).with_name("published_routes.txt")
ABSENT_GROUPS = {"blueprint", "decision", "graphql", "magic", "partner", "policy", "portal", "space", "team"}
ABSENT = {"POST /conversation/compact", "POST /conversation/{}/compact"}
OURS = {
    *("GET /openai/models", "GET /v1/models", "POST /v1/chat/completions"),
    "POST /integration/trigger/{}/event",
}
"""What OpenAI's clients need besides, and another name for invoking a trigger."""


def shape_of(route: str) -> str:
    """A route without the names of its variables."""
    return re.sub(r"{[^}]+}|<[^>]+>", "{}", route)


def published() -> set[str]:
    return {shape_of(line) for line in PUBLISHED.read_text().splitlines()}


def served() -> set[str]:
    return {shape_of(f"{route.method} {route.path.removeprefix(ROOT)}") for route in routes()}


def group_of(route: str) -> str:
    return route.split("/")[1]


def test_all_that_is_published_is_served_or_named() -> None:
    missing = {route for route in published() - served() if group_of(route) not in ABSENT_GROUPS}
    assert missing == ABSENT


def test_what_is_named_as_absent_is_absent() -> None:
    assert not {route for route in served() if group_of(route) in ABSENT_GROUPS}
    assert published() >= ABSENT
    assert {group_of(route) for route in published()} >= ABSENT_GROUPS


def test_nothing_is_served_that_nobody_published() -> None:
    # Teams has two names.
    assert {one for one in served() - published() if not one.split(" ")[1].startswith("/integration/teams/")} == OURS
