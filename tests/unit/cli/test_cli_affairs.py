"""Webhooks, budgets, usage, export, erasure and retention from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from parlance.conversations.model import Conversation, Usage
from parlance.conversations.port import BeginView, NewTurn
from parlance_cli.deployment import Deployment
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_commands import parsed, refused

URL = "https://example.com/hook"


@pytest.fixture
def tenant(run: Run) -> str:
    assert run("tenant", "create", "Acme", "--id", "acme").exit_code == 0
    return "acme"


def chat(deployment: Deployment, chat_id: str = "chat_1", user_id: str = "ann") -> Conversation:
    now = deployment.clock.now()
    new = Conversation("acme", chat_id, user_id, "default", "A chat", now, now)
    created = deployment.affairs.conversations.create(new, key=None, token=chat_id)
    turn = NewTurn("acme", chat_id, "héllo", now, "0" * 24, "1" * 24, "2" * 24)
    deployment.affairs.turns.begin(turn, BeginView(created, None), terms=None, token=f"{chat_id}-turn")
    found = deployment.affairs.conversations.get("acme", chat_id)
    assert found is not None
    return found


class TestWebhooks:
    def test_are_made_with_a_secret_that_is_shown_once(self, run: Run, tenant: str, deployment: Deployment) -> None:
        result = run("webhook", "create", tenant, URL, "--event", "turn.failed")
        secret = result.stdout.strip()
        assert secret.startswith("whsec_")
        (row,) = parsed(run, "webhook", "list", tenant)
        assert (row["url"], row["events"], row["disabled_at"]) == (URL, "turn.failed", None)
        assert deployment.tenant_secrets.get(tenant, f"webhook-{row['id']}") == secret
        assert secret not in run("webhook", "list", tenant).output
        assert run("webhook", "delete", tenant, row["id"]).stdout == f"Deleted webhook {row['id']}\n"
        assert parsed(run, "webhook", "list", tenant) == []
        assert deployment.tenant_secrets.names(tenant) == []

    def test_are_called_again_once_somebody_says_so(self, run: Run, tenant: str, deployment: Deployment) -> None:
        made = parsed(run, "webhook", "create", tenant, URL)
        assert made["events"] == "turn.done, turn.stopped, turn.failed"
        deployment.affairs.webhooks.disable(tenant, made["id"], now=1, because="gone")
        assert parsed(run, "webhook", "list", tenant)[0]["disabled_because"] == "gone"
        run("webhook", "enable", tenant, made["id"])
        assert parsed(run, "webhook", "list", tenant)[0]["disabled_at"] is None

    def test_are_sent_a_test(self, run: Run, tenant: str) -> None:
        made = parsed(run, "webhook", "create", tenant, URL)
        assert parsed(run, "webhook", "test", tenant, made["id"])["type"] == "webhook.test"

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("http://example.com/",), "https"),
            (("https://u:p@example.com/",), "credentials"),
            (("example.com",), "only http and https"),
            (("https://example.com/", "--event", "turn.begun"), "no such event"),
        ],
    )
    def test_that_cannot_be_are_refused(self, run: Run, tenant: str, arguments: tuple[str, ...], why: str) -> None:
        assert why in refused(run, "webhook", "create", tenant, *arguments)
        assert parsed(run, "webhook", "list", tenant) == []

    def test_are_few(self, run: Run, tenant: str) -> None:
        for _ in range(10):
            run("webhook", "create", tenant, URL)
        assert "at most 10" in refused(run, "webhook", "create", tenant, URL)

    @pytest.mark.parametrize("command", ["enable", "test", "delete"])
    def test_that_are_not_there(self, run: Run, tenant: str, command: str) -> None:
        assert "Webhook not found" in refused(run, "webhook", command, tenant, "none")
        assert "Tenant not found" in refused(run, "webhook", command, "none", "none")


class TestBudgets:
    def test_are_set_listed_and_removed(self, run: Run, tenant: str) -> None:
        run("budget", "set", tenant, "--cost", "5000000")
        made = parsed(run, "budget", "set", tenant, "--user", "ann", "--tokens", "100", "--period", "day")
        assert (made["scope"], made["id"], made["period"], made["tokens"]) == ("user", "ann", "day", 100)
        assert made["spent"] == made["reserved"] == {"cost_micros": 0, "tokens": 0}
        rows = parsed(run, "budget", "list", tenant)
        assert [(row["scope"], row["cost_micros"]) for row in rows] == [("tenant", 5_000_000), ("user", None)]
        assert "5000000" in run("budget", "list", tenant).stdout
        assert run("budget", "remove", tenant, "--user", "ann").stdout == "Removed the budget of user ann\n"
        assert len(parsed(run, "budget", "list", tenant)) == 1

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            ((), "limits the cost, the tokens, or both"),
            (("--cost", "-1"), "Invalid value"),
            (("--cost", "1.5"), "Invalid value"),
            (("--cost", "1", "--period", "week"), "day or month"),
            (("--cost", "1", "--agent", "a", "--user", "u"), "not both"),
        ],
    )
    def test_that_cannot_be_are_refused(self, run: Run, tenant: str, arguments: tuple[str, ...], why: str) -> None:
        assert why in refused(run, "budget", "set", tenant, *arguments)
        assert parsed(run, "budget", "list", tenant) == []

    def test_that_are_not_there(self, run: Run, tenant: str) -> None:
        assert "Budget not found" in refused(run, "budget", "remove", tenant)
        assert "Tenant not found" in refused(run, "budget", "set", "none", "--cost", "1")


class TestUsage:
    def test_is_shown_by_day_and_by_whom(self, run: Run, tenant: str, deployment: Deployment) -> None:
        today = "2025-06-15"
        for user, micros in (("ann", 7), ("bob", 5)):
            used = chat(deployment, f"chat_{user}", user).having_used(Usage(1, 10, 20, micros), day=today)
            deployment.affairs.usage.record(used)
        report = parsed(run, "usage", tenant, "--by", "user", "--to", today)
        assert [(line["user"], line["cost_micros"]) for line in report["usage"]] == [("ann", 7), ("bob", 5)]
        assert report["total"] == {"attempts": 2, "input_tokens": 20, "output_tokens": 40, "cost_micros": 12}
        assert parsed(run, "usage", tenant, "--user", "bob", "--to", today)["total"]["cost_micros"] == 5
        assert "total" in run("usage", tenant, "--to", today).stdout

    def test_of_a_quiet_time(self, run: Run, tenant: str) -> None:
        assert run("usage", tenant).stdout == "Nothing was used in these days.\n"

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("--from", "yesterday"), "from must be a day"),
            (("--from", "2026-01-02", "--to", "2026-01-01"), "1 to 92 days"),
            (("--from", "2025-01-01", "--to", "2026-01-01"), "1 to 92 days"),
            (("--by", "colour"), "agent or user"),
        ],
    )
    def test_of_days_that_cannot_be(self, run: Run, tenant: str, arguments: tuple[str, ...], why: str) -> None:
        assert why in refused(run, "usage", tenant, *arguments)


class TestPrivacy:
    def lines(self, text: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in text.splitlines()]

    def test_conversations_are_exported_line_by_line(
        self, run: Run, tenant: str, deployment: Deployment, tmp_path: Path
    ) -> None:
        for user in ("ann", "bob"):
            chat(deployment, f"chat_{user}", user)
        of_ann = self.lines(run("conversation", "export", tenant, "--user", "ann").stdout)
        assert [line["type"] for line in of_ann] == ["conversation", "message"]
        assert of_ann[1]["content"] == "héllo"
        assert self.lines(run("conversation", "export", tenant, "--conversation", "chat_ann").stdout) == of_ann
        file = tmp_path / "all.jsonl"
        assert run("conversation", "export", tenant, "--output", str(file)).exit_code == 0
        assert len(self.lines(file.read_text())) == 4
        assert "cannot be written" in refused(run, "conversation", "export", tenant, "--output", str(file))

    def test_what_is_not_there_is_not_exported(self, run: Run, tenant: str) -> None:
        assert "Chat not found" in refused(run, "conversation", "export", tenant, "--conversation", "none")
        assert run("conversation", "export", tenant, "--user", "nobody").stdout == ""

    def test_a_user_is_erased(self, run: Run, tenant: str, deployment: Deployment) -> None:
        for user in ("ann", "bob"):
            chat(deployment, f"chat_{user}", user)
        assert parsed(run, "erase", tenant, "ann") == {"user": "ann", "conversations": 1, "connections": 0}
        assert self.lines(run("conversation", "export", tenant).stdout)[0]["user_id"] == "bob"
        assert parsed(run, "erase", tenant, "ann")["conversations"] == 0

    def test_retention_is_set_shown_and_lifted(self, run: Run, tenant: str, deployment: Deployment) -> None:
        chat(deployment)
        assert parsed(run, "retention", "show", tenant) == {"days": None}
        assert parsed(run, "retention", "set", tenant, "30")["conversations"] == 1
        assert run("retention", "show", tenant).stdout == "Kept for 30 days\n"
        run("retention", "set", tenant, "forever")
        assert run("retention", "show", tenant).stdout == "Kept for ever\n"

    @pytest.mark.parametrize("days", ["0", "3651", "9" * 30, "soon", "1.5"])
    def test_days_that_cannot_be(self, run: Run, tenant: str, days: str) -> None:
        assert "days" in refused(run, "retention", "set", tenant, days).lower()
