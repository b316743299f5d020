"""What people read first: links lead somewhere, tables are whole, and the maps of the house show all of it."""

import re
from pathlib import Path

import pytest

from local.settings import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGE = ROOT / "layers" / "parlance" / "parlance"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()

_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_DIVIDER = re.compile(r"\|([ :]*-+[ :]*\|)+")
_MODULE = re.compile(r"`(parlance(?:\.\w+)+)`")

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)


def prose(document: Path) -> str:
    return _FENCED.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """What a heading is linked by on the pages of code hosts."""
    headings = _HEADING.findall(prose(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_document
def test_tables_are_whole(document: Path) -> None:
    for block in re.split(r"\n\s*\n", prose(document)):
        rows = block.strip().splitlines()
        if not any(row.startswith("|") for row in rows):
            continue
        assert all(row.startswith("|") and row.endswith("|") for row in rows), block
        assert _DIVIDER.fullmatch(rows[1]), block
        assert len({_CODE.sub("", row).count("|") for row in rows}) == 1, block


@every_document
def test_modules_that_are_named_are_there(document: Path) -> None:
    for name in _MODULE.findall(document.read_text()):
        # What is not a module is something in one.
        *holding, last = name.split(".")[1:]
        folder = PACKAGE.joinpath(*holding)
        assert (folder / last).is_dir() or (folder / f"{last}.py").is_file() or folder.with_suffix(".py").is_file()


def test_the_architecture_shows_every_package() -> None:
    packages = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert set(re.findall(r"^\| `parlance\.(\w+)` \|", ARCHITECTURE, re.MULTILINE)) == packages


def test_the_architecture_shows_every_kind_of_test() -> None:
    kinds = {file.name for file in (ROOT / "tests").iterdir() if file.is_dir() and not file.name.startswith("__")}
    assert set(re.findall(r"\| `tests/(\w+)` \|$", ARCHITECTURE, re.MULTILINE)) == kinds - {"fakes"}


def test_the_readme_leads_to_every_document() -> None:
    listed = set(_LINK.findall(prose(DOCUMENTS[0]).partition("## Read on")[2]))
    reached = {link for document in DOCUMENTS[1:] for link in _LINK.findall(prose(document))}
    for document in DOCUMENTS[1:]:
        assert f"docs/{document.name}" in listed or document.name in reached, document.name
