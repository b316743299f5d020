"""The pages about the APIs."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from reference.frames import EVENTS
from reference.openapi import openapi
from tests.browser.conftest import NARROW, WIDE, House, serious_findings

NOT_OURS_TO_CHANGE = {"nested-interactive", "target-size"}
"""Swagger UI puts small buttons into the row that opens an operation."""

type Open = Callable[..., Page]


def test_every_route_is_on_the_page(open_page: Open, house: House) -> None:
    """In its section. They are looked at one by one, because the page holds no more than can be seen of many."""
    page, document = open_page(f"{house.url}/docs"), openapi()
    operations = page.locator(".opblock")
    for tag in document["tags"]:
        wanted = sorted(
            path
            for path, methods in document["paths"].items()
            for one in methods.values()
            if tag["name"] in one["tags"]
        )
        section = page.locator(f'.opblock-tag[data-tag="{tag["name"]}"]')
        section.click()
        expect(operations).to_have_count(len(wanted))
        shown = page.locator(".opblock-summary-path").evaluate_all("all => all.map(one => one.dataset.path)")
        assert sorted(shown) == wanted
        section.click()
        expect(operations).to_have_count(0)
    page.locator(".opblock-tag").first.click()
    page.locator(".opblock-summary-control").first.click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()


def test_every_frame_is_on_the_page(open_page: Open, house: House) -> None:
    page = open_page(f"{house.url}/docs/websocket")
    for model in EVENTS:
        name = model.model_json_schema()["properties"]["event_type"]["const"]
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    for action in ("resume", "stop", "ping"):
        expect(page.get_by_role("heading", name=action, exact=True)).to_be_visible()


def test_the_theme_is_remembered(open_page: Open, house: House) -> None:
    page = open_page(f"{house.url}/docs/websocket")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto(f"{house.url}/docs")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["360", "1440"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_read_them(open_page: Open, house: House, viewport: ViewportSize, dark: bool) -> None:
    page = open_page(f"{house.url}/docs/websocket", viewport=viewport, dark=dark)
    expect(page.get_by_role("heading", name="pong")).to_be_visible()
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{house.url}/docs")
    page.locator(".opblock-tag").first.click()
    expect(page.locator(".opblock").first).to_be_visible()
    found = [one for one in serious_findings(page) if one.partition(":")[0] not in NOT_OURS_TO_CHANGE]
    assert found == []
