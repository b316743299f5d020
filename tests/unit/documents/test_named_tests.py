"""Documents that name tests name tests that there are."""

import re

import pytest

from local.settings import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
DOCUMENTS = [page for page in sorted((ROOT / "docs").glob("*.md")) if NAMED.search(page.read_text())]


def test_the_identity_dialect_names_its_tests() -> None:
    assert ROOT / "docs" / "identity.md" in DOCUMENTS


@pytest.mark.parametrize("document", [page.name for page in DOCUMENTS])
def test_every_test_that_a_document_names_is_there(document: str) -> None:
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall((ROOT / "docs" / document).read_text())
        if not re.search(rf"^\s*(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert not missing
