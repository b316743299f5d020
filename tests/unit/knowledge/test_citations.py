"""What a reply says of its sources."""

from typing import Any

import pytest

from parlance.knowledge.citations import citation
from parlance.knowledge.datasets import Record
from parlance.knowledge.shelf import Hit


def hit(text: str = "Kestrels hover.", source: str = "birds.md", meta: dict[str, Any] | None = None) -> Hit:
    return Hit(Record("rec_a", text, source, "Birds > Falcons", 0, 1, 1, meta or {}), 12.34567, ("kestrels",), 1.0)


def test_it_names_the_record_and_where_it_came_from() -> None:
    assert citation(hit()) == {
        "source": "birds.md",
        "uri": None,
        "title": "Birds > Falcons",
        "record_id": "rec_a",
        "score": 12.3457,
        "excerpt": "Kestrels hover.",
    }


@pytest.mark.parametrize(
    ("source", "meta", "uri"),
    [
        ("https://example.com/birds", {}, "https://example.com/birds"),
        ("birds.md", {"url": "https://example.com/b"}, "https://example.com/b"),
        ("birds.md", {"uri": "http://example.com/u", "url": "https://example.com/b"}, "http://example.com/u"),
        ("birds.md", {"url": "javascript:alert(1)"}, None),
        ("birds.md", {"url": 7}, None),
        ("file:///etc/passwd", {}, None),
    ],
)
def test_only_a_web_address_is_one(source: str, meta: dict[str, Any], uri: str | None) -> None:
    assert citation(hit(source=source, meta=meta))["uri"] == uri


def test_an_excerpt_is_short_and_whole_words() -> None:
    text = "word " * 200 + "\n\nend"
    excerpt = citation(hit(text))["excerpt"]
    assert len(excerpt) <= 302
    assert excerpt.endswith("word …")
    assert citation(hit(text), "what was shown")["excerpt"] == "what was shown"
