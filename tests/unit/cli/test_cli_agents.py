"""Agents, skillsets and secrets from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from parlance_cli.deployment import Deployment
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_commands import parsed, refused

WHOLE = """
name: Guide
instructions: |
  Be brief.
model: openai_compatible
settings:
  base_url: http://localhost:11434/v1
  model: llama3.2
  temperature: 0.2
fallbacks:
  - model: extractive
skillset: tools
history_tokens: 2000
max_rounds: 4
moderation:
  kind: phrases
  phrases: [secret sauce]
"""
ABILITIES = """
- kind: fetch
  name: weather
  description: The weather of a city.
  url: https://api.example.com/v1/{{ city }}
  headers:
    Authorization: Bearer {{ secret.weather }}
  parameters:
    type: object
    properties: {city: {type: string}}
    required: [city]
"""


@pytest.fixture
def tenant(run: Run) -> str:
    assert run("tenant", "create", "Acme", "--id", "acme").exit_code == 0
    return "acme"


def written(folder: Path, text: str, name: str = "file.yaml") -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def shown(run: Run, agent: str = "guide") -> Any:
    return json.loads(run("agent", "show", "acme", agent).stdout)


@pytest.fixture
def guide(run: Run, tenant: str, tmp_path: Path) -> str:
    assert run("skillset", "put", tenant, "tools", "--from-file", written(tmp_path, ABILITIES)).exit_code == 0
    made = run("agent", "create", tenant, "--id", "guide", "--from-file", written(tmp_path, WHOLE))
    assert made.stdout == "Created agent guide\n", made.output
    return "guide"


class TestAgents:
    def test_come_from_a_file_and_are_shown_as_it_reads_them(self, run: Run, guide: str, tmp_path: Path) -> None:
        found = shown(run)
        assert found["instructions"] == "Be brief.\n"
        assert found["fallbacks"] == [{"model": "extractive", "settings": {}}]
        assert (found["history_tokens"], found["max_rounds"], found["skillset"]) == (2000, 4, "tools")
        again = written(tmp_path, json.dumps(found), "again.json")
        assert run("agent", "update", "acme", guide, "--from-file", again).stdout == "Changed agent guide\n"
        assert shown(run) == found

    def test_are_changed_only_where_somebody_says_so(self, run: Run, guide: str) -> None:
        before = shown(run)
        run("agent", "update", "acme", guide, "--name", "Ada", "--max-rounds", "2")
        assert shown(run) == before | {"name": "Ada", "max_rounds": 2}
        run("agent", "update", "acme", guide, "--model", "extractive", "--setting", "pace=0.1")
        assert shown(run)["settings"] == {"pace": 0.1}

    def test_options_go_before_the_file(self, run: Run, guide: str, tmp_path: Path) -> None:
        file = written(tmp_path, "name: From the file\ninstructions: Kept")
        made = parsed(run, "agent", "create", "acme", "--from-file", file, "--name", "From the option")
        assert (made["name"], made["instructions"]) == ("From the option", "Kept")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("name: A\nmodel: gpt-9", "there is no model 'gpt-9', only bedrock, extractive, openai_compatible"),
            ("name: A\nmodel: openai_compatible", "these settings are missing or wrong: base_url, model"),
            ("name: A\nmodel: openai_compatible\nsettings: {base_url: 'http://x', model: m, api_key: sk-1}",
             "these settings are missing or wrong: api_key"),
            ("name: A\nmodel: openai_compatible\nsettings: {base_url: 'https://me:sk-1@x/', model: m}",
             "base_url: an address may not carry credentials"),
            ("name: A\nmodel: bedrock\nsettings: {model: m, guardrail: {}}", "guardrail.id"),
            ("name: A\nfallbacks: [{model: bedrock}]", "these settings are missing or wrong: model"),
            ("name: A\nmoderation: {kind: phrases}", "the moderation's settings are missing or wrong: phrases.phrases"),
            ("name: A\nhistory_tokens: many", "history_tokens"),
            ("name: A\nmax_rounds: 100", "max_rounds"),
            ("name: A\ntemper: calm", "temper"),
            ("{}", "name"),
            ("[1]", "holds no agent"),
            ("name: [", "is neither YAML nor JSON"),
            ("!!python/object/apply:os.system ['true']", "is neither YAML nor JSON"),
            ("name: A\nskillset: none", "Skillset not found"),
            ("name: A\ndataset: none", "Dataset not found"),
        ],
    )  # fmt: skip
    def test_that_cannot_be_are_refused_by_name(
        self, run: Run, tenant: str, tmp_path: Path, text: str, why: str
    ) -> None:
        line = refused(run, "agent", "create", tenant, "--from-file", written(tmp_path, text))
        assert why in line
        assert "sk-1" not in line
        assert parsed(run, "agent", "list", tenant) == []

    def test_that_are_not_there(self, run: Run, tenant: str, tmp_path: Path) -> None:
        assert "Agent not found" in refused(run, "agent", "show", tenant, "none")
        assert "Agent not found" in refused(run, "agent", "update", tenant, "none", "--name", "A")
        assert "cannot be read" in refused(run, "agent", "create", tenant, "--from-file", str(tmp_path / "none"))


class TestSkillsets:
    def test_are_shown_as_they_are_read(self, run: Run, guide: str, tmp_path: Path) -> None:
        found = json.loads(run("skillset", "show", "acme", "tools").stdout)
        assert found[0]["headers"] == {"Authorization": "Bearer {{ secret.weather }}"}
        again = written(tmp_path, json.dumps(found), "again.json")
        run("skillset", "put", "acme", "tools", "--from-file", again, "--name", "Tools")
        assert json.loads(run("skillset", "show", "acme", "tools").stdout) == found
        (row,) = parsed(run, "skillset", "list", "acme")
        assert (row["name"], row["abilities"]) == ("Tools", "weather")

    def test_that_cannot_be_are_refused_and_change_nothing(self, run: Run, guide: str, tmp_path: Path) -> None:
        bad = written(tmp_path, ABILITIES.replace("https://api.example.com", "https://{{ host }}"))
        assert "the host of a fetch is fixed" in refused(
            run, "skillset", "put", "acme", "tools", "--from-file", bad
        )  # fmt: skip
        assert "An ability cannot be read" in refused(
            run, "skillset", "put", "acme", "tools", "--from-file", written(tmp_path, "just text")
        )
        assert "api.example.com" in run("skillset", "show", "acme", "tools").stdout
        assert "Skillset not found" in refused(run, "skillset", "show", "acme", "none")
        assert "letters, digits" in refused(
            run, "skillset", "put", "acme", "a b", "--from-file", written(tmp_path, ABILITIES)
        )


class TestSecrets:
    def test_are_read_from_a_pipe_and_never_shown(self, run: Run, tenant: str, deployment: Deployment) -> None:
        result = run("secret", "set", tenant, "weather", stdin="key-123\n")
        assert result.stdout == "Set secret weather\n"
        assert deployment.tenant_secrets.get(tenant, "weather") == "key-123"
        assert parsed(run, "secret", "list", tenant) == [{"name": "weather"}]
        assert "key-123" not in run("secret", "list", tenant).output
        assert run("secret", "remove", tenant, "weather").stdout == "Removed secret weather\n"
        assert parsed(run, "secret", "list", tenant) == []

    @pytest.mark.parametrize("secret", ["", "  \n", "two\nlines", "\x00"])
    def test_that_cannot_be_are_refused(self, run: Run, tenant: str, secret: str) -> None:
        assert refused(run, "secret", "set", tenant, "weather", stdin=secret) == "A secret is one line of text."

    def test_names_that_cannot_be_and_tenants_that_are_not_there(self, run: Run, tenant: str) -> None:
        assert "letters, digits" in refused(run, "secret", "set", tenant, "a/b", stdin="x")
        assert "Tenant not found" in refused(run, "secret", "set", "none", "weather", stdin="x")
        assert "There is no such secret" in refused(run, "secret", "remove", tenant, "none")
