"""The page for keys beside the deployed stack, over its public APIs."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from local.settings import ROOT
from tests.browser.account_pages import made_key, revoke
from tests.local.cloud import LocalCloud

pytestmark = pytest.mark.system


class TestKeys:
    @pytest.mark.parametrize(
        ("kind", "prefix", "path"), [("pk_", "pk_", "tenant/keys"), ("sk-", "sk-", "dataset/list")]
    )
    def test_a_key_is_made_copied_used_and_revoked(
        self, keys: Callable[..., Page], cloud: LocalCloud, kind: str, prefix: str, path: str
    ) -> None:
        page, name = keys(permissions=["clipboard-read", "clipboard-write"]), f"backend {uuid4().hex[:6]}"
        page.get_by_text("New key").click()
        page.get_by_label("Name", exact=True).first.fill(name)
        page.get_by_label(kind).check()
        page.get_by_role("button", name="Create key").click()
        key = made_key(page)
        assert key.startswith(prefix)
        page.get_by_role("button", name="Copy the new key").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == key
        headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
        assert httpx.get(f"http://localhost:{cloud.port}/api/v1/{path}", headers=headers).status_code == 200
        page.get_by_role("button", name="I have it").click()
        page.reload()
        expect(page.get_by_role("list", name="API keys")).to_contain_text(f"{prefix}…{key[-4:]}")
        assert key not in page.content()
        revoke(page, name)
        page.get_by_label(re.compile("Show .* revoked")).check()
        expect(page.locator("li.revoked", has_text=name)).to_contain_text("Revoked")

    def test_the_pages_own_key_cannot_be_revoked(self, keys: Callable[..., Page]) -> None:
        page = keys()
        own = page.get_by_role("list", name="API keys").locator("li", has_text="used by this page")
        expect(own).to_have_count(1)
        expect(own.get_by_role("button")).to_have_count(0)

    def test_a_widget_key_opens_its_agent_from_its_origins(self, keys: Callable[..., Page], cloud: LocalCloud) -> None:
        page, name = keys(), f"shop {uuid4().hex[:6]}"
        page.get_by_text("New widget key").click()
        page.get_by_label("Name", exact=True).last.fill(name)
        page.get_by_label("Agent").fill("slow")
        page.get_by_label("Origins").fill("https://shop.example\nhttps://*.shop.example")
        page.get_by_role("button", name="Create widget key").click()
        key = made_key(page)
        expect(page.get_by_role("list", name="Widget keys").locator("li", has_text=name)).to_contain_text("slow")

        def status(origin: str) -> int:
            url = f"http://localhost:{cloud.port}/v1/chat/stream/s/stream"
            return httpx.get(url, headers={"x-api-key": key, "Origin": origin}).status_code

        assert [status(f"https://{host}") for host in ("shop.example", "www.shop.example", "evil.example")] == [
            *(204, 204),
            403,
        ]
        revoke(page, name)

    @pytest.mark.parametrize(
        ("agent", "origins", "words"),
        [
            ("default", "shop.example", "'shop.example' is not an origin"),
            ("default", "https://shop.example/page", "is not an origin"),
            ("nobody", "https://shop.example", "Agent not found"),
        ],
    )
    def test_a_widget_key_that_cannot_be_made_says_why(
        self, keys: Callable[..., Page], agent: str, origins: str, words: str
    ) -> None:
        page = keys()
        page.get_by_text("New widget key").click()
        page.get_by_label("Name", exact=True).last.fill("bad")
        page.get_by_label("Agent").fill(agent)
        page.get_by_label("Origins").fill(origins)
        page.get_by_role("button", name="Create widget key").click()
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_label("Origins")).to_have_value(origins)

    def test_the_commands_for_other_kinds_run(self, keys: Callable[..., Page], cloud: LocalCloud) -> None:
        commands = keys().locator(".commands code").all_inner_texts()
        assert len(commands) == 5
        environment = os.environ | {"STATE_DIR": str(cloud.state_dir)}
        for command in commands:
            program, *arguments = shlex.split(command.replace("USER", "demo-user").replace("login.", f"{uuid4().hex}."))
            if arguments[0] == "token":
                arguments += ["--issuer", "urn:parlance:demo"]
            done = subprocess.run(
                [ROOT / ".venv" / "bin" / program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                env=environment,
                timeout=60,
            )
            assert (done.returncode, bool(done.stdout)) == (0, True), (command, done.stderr)
