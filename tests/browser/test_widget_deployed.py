"""The widget against the deployed stack: real keys, origins, streams and tickets."""

from collections.abc import Callable, Iterator
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from local.seed import TENANT
from parlance_cli import operations
from parlance_cli.deployment import Deployment, local_deployment
from tests.browser.conftest import SHOP, serving
from tests.browser.test_widget import ask, newest
from tests.local.cloud import LocalCloud

type Open = Callable[..., Page]
QUESTION = "How do I start Parlance locally?"
PATIENCE = 60_000

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def shop() -> Iterator[int]:
    """Somebody's site, on an origin of its own; its port."""

    async def page(request: Request) -> Response:
        return HTMLResponse(
            SHOP.replace("ATTRIBUTES", request.query_params["attributes"]).replace(
                "/widget.js", request.query_params["script"]
            )
        )

    with serving(Starlette(routes=[Route("/", page)])) as port:
        yield port


@pytest.fixture(scope="module")
def deployment(cloud: LocalCloud) -> Deployment:
    return local_deployment(cloud.state_dir)


@pytest.fixture(scope="module")
def embed(cloud: LocalCloud, deployment: Deployment, shop: int) -> Callable[..., str]:
    """The address of a page with a widget for an agent, whose key allows that page's origin, or another one."""

    def address(attributes: str = "", *, agent: str = "default", origin: str | None = None) -> str:
        origins = [origin or f"http://127.0.0.1:{shop}"]
        key = operations.create_widget_key(
            deployment, TENANT, f"shop {uuid4().hex[:6]}", agent_id=agent, origins=origins
        )
        given = f'data-open data-api-url="http://localhost:{cloud.port}" data-api-key="{key.secret}" {attributes}'
        script = f"http://localhost:{cloud.port}/widget.js"
        return f"http://127.0.0.1:{shop}/?attributes={quote(given)}&script={quote(script)}"

    return address


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_a_conversation(open_page: Open, embed: Callable[..., str], transport: str) -> None:
    page = open_page(embed(f'data-transport="{transport}"'))
    ask(page, QUESTION)
    expect(newest(page)).to_contain_text("make run", timeout=PATIENCE)
    expect(page.locator(".sources")).to_contain_text("README.md", timeout=PATIENCE)
    ask(page, "And how do I stop it?")
    expect(page.locator("li.message.assistant.done")).to_have_count(2, timeout=PATIENCE)


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_a_slow_reply_survives_a_reload_and_can_be_stopped(
    open_page: Open, embed: Callable[..., str], transport: str
) -> None:
    page = open_page(embed(f'data-transport="{transport}"', agent="slow"))
    ask(page, QUESTION)
    expect(newest(page)).not_to_be_empty(timeout=PATIENCE)
    page.reload()
    expect(page.locator("li.message.assistant.streaming")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.locator("li.message.assistant.stopped")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("li.message")).to_have_count(2)


def test_an_origin_that_is_not_allowed(open_page: Open, embed: Callable[..., str]) -> None:
    page = open_page(embed(origin="https://elsewhere.example"))
    ask(page, QUESTION)
    expect(page.locator(".failure")).to_contain_text("Origin not allowed", timeout=PATIENCE)


def test_a_hostile_document_runs_nothing(open_page: Open, embed: Callable[..., str]) -> None:
    page = open_page(embed(agent="hostile"))
    ask(page, "What does the harbour lantern burn?")
    expect(newest(page)).to_contain_text("whale oil", timeout=PATIENCE)
    expect(page.locator("li.message.assistant.done")).to_be_visible(timeout=PATIENCE)
    for tag in ("script", "img", "iframe", "style", "form"):
        expect(page.locator(f"parlance-chat-view .text {tag}")).to_have_count(0)
