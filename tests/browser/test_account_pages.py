"""What holds of the pages for datasets and keys alike: whom they let in, and who can use them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.account_pages import PATIENCE, TEA, file, made_key, revoke, upload
from tests.browser.conftest import NARROW, WIDE, serious_findings, take
from tests.local.cloud import LocalCloud

type Open = Callable[..., Page]

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("path", "asks", "label"),
    [
        ("datasets", "This page needs a platform secret", "Platform secret"),
        ("keys", "This page needs an API key", "API key"),
    ],
)
class TestElsewhere:
    """Where no local cloud tells its keys."""

    def test_a_key_is_asked_for_and_one_that_is_wrong_is_refused(
        self, open_page: Open, cloud: LocalCloud, path: str, asks: str, label: str
    ) -> None:
        page = open_page("about:blank")
        page.route("**/_local/credentials", lambda route: route.fulfill(status=404, body=""))
        page.goto(f"http://localhost:{cloud.port}/{path}")
        expect(page.get_by_text(asks)).to_be_visible()
        page.get_by_label(label).fill("sk-wrong")
        page.get_by_label(label).press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The server does not accept this key.")
        good = cloud.credentials["api_key" if path == "keys" else "chatbotkit_secret"]
        page.get_by_label(label).fill(str(good))
        page.get_by_label(label).press("Enter")
        expect(page.get_by_role("list").first).to_be_visible()
        expect(page.locator(".failure")).to_have_count(0)
        assert str(good) not in json.dumps(page.evaluate("({ ...localStorage })"))

    def test_a_server_that_is_away_is_told(
        self, open_page: Open, cloud: LocalCloud, path: str, asks: str, label: str
    ) -> None:
        page = open_page("about:blank")
        page.route("**/api/v1/**", lambda route: route.abort())
        page.goto(f"http://localhost:{cloud.port}/{path}")
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["360", "1440"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
class TestEverybody:
    def test_can_use_datasets(self, datasets: Callable[..., Page], viewport: ViewportSize, dark: bool) -> None:
        page = datasets(viewport=viewport, dark=dark)
        upload(page, file("tea.md", TEA), file("picture.png", b"\x89PNG"))
        expect(page.get_by_text("3 records added")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("searchbox").fill("gyokuro water")
        page.keyboard.press("Enter")
        expect(page.get_by_role("list", name="Passages found")).to_be_visible()
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_text("New dataset").click()
        page.get_by_role("button", name="Delete dataset").click()
        assert serious_findings(page) == []
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_can_use_keys(self, keys: Callable[..., Page], viewport: ViewportSize, dark: bool, pictures: Path) -> None:
        page = keys(viewport=viewport, dark=dark)
        if viewport == WIDE:
            take(page, pictures / f"keys-{'dark' if dark else 'light'}.png")
        page.get_by_text("New widget key").click()
        page.get_by_text("New key").click()
        page.get_by_label("Name", exact=True).first.fill("for a look")
        assert serious_findings(page) == []
        page.get_by_role("button", name="Create key").click()
        made_key(page)
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        revoke(page, "for a look")
