"""`parlance pages publish`: what is copied, in which order, and what is told."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from parlance_cli.errors import CliError
from parlance_cli.pages import content_type_of, publish_pages
from tests.unit.cli.conftest import Run


class Notebook:
    """Implements PageStore, and writes down what is asked of it."""

    def __init__(self, *names: str) -> None:
        self.files = dict.fromkeys(names, b"old")
        self.calls: list[str] = []

    def names(self) -> set[str]:
        return set(self.files)

    def put(self, name: str, content: bytes, content_type: str) -> None:
        self.files[name] = content
        self.calls.append(f"put {name} as {content_type}")

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            del self.files[name]
            self.calls.append(f"remove {name}")

    def refresh(self) -> None:
        self.calls.append("refresh")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name in ("index.html", "widget.js", "assets/style-1.css", "docs/index.html", ".built"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_no_page_ever_names_an_asset_that_is_missing(built: Path) -> None:
    store = Notebook("assets/style-0.css", "index.html")
    assert publish_pages(built, store) == 4
    assert store.calls == [
        "put assets/style-1.css as text/css",
        "put docs/index.html as text/html; charset=utf-8",
        "put index.html as text/html; charset=utf-8",
        "put widget.js as text/javascript; charset=utf-8",
        "refresh",
        "remove assets/style-0.css",
    ]
    assert store.files["index.html"] == b"index.html"


def test_an_empty_folder_empties_nothing(tmp_path: Path) -> None:
    store = Notebook("index.html")
    with pytest.raises(CliError, match="make web"):
        publish_pages(tmp_path, store)
    assert store.files == {"index.html": b"old"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.woff2", "font/woff2"),
        ("a.svg", "image/svg+xml"),
        ("a.json", "application/json"),
        ("a", "application/octet-stream"),
    ],
)
def test_types(name: str, kind: str) -> None:
    assert content_type_of(name) == kind


def test_the_local_cloud_needs_no_copy(run: Run) -> None:
    result = run("pages", "publish")
    assert result.exit_code != 0
    assert "Name the stack" in result.output + result.stderr
