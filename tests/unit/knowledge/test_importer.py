"""Importing files and folders."""

import os
from pathlib import Path

import pytest

from parlance.errors import InvalidInputError, NotFoundError
from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.importing.importer import FileResult, ImportReport, Progress, import_path
from tests.fakes.clock import ManualClock
from tests.fakes.datasets import MemoryDatasets

DATASET = Dataset("tenant", "docs", "Docs", "", 1, 1)


@pytest.fixture
def store() -> MemoryDatasets:
    store = MemoryDatasets(ManualClock())
    store.create(DATASET)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a.md").write_text("# A\n\nThe first.\n\n## More\n\nThe second.")
    (root / "deep" / "er" / "b.txt").write_text("The third.")
    return root


def held(store: MemoryDatasets) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in store.records("tenant", "docs"):
        found.setdefault(record.source, []).append(record.text)
    return found


def imported(folder: Path, store: MemoryDatasets, *, prune: bool = False) -> ImportReport:
    return import_path(folder, DATASET, store, clock=ManualClock(), prune=prune)


def reasons(report: ImportReport) -> dict[str, str | None]:
    return {result.source: result.reason for result in report.skipped}


def test_a_folder(folder: Path, store: MemoryDatasets) -> None:
    report = imported(folder, store)
    assert report.results == (
        FileResult("a.md", "imported", 2),
        FileResult("deep/er/b.txt", "imported", 1),
    )
    assert (report.passages, report.dataset.record_count, report.dataset.version) == (3, 3, 2)
    assert held(store) == {"a.md": ["The first.", "The second."], "deep/er/b.txt": ["The third."]}
    first = next(one for one in store.records("tenant", "docs") if one.text == "The second.")
    assert (first.title, first.position, first.source) == ("A > More", 1, "a.md")


def test_a_single_file(folder: Path, store: MemoryDatasets) -> None:
    report = imported(folder / "deep" / "er" / "b.txt", store)
    assert report.results == (FileResult("b.txt", "imported", 1),)


def test_importing_again_replaces_and_forgets_what_went(folder: Path, store: MemoryDatasets) -> None:
    imported(folder, store)
    (folder / "a.md").write_text("# A\n\nThe new first.")
    report = imported(folder, store)
    assert held(store) == {"a.md": ["The new first."], "deep/er/b.txt": ["The third."]}
    assert report.dataset.record_count == 2


def test_importing_the_same_again_changes_nothing(folder: Path, store: MemoryDatasets) -> None:
    first = imported(folder, store)
    assert imported(folder, store).dataset == first.dataset


def test_a_file_that_became_empty_says_nothing_any_more(folder: Path, store: MemoryDatasets) -> None:
    imported(folder, store)
    (folder / "a.md").write_text("")
    assert reasons(imported(folder, store)) == {"a.md": "it is empty"}
    assert held(store) == {"deep/er/b.txt": ["The third."]}


def test_a_file_that_became_unreadable_keeps_what_it_said(folder: Path, store: MemoryDatasets) -> None:
    imported(folder, store)
    (folder / "a.md").write_bytes(b"\0\1\2")
    assert reasons(imported(folder, store, prune=True)) == {"a.md": "it is a binary file"}
    assert held(store)["a.md"] == ["The first.", "The second."]


def test_prune_removes_sources_that_are_gone(folder: Path, store: MemoryDatasets) -> None:
    imported(folder, store)
    store.add_record("tenant", "docs", Record("rec_by_hand", "By hand.", "a hand", "", 0, 1, 1))
    (folder / "a.md").unlink()
    assert imported(folder, store).removed == ()
    assert "a.md" in held(store)
    report = imported(folder, store, prune=True)
    assert report.removed == ("a.md",)
    assert held(store) == {"deep/er/b.txt": ["The third."], "a hand": ["By hand."]}
    assert report.dataset.record_count == 2


