"""The pictures in docs/images. PARLANCE_SCREENSHOTS=1 takes them anew; otherwise they are taken and thrown away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, House, take

type Open = Callable[..., Page]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_widget(open_page: Open, house: House, pictures: Path, dark: bool) -> None:
    name = f"widget-{'dark' if dark else 'light'}.png"
    attributes = 'data-open data-title="Ask us" data-welcome-message="Hello! What would you like to know?"'
    page = open_page(house.shop(attributes), viewport=NARROW if dark else {"width": 1100, "height": 760}, dark=dark)
    page.get_by_role("textbox").fill("What can you do?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    take(page, pictures / name)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_playground(open_page: Open, house: House, pictures: Path, dark: bool) -> None:
    page = open_page(f"{house.url}/?dialect=widget-ndjson", viewport=WIDE, dark=dark)
    page.get_by_label("Widget key").fill("pw_browser_tests")
    page.get_by_label("Widget key").press("Tab")
    for question in ("How does a reply arrive?", "What can you do?"):
        page.get_by_role("textbox", name="Message").fill(question)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    if dark:
        page.get_by_role("tab", name="Timing").last.click()
    take(page, pictures / f"playground-{'dark' if dark else 'light'}.png")


def test_the_api_pages(open_page: Open, house: House, pictures: Path) -> None:
    page = open_page(f"{house.url}/docs", viewport=WIDE)
    page.locator(".opblock-tag").first.click()
    expect(page.locator(".opblock").first).to_be_visible()
    take(page, pictures / "http-api.png")
