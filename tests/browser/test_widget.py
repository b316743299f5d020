"""`<parlance-chat>` on somebody else's page, talking to a scripted agent on another origin."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import NARROW, WIDE, House, serious_findings
from tests.browser.scripted import KEY

type Open = Callable[..., Page]
TRANSPORTS = ["http", "websocket"]


def ask(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")


def newest(page: Page) -> Locator:
    """The newest reply."""
    return page.locator("li.message.assistant .text").last


def last_reply(page: Page) -> str:
    """Its text, as it is shown now."""
    return newest(page).inner_text()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_conversation(open_page: Open, house: House, transport: str) -> None:
    attributes = f'data-transport="{transport}" data-title="Ask the shop" data-welcome-message="Good evening."'
    page = open_page(house.shop(attributes))
    page.get_by_role("button", name="Open the chat").click()
    panel = page.get_by_role("dialog", name="Ask the shop")
    expect(panel.get_by_text("Good evening.")).to_be_visible()
    ask(page, "What can you do?")
    expect(panel.locator(".text ol > li").first).to_have_text("Put widget.js on a page")
    expect(panel.locator("strong", has_text="your documents")).to_be_visible()
    expect(panel.get_by_role("link", name="Guide", exact=True)).to_have_attribute("href", "https://example.com/guide")
    expect(panel.locator(".source", has_text="The chats dialect")).to_be_visible()
    ask(page, "fails")
    expect(panel.locator(".failure")).to_contain_text("The answer did not arrive. The agent could not answer.")
    assert house.agent.tickets_issued == (1 if transport == "websocket" else 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_words_are_shown_while_more_are_to_come(open_page: Open, house: House, transport: str) -> None:
    page = open_page(house.shop(f'data-open data-transport="{transport}"'))
    ask(page, "slowly")
    expect(newest(page)).to_contain_text("word3")
    assert "word59" not in last_reply(page)
    (turn,) = house.agent.turns.values()
    assert turn.end is None
    expect(page.get_by_role("button", name="Stop the answer")).to_be_visible()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_stop_ends_the_reply_at_its_source(open_page: Open, house: House, transport: str) -> None:
    page = open_page(house.shop(f'data-open data-transport="{transport}"'))
    ask(page, "slowly")
    expect(newest(page)).to_contain_text("word3")
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.locator(".note", has_text="Stopped")).to_be_visible()
    (turn,) = house.agent.turns.values()
    assert turn.stopped
    assert len(turn.tokens) < 60
    assert last_reply(page) == "".join(turn.tokens)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_connection_that_breaks_loses_and_doubles_nothing(open_page: Open, house: House, transport: str) -> None:
    page = open_page(house.shop(f'data-open data-transport="{transport}"'))
    ask(page, "breaks")
    expect(newest(page)).to_contain_text("piece19")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    (turn,) = house.agent.turns.values()
    assert last_reply(page) == turn.script.text
    assert turn.reads == 2
    assert turn.attempt == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_reload_finds_the_conversation_and_goes_on(open_page: Open, house: House, transport: str) -> None:
    page = open_page(house.shop(f'data-open data-transport="{transport}"'))
    ask(page, "slowly")
    expect(newest(page)).to_contain_text("word5")
    page.reload()
    expect(page.locator("li.user")).to_contain_text("slowly")
    expect(newest(page)).to_contain_text("word59")
    (turn,) = house.agent.turns.values()
    assert last_reply(page) == turn.script.text
    assert turn.attempt == 1


def test_an_offline_moment(open_page: Open, house: House) -> None:
    page = open_page(house.shop("data-open"))
    page.context.set_offline(True)
    ask(page, "breaks")
    expect(page.get_by_text("The connection is lost. Trying again").first).to_be_visible()
    assert not house.agent.turns
    page.context.set_offline(False)
    expect(newest(page)).to_contain_text("piece19")
    assert len(house.agent.turns) == 1


def test_nobody_waits_for_a_server_that_is_gone(open_page: Open, house: House) -> None:
    page = open_page(house.shop("data-open"))
    page.context.set_offline(True)
    ask(page, "What can you do?")
    expect(page.get_by_text("The connection is lost. Trying again").first).to_be_visible()
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.locator(".note", has_text="Stopped")).to_be_visible()
    page.context.set_offline(False)
    assert not house.agent.turns


def test_a_failed_reply_is_tried_again_without_doubling_anything(open_page: Open, house: House) -> None:
    page = open_page(house.shop("data-open"))
    ask(page, "fails")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("li.assistant .text")).to_have_text("A reply that arrives at the second attempt")
    expect(page.locator("li.message")).to_have_count(2)
    (turn,) = house.agent.turns.values()
    assert turn.attempt == 2


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_origin_that_is_not_allowed_is_told_so_at_once(open_page: Open, house: House, transport: str) -> None:
    house.agent.origins.remove(f"http://127.0.0.1:{house.port}")
    page = open_page(house.shop(f'data-open data-transport="{transport}"'))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    ask(page, "What can you do?")
    expect(page.locator(".failure")).to_contain_text("Origin not allowed", timeout=2_000)
    assert asked.count("POST") == 1
    assert not house.agent.turns


def test_hostile_markdown_stays_text(open_page: Open, house: House) -> None:
    page = open_page(house.shop("data-open"))
    ask(page, "hostile")
    expect(page.get_by_role("link", name="ordinary")).to_be_visible()
    panel = page.locator("parlance-chat-view")
    for tag in ("script", "img", "iframe", "style", "form", "input", "math", "svg[onload]"):
        expect(panel.locator(f".text {tag}")).to_have_count(0)
    links = panel.get_by_role("link").evaluate_all("all => all.map(one => [one.protocol, one.rel, one.target])")
    assert links
    for protocol, rel, target in links:
        assert protocol in {"http:", "https:", "mailto:"}
        assert "noopener" in rel
        assert target == "_blank"
    attributes = panel.locator(".text *").evaluate_all("all => all.flatMap(one => one.getAttributeNames())")
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    for link in panel.locator(".text a, .source").all():
        link.hover()
    # Whatever was going to run has had the time; the fixture looks for what it would have left behind.
    page.wait_for_timeout(300)


def test_the_keyboard_is_enough(open_page: Open, house: House) -> None:
    page = open_page(house.shop())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("line one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("line two")
    assert page.get_by_role("textbox").input_value() == "line one\nline two"
    page.get_by_role("textbox").fill("What can you do?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Open the chat")).to_be_focused()


def test_a_screen_reader_hears_the_reply_once_and_whole(open_page: Open, house: House) -> None:
    page = open_page(house.shop("data-open"))
    ask(page, "breaks")
    status = page.get_by_role("status")
    heard = set()
    for _ in range(40):
        heard.add(status.inner_text())
        page.wait_for_timeout(40)
    (turn,) = house.agent.turns.values()
    partial = [text for text in heard if text.startswith("piece") and text != turn.script.text]
    assert not partial
    expect(status).to_have_text(turn.script.text)


def test_right_to_left(open_page: Open, house: House) -> None:
    page = open_page(house.shop('data-open data-lang="ar" dir="rtl"'))
    ask(page, "ما هذا؟")
    expect(page.locator(".sources")).to_contain_text("المصادر")
    mine = page.locator("li.message.user .text").bounding_box()
    panel = page.get_by_role("dialog").bounding_box()
    assert mine
    assert panel
    assert mine["x"] - panel["x"] < panel["width"] / 3
    assert page.locator("li.message.assistant .text").evaluate("one => getComputedStyle(one).direction") == "rtl"


def test_a_new_conversation_is_another_session(open_page: Open, house: House) -> None:
    page = open_page(house.shop("data-open"))
    ask(page, "What can you do?")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    page.get_by_role("button", name="Start a new conversation").click()
    expect(page.locator("li.message")).to_have_count(0)
    ask(page, "What can you do?")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    first, second = (body["sessionId"] for body in house.agent.bodies)
    assert first != second
    assert all(re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", session) for session in (first, second))


def test_attributes(open_page: Open, house: House) -> None:
    attributes = 'data-position="bottom-left" data-accent-color="#ffd400" data-input-placeholder="Your question"'
    page = open_page(house.shop(f"{attributes} data-source-url={house.url}/files/{{source}} data-open"))
    button = page.get_by_role("button", name="Send")
    expect(button).to_have_css("background-color", "rgb(255, 212, 0)")
    expect(button).to_have_css("color", "rgb(0, 0, 0)")
    panel = page.get_by_role("dialog").bounding_box()
    assert panel
    assert panel["x"] < 100
    expect(page.get_by_placeholder("Your question")).to_be_visible()
    ask(page, "What can you do?")
    source = page.get_by_role("link", name="The chats dialect")
    expect(source).to_have_attribute("href", f"{house.url}/files/docs/chats.md")
    page.locator("parlance-chat").evaluate("one => one.setAttribute('data-title', 'Changed')")
    expect(page.get_by_role("dialog", name="Changed")).to_be_visible()


def test_the_key_is_all_that_the_page_holds(open_page: Open, house: House) -> None:
    page = open_page(house.shop('data-open data-transport="websocket"'))
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    ask(page, "What can you do?")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    (address,) = sockets
    assert re.fullmatch(r"ws://localhost:\d+/ws/chat\?ticket=[0-9a-f]{32}", address)
    assert KEY not in address


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["360", "1440"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everybody_can_use_it(open_page: Open, house: House, viewport: ViewportSize, dark: bool) -> None:
    page = open_page(house.shop('data-welcome-message="Hello!"'), viewport=viewport, dark=dark)
    assert serious_findings(page) == []
    page.get_by_role("button", name="Open the chat").click()
    ask(page, "What can you do?")
    expect(page.get_by_role("link", name="Guide", exact=True)).to_be_visible()
    ask(page, "fails")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for control in page.get_by_role("button").all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