def test_prune_needs_a_folder(folder: Path, store: MemoryDatasets) -> None:
    with pytest.raises(InvalidInputError, match="folder"):
        imported(folder / "a.md", store, prune=True)


def test_a_path_that_is_not_there(folder: Path, store: MemoryDatasets) -> None:
    with pytest.raises(InvalidInputError, match="no file or folder"):
        imported(folder / "none", store)


def test_a_dataset_that_is_not_there(folder: Path) -> None:
    with pytest.raises(NotFoundError):
        imported(folder, MemoryDatasets(ManualClock()))


def test_every_bad_file_has_its_own_reason_and_the_rest_is_imported(folder: Path, store: MemoryDatasets) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    (folder / "latin.txt").write_bytes("Größe".encode("latin-1"))
    (folder / "binary.md").write_bytes(b"\x7fELF\0\0")
    (folder / "space.md").write_text(" \n\n ")
    (folder / "bad.jsonl").write_text('{"text": "good"}\n{bad\n')
    (folder / "photo.jpg").write_bytes(b"jpg")
    (folder / "Makefile").write_text("all:")
    report = imported(folder, store)
    assert reasons(report) == {
        "Makefile": "a file without an ending is not a format that can be imported",
        "binary.md": "it is a binary file",
        "broken.pdf": "it is a broken PDF (PdfStreamError)",
        "latin.txt": "its text is not UTF-8 (byte 2)",
        "photo.jpg": ".jpg is not a format that can be imported",
        "space.md": "it is empty",
    }
    bad = next(result for result in report.results if result.source == "bad.jsonl")
    assert (bad.status, bad.passages) == ("imported", 1)
    assert bad.problems[0].startswith("line 2 is not JSON")
    assert len(held(store)) == 3


def test_a_huge_file_is_not_read(folder: Path, store: MemoryDatasets) -> None:
    with (folder / "huge.txt").open("wb") as huge:
        huge.truncate(10_000_001)
    assert reasons(imported(folder, store)) == {"huge.txt": "it is larger than 10 MB"}


def test_a_file_of_very_many_rows_is_refused(folder: Path, store: MemoryDatasets) -> None:
    (folder / "rows.csv").write_text("n\n" + "1\n" * 100_001)
    assert reasons(imported(folder, store)) == {"rows.csv": "it makes more than 100000 passages"}


def test_hidden_files_and_links_in_a_circle(folder: Path, store: MemoryDatasets) -> None:
    (folder / ".hidden.md").write_text("no")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.txt").write_text("no")
    (folder / "deep" / "back").symlink_to(folder, target_is_directory=True)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "gone.md").symlink_to(folder / "nothing.md")
    report = imported(folder, store)
    assert [one.source for one in report.results if one.status == "imported"] == ["a.md", "deep/er/b.txt"]
    assert reasons(report)["gone.md"] == "it cannot be read: No such file or directory"
    assert (reasons(report)["loop.md"] or "").startswith("it cannot be read: Too many levels")


def test_a_pipe_is_not_waited_for(folder: Path, store: MemoryDatasets) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert reasons(imported(folder, store)) == {"pipe.txt": "it is not a regular file"}


def test_a_name_that_is_no_text(folder: Path, store: MemoryDatasets) -> None:
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("Open all day.")
    imported(folder, store)
    assert held(store)["caf?.txt"] == ["Open all day."]


def test_progress_gives_totals_and_each_result(folder: Path, store: MemoryDatasets) -> None:
    told: list[Progress] = []
    report = import_path(folder, DATASET, store, on_progress=told.append)
    assert [(one.done, one.total) for one in told] == [(0, 2), (1, 2), (2, 2)]
    assert [one.result for one in told] == [None, *report.results]


def test_an_import_broken_off_keeps_and_counts_what_it_wrote(folder: Path, store: MemoryDatasets) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_path(folder, DATASET, store, on_progress=stop)
    after = store.get("tenant", "docs")
    assert after is not None
    assert (after.record_count, after.version) == (2, 2)
