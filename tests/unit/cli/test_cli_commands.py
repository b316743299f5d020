"""The commands on stored things: what they print, and how they refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parlance.identity.authentication import Authenticator
from parlance.storage.table import ContendedError
from parlance_cli.deployment import Deployment
from parlance_cli.main import app
from tests.unit.cli.conftest import Run


@pytest.fixture
def tenant(run: Run) -> str:
    assert run("tenant", "create", "Acme", "--id", "acme").exit_code == 0
    return "acme"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "tea.md").write_text("# Tea\n\nSteep green tea for two minutes at eighty degrees.\n")
    (folder / "coffee.md").write_text("# Coffee\n\nGrind the beans just before brewing.\n")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    return folder


def parsed(run: Run, *arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(run: Run, *arguments: str, stdin: str | None = None) -> str:
    """The one line that was said."""
    result = run(*arguments, stdin=stdin)
    assert result.exit_code != 0
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("parlance: ")
    return line.removeprefix("parlance: ")


def test_a_tenant_with_limits(run: Run) -> None:
    made = parsed(run, "tenant", "create", "Acme", "--id", "acme", "--requests-per-minute", "7", "--connections", "2")
    assert made == {
        "id": "acme",
        "name": "Acme",
        "requests_per_minute": 7,
        "messages_per_second": 10,
        "connections": 2,
        "created_at": "2025-06-15T15:06:40.000Z",
    }
    assert parsed(run, "tenant", "list") == [made]


def test_an_id_is_made_up(run: Run) -> None:
    result = run("tenant", "create", "Acme")
    assert result.stdout == f"Created tenant {parsed(run, 'tenant', 'list')[0]['id']}\n"


def test_tables_are_for_people(run: Run, tenant: str) -> None:
    heading, row = run("tenant", "list").stdout.splitlines()
    assert " ".join(heading.split()) == ("ID NAME REQUESTS PER MINUTE MESSAGES PER SECOND CONNECTIONS CREATED AT")
    assert row.split() == ["acme", "Acme", "100", "10", "50", "2025-06-15", "15:06"]


def test_what_looks_like_markup_is_text(run: Run) -> None:
    run("tenant", "create", "[red]Acme[/red]", "--id", "acme")
    assert "[red]Acme[/red]" in run("tenant", "list").stdout


def test_a_key_is_shown_once_and_alone(run: Run, deployment: Deployment, tenant: str) -> None:
    result = run("key", "create", tenant, "--name", "laptop")
    key = result.stdout.strip()
    assert Authenticator(deployment.tenants, deployment.clock).authenticate(key).tenant_id == tenant
    assert "will not be shown again" in result.stderr
    listed = run("key", "list", tenant)
    assert "laptop" in listed.stdout
    assert key not in listed.stdout
    assert key[-4:] in listed.stdout


def test_a_key_as_json(run: Run, tenant: str) -> None:
    made = parsed(run, "key", "create", tenant)
    assert made["api_key"].startswith("pk_")
    assert "api_key" not in parsed(run, "key", "list", tenant)[0]


def test_a_revoked_key_says_so(run: Run, tenant: str) -> None:
    key_id = parsed(run, "key", "create", tenant)["id"]
    assert run("key", "revoke", tenant, key_id).stdout == f"Revoked key {key_id}\n"
    assert parsed(run, "key", "list", tenant)[0]["revoked_at"] is not None
    assert refused(run, "key", "revoke", tenant, "key_none") == "Key not found"


def test_an_agent_with_settings(run: Run, tenant: str) -> None:
    run("dataset", "create", tenant, "--name", "Docs", "--id", "docs")
    made = parsed(
        run, "agent", "create", tenant, "--name", "Guide", "--id", "guide", "--dataset", "docs",
        "--instructions", "Be brief.", "--model", "extractive", "--setting", "pace=0.5", "--setting", "voice=calm",
    )  # fmt: skip
    assert made["settings"] == {"pace": 0.5, "voice": "calm"}
    assert (made["dataset"], made["instructions"]) == ("docs", "Be brief.")
    assert parsed(run, "agent", "list", tenant) == [made]
    assert "guide" in run("agent", "list", tenant).stdout


def test_an_agent_that_cannot_be(run: Run, tenant: str) -> None:
    assert refused(run, "agent", "create", tenant, "--name", "A", "--dataset", "none") == (
        "Dataset not found (dataset_id: none)"
    )
    assert refused(run, "agent", "create", tenant, "--name", "A", "--setting", "x") == (
        "--setting takes NAME=VALUE, not 'x'"
    )
    assert refused(run, "agent", "create", tenant, "--name", "A", "--id", "a/b") == (
        "The id of an agent is made of up to 64 letters, digits, _ and -."
    )
    run("agent", "create", tenant, "--name", "A", "--id", "a")
    assert refused(run, "agent", "create", tenant, "--name", "A", "--id", "a") == (
        "An agent with this id exists already"
    )


def test_empty_lists_say_so(run: Run, tenant: str) -> None:
    assert run("agent", "list", tenant).stdout == "This tenant has no agents.\n"
    assert run("dataset", "list", tenant).stdout == "This tenant has no datasets.\n"
    assert run("key", "list", tenant).stdout == "This tenant has no keys.\n"
    assert parsed(run, "agent", "list", tenant) == []


def test_importing_tells_what_came_in_and_what_did_not(run: Run, tenant: str, documents: Path) -> None:
    run("dataset", "create", tenant, "--name", "Docs", "--id", "docs")
    imported = run("dataset", "import", str(documents), "--tenant", tenant, "--dataset", "docs")
    assert imported.exit_code == 0
    assert imported.stdout.splitlines() == [
        "Imported 2 passages from 2 files",
        "  skipped photo.jpg: .jpg is not a format that can be imported",
        "Dataset docs now holds 2 passages",
    ]
    (documents / "coffee.md").unlink()
    pruned = parsed(run, "dataset", "import", str(documents), "--tenant", tenant, "--dataset", "docs", "--prune")
    assert pruned == {
        "dataset": "docs",
        "passages": 1,
        "imported": [{"source": "tea.md", "passages": 1, "problems": []}],
        "skipped": [{"source": "photo.jpg", "reason": ".jpg is not a format that can be imported"}],
        "removed": ["coffee.md"],
    }
    assert parsed(run, "dataset", "list", tenant)[0]["passages"] == 1


def test_searching_names_sources_and_scores(run: Run, tenant: str, documents: Path) -> None:
    run("dataset", "create", tenant, "--name", "Docs", "--id", "docs")
    where = ("--tenant", tenant, "--dataset", "docs")
    run("dataset", "import", str(documents), *where)
    shown = run("dataset", "search", "how long does green tea steep?", *where).stdout
    assert shown.startswith("1. tea.md  Tea  score ")
    assert "Steep green tea for two minutes" in shown
    [hit] = parsed(run, "dataset", "search", "green tea", *where)
    assert (hit["source"], hit["title"]) == ("tea.md", "Tea")
    assert run("dataset", "search", "zebra", *where).stdout == "Nothing in this dataset fits.\n"


def test_importing_needs_something_to_import(run: Run, tenant: str, tmp_path: Path) -> None:
    where = ("--tenant", tenant, "--dataset", "docs")
    assert refused(run, "dataset", "import", str(tmp_path), *where) == "Dataset not found (dataset_id: docs)"
    run("dataset", "create", tenant, "--name", "Docs", "--id", "docs")
    assert refused(run, "dataset", "import", str(tmp_path / "none"), *where).startswith("There is no file or folder")


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "create", "nobody"),
        ("key", "list", "nobody"),
        ("key", "revoke", "nobody", "key_1"),
        ("agent", "create", "nobody", "--name", "A"),
        ("agent", "list", "nobody"),
        ("dataset", "create", "nobody", "--name", "D"),
        ("dataset", "list", "nobody"),
        ("dataset", "search", "x", "--tenant", "nobody", "--dataset", "d"),
    ],
)
def test_an_unknown_tenant_is_named(run: Run, arguments: tuple[str, ...]) -> None:
    assert refused(run, *arguments) == "Tenant not found (tenant_id: nobody)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tenant",), "Missing command. (see parlance tenant --help)"),
        (("tenant", "create"), "Missing argument 'name'. (see parlance tenant create --help)"),
        (("tenant", "create", "A", "--connections", "0"), "(see parlance tenant create --help)"),
        (("nothing",), "No such command 'nothing'. (see parlance --help)"),
        (("tenant", "list", "--colour"), "No such option"),
    ],
)
def test_a_command_that_cannot_be_understood(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_taken_id(run: Run, tenant: str) -> None:
    assert refused(run, "tenant", "create", "Again", "--id", tenant) == (
        "There is a tenant of that id. (tenant_id: acme)"
    )


def test_without_arguments_there_is_help(run: Run) -> None:
    result = run()
    assert result.exit_code == 0
    assert "dataset" in result.stdout


def test_without_a_local_cloud(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--state-dir", str(tmp_path), "tenant", "list"], prog_name="parlance")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "parlance: The local cloud is not running: start it with make run\n"


class _Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def tenants(self) -> None:
        raise self._error


def test_a_busy_table_is_no_trace(run: Run, deployment: Deployment) -> None:
    object.__setattr__(deployment, "tenants", _Broken(ContendedError("x")))
    assert refused(run, "tenant", "list") == "The table is busy or did not answer. Try again in a moment."


def test_the_unexpected_is_one_line_unless_asked_for(run: Run, deployment: Deployment) -> None:
    object.__setattr__(deployment, "tenants", _Broken(KeyError("odd\nthing")))
    assert refused(run, "tenant", "list").startswith("Unexpected KeyError: 'odd\\nthing'")
    traced = run("--debug", "tenant", "list")
    assert isinstance(traced.exception, KeyError)
