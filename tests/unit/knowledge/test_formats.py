"""Each format as it is read."""

import io
from contextlib import suppress
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.knowledge.importing.decoding import decode, storable
from parlance.knowledge.importing.documents import Document, UnreadableError
from parlance.knowledge.importing.files import READERS, read_file
from parlance.knowledge.importing.html import read_html
from parlance.knowledge.importing.markdown import read_markdown
from parlance.knowledge.importing.pdf import read_pdf
from parlance.knowledge.importing.plaintext import read_text
from parlance.knowledge.importing.rows import read_csv, read_jsonl
from parlance.knowledge.importing.rst import read_rst

type Outlined = list[tuple[tuple[str, ...], tuple[str, ...]]]


def outlined(document: Document) -> Outlined:
    return [(section.path, section.blocks) for section in document.sections]


def a_pdf(*pages: str) -> bytes:
    """A small but proper PDF with one line of text on each page."""
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(len(pages)))
    font = f"{3 + 2 * len(pages)} 0 R"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()]
    for at, text in enumerate(pages):
        content = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents {4 + 2 * at} 0 R"
            f"/Resources<</Font<</F1 {font}>>>>>>".encode()
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    objects.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    written = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        written
        + head
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            len(written),
        )
    )


def test_markdown() -> None:
    text = """---
title: "The guide"
---
Before any heading.

# Start

Some *marked* [text](https://example.com) with `code`
on two lines.

- one
- two
  with more
  1. inner

```sh
make run
```

| a | b |
|---|---|
| 1 | 2 |

## Inner

<p align="center">In HTML</p>

# Empty
"""
    document = read_markdown(text.encode(), "guide")
    assert document.title == "The guide"
    assert outlined(document) == [
        ((), ("Before any heading.",)),
        (
            ("Start",),
            (
                "Some marked text with `code` on two lines.",
                "- one\n- two with more\n  1. inner",
                "```\nmake run\n```",
                "a | b\n1 | 2",
            ),
        ),
        (("Start", "Inner"), ("In HTML",)),
        (("Empty",), ("Empty",)),
    ]


def test_markdown_headings_in_html() -> None:
    document = read_markdown(b"<h1 align='center'>Name</h1>\n\nWhat it is.\n\n## Use\n\nSo.", "x")
    assert document.title == "Name"
    assert outlined(document) == [(("Name",), ("What it is.",)), (("Name", "Use"), ("So.",))]


def test_a_document_that_does_not_open_with_its_title_goes_by_its_name() -> None:
    assert read_markdown(b"About it.\n\n## Features\n\nMany.", "tool").title == "tool"
    assert read_markdown(b"## Features\n\nMany.", "tool").title == "Features"
    assert read_markdown(b"About it.\n\n# Tool\n\nMany.", "x").title == "Tool"


def test_a_very_long_heading_is_text() -> None:
    document = read_markdown(b"# " + b"long " * 100, "x")
    assert document.title == "x"
    assert len(document.sections[0].blocks[0]) == 499


def test_html() -> None:
    page = """<!doctype html><html><head><title>Page</title><style>p{}</style></head><body>
    <nav>Home</nav><main><h1>Top <a href="#top">#</a></h1>
    <p>One <b>bold</b>
    word.<br>New line.</p>
    <ul><li>first</li><li><p>second</p></li></ul>
    <pre>make  run
    now</pre>
    <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
    <script>alert(1)</script><div>Loose<!-- hidden --></div><h2>Sub</h2>text</main><footer>©</footer>"""
    document = read_html(page.encode(), "page")
    assert document.title == "Top"
    assert outlined(document) == [
        (
            ("Top",),
            (
                "One bold word.\nNew line.",
                "- first\n- second",
                "```\nmake  run\n    now\n```",
                "a | b\n1 | 2",
                "Loose",
            ),
        ),
        (("Top", "Sub"), ("text",)),
    ]


def test_html_says_its_own_encoding() -> None:
    page = '<meta charset="iso-8859-1"><title>Über</title><p>Größe'.encode("latin-1")
    document = read_html(page, "page")
    assert document.title == "Über"
    assert outlined(document) == [((), ("Größe",))]


def test_deep_html_does_no_harm() -> None:
    document = read_html(b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000, "page")
    assert outlined(document) == [((), ("deep",))]
    assert outlined(read_html(b"<b>x" * 20_000, "page")) == [((), ("x" * 20_000,))]


def test_rst() -> None:
    text = """
=====
Title
=====

.. image:: logo.png
   :alt: Logo

A paragraph with ``code``, a :class:`Role` and
a `link <https://example.com>`_.

Use::

    pip install it
      --now

Part
----

.. note:: Take care.

.. code-block:: python
   :linenos:

   import it

* one
* two

.. _target: https://example.com

====  =====
name  value
====  =====
a     1
====  =====
"""
    document = read_rst(text.encode(), "x")
    assert document.title == "Title"
    assert outlined(document) == [
        (
            ("Title",),
            (
                "A paragraph with `code`, a `Role` and a link.",
                "Use:",
                "```\npip install it\n  --now\n```",
            ),
        ),
        (
            ("Title", "Part"),
            ("Take care.", "```\nimport it\n```", "* one\n* two", "name  value\na     1"),
        ),
    ]


@given(st.text(st.sampled_from("ab= -.:`*|_\n\t"), max_size=300))
def test_rst_ends_for_any_text(text: str) -> None:
    read_rst(text.encode(), "x")


