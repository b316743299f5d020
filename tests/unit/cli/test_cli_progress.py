"""Following an import."""

import io

from rich.console import Console

from parlance.knowledge.importing.importer import FileResult, Progress
from parlance_cli.progress import import_progress


def follow(console: Console) -> str:
    with import_progress(console) as on_progress:
        on_progress(Progress(0, 2, None))
        on_progress(Progress(1, 2, FileResult("a/long/path/[to]/a/document/that/is/deep/down.md", "imported", 3)))
        on_progress(Progress(2, 2, FileResult("b.md", "skipped", reason="it is empty")))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_terminal_gets_a_bar() -> None:
    drawn = follow(Console(file=io.StringIO(), force_terminal=True, width=120))
    assert "Importing" in drawn
    assert "2/2" in drawn


def test_a_short_import_is_followed_by_nobody_but_a_terminal() -> None:
    assert follow(Console(file=io.StringIO(), width=120)) == ""


def test_a_long_import_says_how_far_it_is() -> None:
    file = io.StringIO()
    with import_progress(Console(file=file, width=120)) as on_progress:
        for done in range(251):
            on_progress(Progress(done, 250, None))
    assert file.getvalue() == "100 of 250 files\n200 of 250 files\n"
