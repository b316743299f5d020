"""The pages at the front door, and who may see the demo credentials."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from local.front_door.pages import FILES, PAGES, page_routes


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder with all that the build makes; each file holds its own name."""
    for name in (*PAGES.values(), *FILES, "assets/style-1.css"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def get(
    folder: Path, path: str, credentials: Path | None = None, *, peer: str = "127.0.0.1", host: str = "localhost:8000"
) -> httpx.Response:
    """What a peer is answered that asks for a path under that name of ours."""
    app = Starlette(routes=list(page_routes(folder, credentials)))

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers={"Host": host})

    return asyncio.run(call())


@pytest.mark.parametrize(("path", "file"), [*PAGES.items(), *((f"/{name}", name) for name in FILES)])
def test_every_page_is_at_its_address(built: Path, path: str, file: str) -> None:
    answer = get(built, path)
    assert (answer.status_code, answer.text) == (200, file)
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-cache"
    assert ("access-control-allow-origin" in answer.headers) is (file == "widget.js")


def test_assets_are_kept_for_good(built: Path) -> None:
    answer = get(built, "/assets/style-1.css")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert get(built, "/assets/%2e%2e/index.html").status_code == 404
    missing = get(built, "/assets/nothing.css")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("cache-control", "")


def test_pages_that_are_not_built_say_how(tmp_path: Path) -> None:
    answer = get(tmp_path, "/")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_the_playground_learns_only_what_it_needs(built: Path, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    known = {"api_key": "pk_1", "agent_id": "default", "admin_key": "ak_1", "second_tenant": {"api_key": "pk_2"}}
    file.write_text(json.dumps(known))
    answer = get(built, "/_local/credentials", file)
    assert answer.json() == {"api_key": "pk_1", "agent_id": "default"}
    assert answer.headers["cache-control"] == "no-store"
    assert get(built, "/_local/credentials").status_code == 404


def test_only_this_machine_learns_it(built: Path, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"api_key": "pk_1"}))
    assert get(built, "/_local/credentials", file, peer="192.0.2.7").status_code == 403
    for name in ("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", ""):
        answer = get(built, "/_local/credentials", file, host=name)
        assert answer.status_code == 403, name
    for name in ("localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert get(built, "/_local/credentials", file, host=name).status_code == 200, name