@settings(max_examples=50)
@given(st.binary(max_size=300), st.sampled_from(sorted(READERS)))
def test_no_format_fails_in_an_unnamed_way(data: bytes, suffix: str) -> None:
    with suppress(UnreadableError):
        READERS[suffix](data, "x")


def test_plain_text() -> None:
    document = read_text(b"\xef\xbb\xbfFirst\r\nline\r\n\r\n \r\nSecond", "notes")
    assert document.title == "notes"
    assert outlined(document) == [((), ("First\nline", "Second"))]


def test_csv_rows_are_sections() -> None:
    document = read_csv(b"question;answer\nHow to start?;make run\nHow to stop?;Ctrl-C\n;\n", "faq")
    assert outlined(document) == [(("How to start?",), ("make run",)), (("How to stop?",), ("Ctrl-C",))]
    assert document.sections[1].meta == {"row": 2}


def test_csv_columns_are_named() -> None:
    document = read_csv(b'size,colour\n1,"red, or\nblue"\n2\n3,green,extra\n', "stock")
    assert outlined(document) == [
        (("row 1",), ("size: 1\ncolour: red, or\nblue",)),
        (("row 2",), ("size: 2",)),
        (("row 3",), ("size: 3\ncolour: green\nextra",)),
    ]


def test_csv_with_an_open_quote_is_refused() -> None:
    with pytest.raises(UnreadableError, match="line 2 is not CSV"):
        read_csv(b'a,b\n1,"open', "x")


def test_the_key_of_a_row_is_kept_beside_its_text() -> None:
    lines = b'{"_id": "d1", "title": "Start", "text": "make run", "metadata": {}}\n{"_id": "d2"}\n'
    keyed, lone = read_jsonl(lines, "x").sections
    assert (keyed.path, keyed.blocks, keyed.meta) == (("Start",), ("make run",), {"line": 1, "id": "d1"})
    assert (lone.blocks, lone.meta) == (("_id: d2",), {"line": 2, "id": "d2"}), (
        "a row that says nothing else says its key"
    )


def test_jsonl() -> None:
    lines = b'{"title": "Start", "text": "make run"}\n\n"bare"\n{"a": 1, "b": [true, null], "c": null}\n[]\n'
    document = read_jsonl(lines, "x")
    assert outlined(document) == [
        (("Start",), ("make run",)),
        (("line 3",), ("bare",)),
        (("line 4",), ("a: 1\nb: [true, null]",)),
        (("line 5",), ("[]",)),
    ]
    assert document.problems == ()


def test_a_malformed_line_is_named_and_the_rest_read() -> None:
    document = read_jsonl(b'{"text": "good"}\n{"text": \n{"text": "better"}', "x")
    assert [section.blocks for section in document.sections] == [("good",), ("better",)]
    assert document.problems == ("line 2 is not JSON (Expecting value, column 10)",)


def test_many_malformed_lines_are_counted() -> None:
    document = read_jsonl(b'"good"\n' + b"{\n" * 30, "x")
    assert len(document.problems) == 21
    assert document.problems[-1] == "and 10 lines more"


def test_malformed_lines_only() -> None:
    with pytest.raises(UnreadableError, match="line 1 is not JSON"):
        read_jsonl(b"{\n{", "x")
    with pytest.raises(UnreadableError, match="too deep or too long"):
        read_jsonl(b"[" * 200_000, "x")


def test_pdf_pages_are_sections() -> None:
    document = read_pdf(a_pdf("The first page.", "The second page."), "paper")
    assert outlined(document) == [(("page 1",), ("The first page.",)), (("page 2",), ("The second page.",))]
    assert document.sections[1].meta == {"page": 2}


def test_an_encrypted_pdf_is_refused() -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(a_pdf("Secret")))
    writer.encrypt("word", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    with pytest.raises(UnreadableError, match="encrypted"):
        read_pdf(written.getvalue(), "paper")


def test_a_pdf_without_text_is_refused() -> None:
    with pytest.raises(UnreadableError, match="no text"):
        read_pdf(a_pdf(""), "paper")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"not a PDF at all", b"%PDF-1.7\n" + b"\0" * 2_000])
def test_a_broken_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError, match="broken PDF"):
        read_pdf(data, "paper")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 900), st.binary(min_size=1, max_size=20))
def test_a_damaged_pdf_is_read_or_refused(at: int, damage: bytes) -> None:
    whole = a_pdf("One", "Two")
    with suppress(UnreadableError):
        read_pdf(whole[:at] + damage + whole[at + len(damage) :], "paper")


def test_decoding() -> None:
    assert decode("Größe".encode("utf-16")) == "Größe"
    assert decode("Größe".encode("utf-32")) == "Größe"
    with pytest.raises(UnreadableError, match=r"not UTF-8 \(byte 2\)"):
        decode("Größe".encode("latin-1"))
    with pytest.raises(UnreadableError, match="binary"):
        decode(b"GIF89a\0\0")
    with pytest.raises(UnreadableError, match="not utf-16"):
        decode(b"\xff\xfea")


def test_what_cannot_be_stored_is_replaced() -> None:
    assert storable("a\0b\ud800c") == "a b?c"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder.md"
    folder.mkdir()
    with pytest.raises(UnreadableError, match="not a regular file"):
        read_file(folder)
