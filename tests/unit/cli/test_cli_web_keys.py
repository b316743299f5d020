"""Widget keys and admin keys on the command line."""

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def tenant(run: Run) -> None:
    assert run("tenant", "create", "Acme", "--id", "acme").exit_code == 0
    assert run("agent", "create", "acme", "--name", "Guide", "--id", "guide").exit_code == 0


def parsed(run: Run, *arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_widget_key_is_shown_once_listed_without_itself_and_revoked(run: Run) -> None:
    origins = ["--origin", "https://Shop.example/", "--origin", "http://localhost:*"]
    made = parsed(run, "widget-key", "create", "acme", "--agent", "guide", *origins, "--per-minute", "7")
    key = made.pop("widget_key")
    assert key.startswith("wk_")
    assert made["ends_in"] == key[-4:]
    assert made["origins"] == "https://shop.example http://localhost:*"
    assert (made["agent"], made["per_minute"], made["address_per_minute"]) == ("guide", 7, 60)
    assert parsed(run, "widget-key", "list", "acme") == [made]
    assert key not in run("widget-key", "list", "acme").output
    assert run("widget-key", "revoke", "acme", made["id"]).stdout == f"Revoked key {made['id']}\n"
    assert parsed(run, "widget-key", "list", "acme")[0]["revoked_at"]


def test_the_key_alone_goes_to_standard_output(run: Run) -> None:
    result = run("widget-key", "create", "acme", "--agent", "guide", "--origin", "https://a.example")
    assert result.stdout.startswith("wk_")
    assert result.stdout.count("\n") == 1
    assert "will not be shown again" in result.stderr
    assert run("admin-key", "create", "acme").stdout.startswith("ak_")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["create", "acme", "--agent", "none", "--origin", "https://a.example"], "Agent not found"),
        (["create", "nobody", "--agent", "guide", "--origin", "https://a.example"], "Tenant not found"),
        (["create", "acme", "--agent", "guide", "--origin", "shop.example"], "is not an origin"),
        (["revoke", "acme", "widget_none"], "Key not found"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(run: Run, arguments: list[str], reason: str) -> None:
    result = run("widget-key", *arguments)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_admin_key_is_listed_and_revoked(run: Run) -> None:
    made = parsed(run, "admin-key", "create", "acme", "--name", "support")
    assert made.pop("admin_key").startswith("ak_")
    assert parsed(run, "admin-key", "list", "acme") == [made]
    assert run("admin-key", "revoke", "acme", made["id"]).exit_code == 0
    assert parsed(run, "admin-key", "list", "acme")[0]["revoked_at"]
