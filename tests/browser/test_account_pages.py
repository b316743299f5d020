"""The pages for datasets and keys beside the deployed stack, over its public APIs."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, ViewportSize, expect

from local.seed import DATASET
from local.settings import ROOT
from tests.browser.conftest import NARROW, WIDE, serious_findings, take
from tests.local.cloud import LocalCloud

type Open = Callable[..., Page]
PATIENCE = 40_000
"""The first requests of a cloud start processes."""

pytestmark = pytest.mark.system

TEA = """# Tea

Tea is made of leaves.

## Gyokuro

Gyokuro is shaded for three weeks before it is picked.

## Water

Water for gyokuro has fifty degrees.
"""
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


def file(name: str, content: str | bytes) -> FilePayload:
    data = content.encode() if isinstance(content, str) else content
    return FilePayload(name=name, mimeType="", buffer=data)


@pytest.fixture
def datasets(open_page: Open, cloud: LocalCloud) -> Iterator[Callable[..., Page]]:
    """Opens the page with a dataset of the test's own, which is empty, and goes with the test."""
    headers = {"Authorization": f"Bearer {cloud.credentials['chatbotkit_secret']}"}
    made: list[str] = []

    def open_it(**options: object) -> Page:
        page = open_page(f"http://localhost:{cloud.port}/datasets", **options)
        page.set_default_timeout(20_000)
        create_dataset(page, f"Tea {uuid4().hex[:8]}")
        made.append(parse_qs(urlsplit(page.url).query)["id"][0])
        return page

    yield open_it
    for one in made:
        httpx.post(f"http://localhost:{cloud.port}/api/v1/dataset/{one}/delete", headers=headers, json={})


def create_dataset(page: Page, name: str) -> None:
    page.get_by_text("New dataset").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill("What we know of tea")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.get_by_text("There are none yet.")).to_be_visible()


def upload(page: Page, *files: FilePayload) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def records(page: Page) -> Locator:
    return page.get_by_role("list", name="Records").get_by_role("listitem")


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


@pytest.fixture
def keys(open_page: Open, cloud: LocalCloud) -> Callable[..., Page]:
    def open_it(**options: object) -> Page:
        page = open_page(f"http://localhost:{cloud.port}/keys", **options)
        page.set_default_timeout(20_000)
        expect(page.get_by_role("heading", name="For your backend")).to_be_visible()
        return page

    return open_it


def made_key(page: Page) -> str:
    """The text of the new key, as it is shown once."""
    shown = page.get_by_role("region", name="The new key")
    expect(shown).to_contain_text("it will not be shown again")
    return shown.locator("code").inner_text()


def revoke(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Revoke {name}").click()
    page.get_by_role("dialog", name="Revoke this key?").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name=f"Revoke {name}")).to_have_count(0)


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
