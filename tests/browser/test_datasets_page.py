"""The page for datasets beside the deployed stack, over its public APIs."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from local.seed import DATASET
from tests.browser.account_pages import PATIENCE, TEA, file, records, upload
from tests.browser.conftest import WIDE, take
from tests.local.cloud import LocalCloud

type Open = Callable[..., Page]

pytestmark = pytest.mark.system

UNREADABLE: list[tuple[str, str | bytes, str]] = [
    ("picture.png", b"\x89PNG", ".png is not read here"),
    ("README", "text", "A file without an ending is not read here"),
    ("large.txt", b"a" * 2_000_001, "larger than 2 MB"),
    ("empty.md", "", "It is empty."),
    ("blank.txt", " \n\n \n", "It is empty."),
    ("latin.txt", "Tee f\u00fcr zwei".encode("latin-1"), "not text in UTF-8"),
    ("binary.txt", b"MZ\x00\x01", "binary data"),
    ("broken.jsonl", '{"text": "a"}\n{"text": ', "Line 2 is not JSON."),
    ("other.jsonl", '{"title": "a"}', 'Line 1 has no "text".'),
    ("number.jsonl", "7", 'Line 1 has no "text".'),
    ("meta.jsonl", '{"text": "a", "meta": []}', 'The "meta" in line 1 is not an object.'),
]
FOCUSED = """(() => {
    let one = document.activeElement;
    while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    return one.type ?? one.tagName;
})()"""
LINES = (
    '{"text": "Sencha is steamed.", "source": "leaflet"}\n\n{"text": "Bancha is picked late.", "meta": {"shelf": 3}}\n'
)


class TestDatasets:
    def test_documents_become_records_that_are_found(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        upload(page, file("tea.md", TEA), file("more.jsonl", LINES))
        for name, words in (("tea.md", "3 records added"), ("more.jsonl", "2 records added")):
            expect(page.get_by_role("list", name="Files").locator("li", has_text=name)).to_contain_text(
                words, timeout=PATIENCE
            )
        expect(records(page)).to_have_count(5)
        shaded = records(page).filter(has_text="Gyokuro is shaded")
        expect(shaded.locator(".source")).to_have_text("tea.md")
        expect(shaded.locator("p")).to_have_text(re.compile(r"^Tea . Gyokuro\s"))
        expect(records(page).filter(has_text="Sencha").locator(".source")).to_have_text("leaflet")

        page.get_by_role("searchbox").fill("How warm is the water for gyokuro?")
        page.keyboard.press("Enter")
        found = page.get_by_role("list", name="Passages found").get_by_role("listitem")
        expect(found.first).to_contain_text("fifty degrees")
        expect(found.first.locator(".score")).to_have_text(re.compile(r"^Score 0\.\d\d$"))
        widths = found.locator(".bar i").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert widths == sorted(widths, reverse=True)
        assert widths[0] > widths[-1] > 0

        page.get_by_role("searchbox").fill("zeppelin")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_text("Nothing in this dataset answers to “zeppelin”.")).to_be_visible()

        records(page).filter(has_text="Sencha").get_by_role("button", name="Delete").click()
        expect(records(page)).to_have_count(4)
        page.reload()
        expect(records(page)).to_have_count(4)

    def test_files_can_be_dropped(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        dropped = page.evaluate_handle(
            """text => {
                const held = new DataTransfer();
                held.items.add(new File([text], "dropped.txt", { type: "text/plain" }));
                return held;
            }""",
            "Matcha is ground.\n\nIt is whisked.",
        )
        page.locator(".drop").dispatch_event("drop", {"dataTransfer": dropped})
        expect(records(page)).to_have_text(re.compile("Matcha is ground.\\s+It is whisked."))

    def test_files_that_cannot_be_read_say_why(self, open_page: Open, cloud: LocalCloud) -> None:
        page = open_page(f"http://localhost:{cloud.port}/datasets")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        upload(page, *(file(name, content) for name, content, _ in UNREADABLE))
        expect(page.locator("li.failed")).to_have_count(len(UNREADABLE))
        for name, _, words in UNREADABLE:
            failed = page.locator("li.failed", has=page.get_by_text(name, exact=True))
            expect(failed).to_contain_text(words)
        assert sent == []

    def test_a_long_text_is_cut_and_listed_in_pages(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        paragraphs = [f"Paragraph {number}. " + "Leaves are dried. " * 60 for number in range(25)]
        upload(page, file("long.txt", "\n\n".join(paragraphs)), file("one-word.md", "x" * 3_000))
        expect(page.get_by_role("list", name="Files")).to_contain_text("25 records added", timeout=PATIENCE)
        expect(page.get_by_role("list", name="Files")).to_contain_text("3 records added")
        expect(records(page)).to_have_count(20)
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("Page 2")).to_be_visible()
        expect(records(page)).to_have_count(8)
        expect(page.get_by_role("button", name="Next")).to_be_disabled()
        page.get_by_role("button", name="Previous").click()
        expect(records(page)).to_have_count(20)
        records(page).first.get_by_text("whole passage").click()
        shown = records(page).first.locator("details p").inner_text()
        assert 260 < len(shown) <= 1_200

    def test_the_limit_of_requests_makes_it_wait_and_loses_nothing(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        refused: list[str] = []

        def refuse_some(route: Route) -> None:
            text = json.loads(route.request.post_data or "")["text"]
            if len(refused) < 3:
                refused.append(text)
                route.fulfill(status=429, headers={"Retry-After": "2"}, json={"message": "Too many requests"})
            else:
                route.continue_()

        page.route("**/record/create", refuse_some)
        upload(page, file("tea.md", TEA))
        expect(page.get_by_text(re.compile(r"The limit of requests is used up. Going on in \d s."))).to_be_visible()
        expect(page.get_by_text("3 records added")).to_be_visible(timeout=PATIENCE)
        expect(records(page)).to_have_count(3)

    def test_a_lost_connection_is_told_and_can_be_gone_on_from(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        page.clock.install()
        page.route(
            "**/record/create",
            lambda route: route.abort() if "fifty" in (route.request.post_data or "") else route.continue_(),
        )
        upload(page, file("tea.md", TEA))
        failed = page.locator("li.failed")
        for _ in range(30):
            page.clock.run_for(1_000)
            if failed.count():
                break
        expect(failed).to_contain_text("The server cannot be reached.")
        expect(failed).to_contain_text("2 of 3 records were added.")
        page.unroute("**/record/create")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("3 records added")).to_be_visible(timeout=PATIENCE)
        expect(records(page)).to_have_count(3)

    def test_an_upload_can_be_canceled(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        page.route("**/record/create", lambda route: route.fulfill(status=429, headers={"Retry-After": "60"}, json={}))
        upload(page, file("tea.md", TEA))
        expect(page.get_by_text("Going on in")).to_be_visible()
        page.get_by_role("navigation", name="Datasets").get_by_text("Parlance's documentation").click()
        page.get_by_role("dialog", name="Stop the upload?").get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel tea.md").click()
        expect(page.locator("li.canceled")).to_contain_text("Stopped after 0 of 3 records")

    def test_a_dataset_is_deleted_only_when_that_is_confirmed(self, datasets: Callable[..., Page]) -> None:
        page = datasets()
        name = page.locator(".about h2").inner_text()
        entry = page.get_by_role("navigation", name="Datasets").get_by_text(name)
        page.get_by_role("button", name="Delete dataset").click()
        expect(page.get_by_role("dialog", name="Delete this dataset?")).to_contain_text(name)
        page.keyboard.press("Escape")
        expect(entry).to_be_visible()
        page.get_by_role("button", name="Delete dataset").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(entry).to_have_count(0)
        page.reload()
        expect(page.get_by_role("navigation", name="Datasets")).to_be_visible()
        expect(entry).to_have_count(0)

    def test_a_link_leads_to_a_dataset(self, datasets: Callable[..., Page], cloud: LocalCloud) -> None:
        page = datasets()
        name, address = page.locator(".about h2").inner_text(), page.url
        page.get_by_role("navigation", name="Datasets").get_by_text("Parlance's documentation").click()
        expect(page.locator(".about h2")).to_have_text("Parlance's documentation")
        page.goto(address)
        expect(page.locator(".about h2")).to_have_text(name)


def test_files_are_chosen_by_keyboard(datasets: Callable[..., Page]) -> None:
    page = datasets()
    page.get_by_role("searchbox").focus()
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert "file" in reached


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_picture_of_datasets(open_page: Open, cloud: LocalCloud, pictures: Path, dark: bool) -> None:
    page = open_page(f"http://localhost:{cloud.port}/datasets?id={DATASET}", viewport=WIDE, dark=dark)
    page.get_by_role("searchbox").fill("How do I start Parlance locally?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Passages found")).to_be_visible()
    take(page, pictures / f"datasets-{'dark' if dark else 'light'}.png")
