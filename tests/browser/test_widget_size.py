"""What the widget costs those who embed it."""

import gzip

import pytest

from local.front_door.app import BUILT_PAGES

GZIPPED_MAX = 150 * 1024


def test_the_widget_is_small_and_whole() -> None:
    file = BUILT_PAGES / "widget.js"
    if not file.exists():
        pytest.fail("the widget is not built: run `make web`")
    code = file.read_bytes()
    assert len(gzip.compress(code)) < GZIPPED_MAX
    assert b"import(" not in code
    assert b"https://cdn" not in code
