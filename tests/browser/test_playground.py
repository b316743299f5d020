"""The playground beside the deployed stack, talking to real agents over its real APIs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from tests.browser.conftest import NARROW, WIDE, House, serious_findings
from tests.local.cloud import LocalCloud

type Open = Callable[..., Page]
QUESTION = "How do I start Parlance locally?"
CHATS = ["chats-websocket", "chats-http"]

pytestmark = pytest.mark.system


@pytest.fixture
def playground(open_page: Open, cloud: LocalCloud) -> Callable[..., Page]:
    """Opens it with a dialect and an agent."""

    def open_it(dialect: str = "chats-websocket", agent: str = "default", **options: object) -> Page:
        page = open_page(f"http://localhost:{cloud.port}/?dialect={dialect}", **options)
        page.set_default_timeout(40_000)
        field = page.get_by_label("Agent")
        expect(field).to_have_value("default")
        if agent != "default":
            field.fill(agent)
            field.press("Tab")
        return page

    return open_it


def ask(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")


def reply(page: Page) -> Locator:
    return page.locator("li.message.assistant .text").last


def finished(page: Page) -> None:
    expect(page.get_by_role("button", name="Send")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("dialect", CHATS)
def test_a_conversation_with_sources_and_its_wire(playground: Callable[..., Page], dialect: str) -> None:
    page = playground(dialect)
    ask(page, QUESTION)
    expect(reply(page)).to_contain_text("make run", timeout=60_000)
    finished(page)
    expect(page.locator(".sources")).to_contain_text("README.md")
    wire = page.locator(".wire")
    for event in ("message_received", "message_stream_started", "message_stream_token", "message_stream_ended"):
        expect(wire.locator("b", has_text=event).first).to_be_visible()
    wire.locator("summary", has_text="message_stream_ended").click()
    expect(wire.locator("pre").last).to_contain_text('"output_tokens"')
    page.get_by_role("tab", name="Timing").last.click()
    expect(page.get_by_role("img", name=re.compile(r"Time to first token, oldest to newest: \d+ ms"))).to_be_visible()


@pytest.mark.parametrize(
    ("dialect", "events"), [("widget-ndjson", ["start", "done"]), ("widget-ui", ["text-delta", "finish"])]
)
def test_a_conversation_in_the_widget_dialect(
    open_page: Open, cloud: LocalCloud, dialect: str, events: list[str]
) -> None:
    page = open_page(f"http://localhost:{cloud.port}/?dialect={dialect}")
    ask(page, QUESTION)
    expect(reply(page)).to_contain_text("make run", timeout=60_000)
    finished(page)
    expect(page.locator(".sources")).to_contain_text("README.md")
    for event in events:
        expect(page.locator(".wire b", has_text=event).first).to_be_visible()


@pytest.mark.parametrize(
    ("dialect", "events"),
    [
        ("platform", ["completeBegin", "token", "completeEnd", "result"]),
        ("identity", ["to be sealed", "sealed answer", "opened"]),
    ],
)
def test_a_conversation_in_the_other_dialects(playground: Callable[..., Page], dialect: str, events: list[str]) -> None:
    page = playground(dialect)
    ask(page, QUESTION)
    expect(reply(page)).to_contain_text("make run", timeout=60_000)
    finished(page)
    # The identity dialect's answers have no place for sources.
    expect(page.locator(".sources")).to_have_count(1 if dialect == "platform" else 0)
    for event in events:
        expect(page.locator(".wire b", has_text=event).first).to_be_visible()
    page.get_by_role("tab", name="Timing").last.click()
    expect(page.get_by_role("img", name=re.compile(r"Time to first token, oldest to newest: \d+ ms"))).to_be_visible()
    ask(page, "What is a dialect?")
    finished(page)
    page.reload()
    expect(page.locator("li.message")).to_have_count(4)


def test_what_the_identity_dialect_sends_can_be_read_by_the_server_alone(
    playground: Callable[..., Page], cloud: LocalCloud
) -> None:
    page = playground("identity")
    with page.expect_request("**/chatapi/query/agent/default") as sent:
        ask(page, QUESTION)
    finished(page)
    headers = sent.value.all_headers()
    assert list(json.loads(sent.value.post_data or "")) == ["data"]
    assert "Parlance" not in (sent.value.post_data or "")
    assert "eyJ" not in headers["authorization"]
    assert headers["requestid"] not in {headers["publickey"], headers["authorization"]}
    token = str(cloud.credentials["user_token"])
    assert token not in page.content()
    with page.expect_request("**/chatapi/query/agent/default") as again:
        ask(page, QUESTION)
    assert again.value.post_data != sent.value.post_data


def test_a_reply_of_the_platform_dialect_that_breaks_off_is_found_where_it_is_kept(
    playground: Callable[..., Page],
) -> None:
    page = playground("platform")

    def cut_off(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().split("\n")[0] + "\n")

    page.route("**/complete", cut_off)
    ask(page, QUESTION)
    expect(reply(page)).to_contain_text("make run", timeout=60_000)
    finished(page)
    expect(page.locator(".sources")).to_contain_text("README.md")
    expect(page.locator("li.message")).to_have_count(2)


def test_a_server_that_is_away_is_told(open_page: Open, house: House) -> None:
    page = open_page("about:blank")
    page.route("**/_local/credentials", lambda route: route.abort())
    page.goto(house.url)
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()


@pytest.mark.parametrize("dialect", ["platform", "identity"])
def test_who_is_refused_is_told(open_page: Open, cloud: LocalCloud, dialect: str) -> None:
    page = open_page("about:blank")
    page.route("**/_local/credentials", lambda route: route.fulfill(status=404, body=""))
    page.goto(f"http://localhost:{cloud.port}/?dialect={dialect}")
    field = page.get_by_label("Platform secret" if dialect == "platform" else "User token")
    field.fill("sk-wrong")
    field.press("Tab")
    ask(page, QUESTION)
    words = "Not authenticated" if dialect == "platform" else "Invalid token"
    expect(page.locator(".failure")).to_contain_text(words, timeout=20_000)


@pytest.mark.parametrize("dialect", CHATS)
def test_words_come_before_the_end_and_stop_stops(playground: Callable[..., Page], dialect: str) -> None:
    page = playground(dialect, "slow")
    ask(page, QUESTION)
    expect(reply(page)).not_to_be_empty(timeout=60_000)
    before = reply(page).inner_text()
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.locator(".note", has_text="Stopped")).to_be_visible(timeout=30_000)
    assert len(before) < len("make run") * 20
    expect(page.locator(".sources")).to_be_visible()


def test_a_reload_resumes_the_reply(playground: Callable[..., Page]) -> None:
    page = playground(agent="slow")
    ask(page, QUESTION)
    expect(reply(page)).not_to_be_empty(timeout=60_000)
    page.reload()
    page.get_by_label("Agent").fill("slow")
    page.get_by_label("Agent").press("Tab")
    expect(page.locator("li.message.user")).to_contain_text(QUESTION)
    finished(page)
    expect(page.locator(".note")).to_have_count(0)
    shown = reply(page).inner_text()
    page.get_by_label("Dialect").select_option("chats-http")
    expect(page.locator("li.message")).to_have_count(2)
    assert reply(page).inner_text() == shown


def test_a_hostile_document_runs_nothing(playground: Callable[..., Page]) -> None:
    page = playground(agent="hostile")
    ask(page, "What does the harbour lantern burn?")
    expect(reply(page)).to_contain_text("whale oil", timeout=60_000)
    finished(page)
    for tag in ("script", "img", "iframe", "style", "form"):
        expect(page.locator(f"parlance-chat-view .text {tag}")).to_have_count(0)
    assert page.evaluate("window.pwned ?? null") is None


@pytest.mark.parametrize("language", ["curl", "Python", "JavaScript"])
@pytest.mark.parametrize(
    ("dialect", "end"),
    [
        ("chats-http", '"event_type":"message_stream_ended"'),
        ("platform", '"type":"result"'),
        ("identity", "sessionId"),
    ],
)
def test_what_is_copied_runs(
    playground: Callable[..., Page], dialect: str, end: str, language: str, tmp_path: Path
) -> None:
    page = playground(dialect, permissions=["clipboard-read", "clipboard-write"])
    ask(page, QUESTION)
    expect(reply(page)).to_contain_text("make run", timeout=60_000)
    finished(page)
    page.get_by_role("tab", name="Request").last.click()
    page.get_by_role("button", name=language, exact=True).click()
    for secret in ("pk_", "sk-", "eyJ"):
        assert secret not in page.locator(".code").inner_text()
    page.get_by_label("with my key").check()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    program = page.evaluate("navigator.clipboard.readText()")
    tools = {
        "curl": ["bash", "-c"],
        "Python": [sys.executable, "-c"],
        "JavaScript": ["node", "--input-type=module", "-e"],
    }
    if not shutil.which(language.lower()) and language == "curl":
        pytest.skip("no curl on the PATH")
    # The key is in the program, as it would be in the developer's terminal; the proxy of a machine is not meant.
    environment = {**os.environ, "NO_PROXY": "localhost"}
    done = subprocess.run(
        [*tools[language], program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment,
        cwd=tmp_path,
    )
    assert end in done.stdout
    assert "make run" in done.stdout


def test_without_a_local_cloud_it_asks_for_a_key(open_page: Open, house: House) -> None:
    page = open_page(f"{house.url}/?dialect=widget-ndjson")
    expect(page.get_by_text("This dialect needs a widget key.")).to_be_visible()
    page.get_by_label("Widget key").fill("pw_browser_tests")
    page.get_by_label("Widget key").press("Tab")
    ask(page, "What can you do?")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    assert page.evaluate("localStorage.getItem('parlance:playground:access')") is None


def test_the_credentials_are_for_this_machine_alone(cloud: LocalCloud) -> None:
    import httpx

    address = f"http://127.0.0.1:{cloud.port}/_local/credentials"
    shown = httpx.get(address).json()
    assert shown["api_key"] == cloud.credentials["api_key"]
    assert not shown.keys() & {"second_tenant", "admin_key", "license_key", "service_key", "aws_endpoint"}
    assert httpx.get(address, headers={"Host": "rebound.example"}).status_code == 403
    assert "access-control-allow-origin" not in httpx.get(address, headers={"Origin": "http://evil.example"}).headers


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["360", "1440"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_use_it(playground: Callable[..., Page], viewport: ViewportSize, dark: bool) -> None:
    page = playground("chats-http", viewport=viewport, dark=dark)
    ask(page, QUESTION)
    expect(reply(page)).to_contain_text("make run", timeout=60_000)
    finished(page)
    assert serious_findings(page) == []
    for name in ("Wire", "Request", "Timing"):
        page.locator("[role=tab]:visible", has_text=name).last.click()
        assert serious_findings(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
