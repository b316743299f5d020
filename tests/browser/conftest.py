"""Headless Chromium, and servers for it to look at."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from local.front_door.app import BUILT_PAGES
from local.run import listening_socket, uvicorn_config
from local.seed import DATASET, TENANT
from local.settings import ROOT
from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import local_deployment
from tests.browser.account_pages import create_dataset
from tests.browser.scripted import KEY, Agent
from tests.browser.scripts import HOSTILE, SCRIPTS
from tests.local.cloud import LocalCloud

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 740}
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
expect.set_options(timeout=12_000)
SHOP = (Path(__file__).parent / "shop.html").read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or whichever PARLANCE_CHROMIUM names.

    Closed after each module: while Playwright runs, its event loop is the thread's, and no test could run another.
    """
    executable = os.environ.get("PARLANCE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("no Chromium on the PATH: the browser tests were left out (apt-get install chromium)")
    if not (BUILT_PAGES / "index.html").exists():
        pytest.fail("the pages are not built: run `make web`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and everything about it that ought not to happen."""

    page: Page
    trouble: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.trouble.append(f"uncaught: {error}"))
        self.page.on(
            "console", lambda said: self.trouble.append(said.text) if _is_trouble(said.text, said.type) else None
        )
        self.page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if urlsplit(url).hostname not in {"localhost", "127.0.0.1", None}:
            self.elsewhere.append(url)


def _is_trouble(text: str, kind: str) -> bool:
    """Chromium reports failed requests too, which tests bring about on purpose."""
    return (
        kind == "error" and not text.startswith("Failed to load resource") and "ERR_" not in text and "CORS" not in text
    )


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser of its own; fails if a script failed, ran where it must not, or left home."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def open_one(url: str, *, viewport: ViewportSize = WIDE, dark: bool = False, **options: Any) -> Page:
        context = browser.new_context(
            viewport=viewport,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
            **options,
        )
        context.set_default_timeout(15_000)
        watched = Watched(context.new_page())
        watched.watch()
        opened.append((context, watched))
        watched.page.goto(url)
        return watched.page

    yield open_one
    found = [
        (one.trouble, one.elsewhere, one.page.evaluate("window.pwned ?? null"))
        for _, one in opened
        if not one.page.is_closed()
    ]
    for context, _ in opened:
        context.close()
    assert all(one == ([], [], None) for one in found), found


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: into docs/images when PARLANCE_SCREENSHOTS says so, else nowhere that lasts."""
    folder = ROOT / "docs" / "images" if os.environ.get("PARLANCE_SCREENSHOTS") else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def take(page: Page, file: Path) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=file)
    assert file.stat().st_size > 8_000


@contextmanager
def serving(app: object, port: int = 0) -> Iterator[int]:
    """Serve an ASGI application on loopback; yields its port."""
    with listening_socket(port) as listener:
        config = uvicorn_config(app)
        # Cut short below, which the life span protocol would complain about.
        config.lifespan = "off"
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.force_exit = server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The local cloud, with two more agents: a slow one, and one that was given a hostile document."""
    cloud = LocalCloud.start(tmp_path_factory.mktemp("cloud"))
    deployment = local_deployment(cloud.state_dir)
    tenant = deployment.tenants.tenant(TENANT)
    assert tenant is not None
    # All tests of a module are one tenant's, and faster than people.
    deployment.tenants.put_tenant(replace(tenant, limits=Limits(rest_per_minute=100_000)))
    operations.create_agent(deployment, TENANT, "Slow", agent_id="slow", settings={"pace": 0.15}, dataset_id=DATASET)
    documents = tmp_path_factory.mktemp("documents")
    (documents / "lantern.txt").write_text(f"The harbour lantern burns whale oil. {HOSTILE}")
    operations.create_dataset(deployment, TENANT, "Hostile", dataset_id="hostile")
    operations.import_dataset(deployment, TENANT, "hostile", documents)
    operations.create_agent(deployment, TENANT, "Hostile", agent_id="hostile", dataset_id="hostile")
    yield cloud
    errors = cloud.stop()
    assert not errors, errors


@dataclass
class House:
    """The scripted agent's server; the same server is also the shop that embeds its widget."""

    agent: Agent
    port: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def shop(self, attributes: str = "", *, host: str = "127.0.0.1") -> str:
        """The address of the shop's page: another origin than that of the agent, which allows it under this name."""
        given = f'data-api-url="{self.url}" data-api-key="{KEY}" {attributes}'
        return f"http://{host}:{self.port}/shop?attributes={quote(given)}"


@pytest.fixture
def house() -> Iterator[House]:
    """A scripted agent of the test's own."""
    origins: list[str] = []
    agent = Agent(dict(SCRIPTS), origins)
    with serving(agent.app(SHOP)) as port:
        origins += [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
        yield House(agent, port)


def serious_findings(page: Page) -> list[str]:
    """What axe finds that keeps people out, in words."""
    page.evaluate(AXE.read_text())
    rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = page.evaluate("rules => axe.run({ runOnly: rules })", rules)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.fixture
def datasets(open_page: Callable[..., Page], cloud: LocalCloud) -> Iterator[Callable[..., Page]]:
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


@pytest.fixture
def keys(open_page: Callable[..., Page], cloud: LocalCloud) -> Callable[..., Page]:
    def open_it(**options: object) -> Page:
        page = open_page(f"http://localhost:{cloud.port}/keys", **options)
        page.set_default_timeout(20_000)
        expect(page.get_by_role("heading", name="For your backend")).to_be_visible()
        return page

    return open_it
