"""Importing files into a dataset: what is there again is replaced, what cannot be read is named and passed over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from parlance.clock import Clock, SystemClock
from parlance.errors import InvalidInputError
from parlance.knowledge.datasets import Dataset, DatasetStore, Record, SourceRecords, imported_record_id
from parlance.knowledge.importing.chunking import MAX_PASSAGE, passages
from parlance.knowledge.importing.decoding import storable
from parlance.knowledge.importing.documents import Document, UnreadableError
from parlance.knowledge.importing.files import MAX_FILE_BYTES, FoundFile, find_files, read_file

MAX_PASSAGES = 100_000
EMPTY = "it is empty"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file; `reason` says why it was skipped, `problems` what was left out of it."""

    source: str
    status: Literal["imported", "skipped"]
    passages: int = 0
    reason: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` files, the latest of which came to `result`. The first report is 0 of n, without one."""

    done: int
    total: int
    result: FileResult | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The whole import; `dataset` as it is afterwards, `removed` the sources that were pruned."""

    dataset: Dataset
    results: tuple[FileResult, ...]
    removed: tuple[str, ...]

    @property
    def passages(self) -> int:
        return sum(result.passages for result in self.results)

    @property
    def skipped(self) -> tuple[FileResult, ...]:
        return tuple(result for result in self.results if result.status == "skipped")


type OnProgress = Callable[[Progress], None]


def import_path(
    path: Path,
    dataset: Dataset,
    store: DatasetStore,
    *,
    clock: Clock | None = None,
    prune: bool = False,
    on_progress: OnProgress | None = None,
    max_file_bytes: int = MAX_FILE_BYTES,
    max_passage: int = MAX_PASSAGE,
) -> ImportReport:
    """Import a file, or a folder with everything visible below it.

    With `prune` the dataset afterwards holds nothing that was imported from a source this folder does not have.
    A file that exists but cannot be read keeps what was imported from it before.
    Raises InvalidInputError for a path that is not there, NotFoundError if the dataset is not.
    """
    if prune and not path.is_dir():
        raise InvalidInputError("Only the import of a folder can prune")
    task = _Import(dataset, store, clock or SystemClock(), max_file_bytes, max_passage)
    changed = store.replace_sources(
        dataset.tenant_id, dataset.id, task.changes(find_files(path), prune=prune, on_progress=on_progress)
    )
    return ImportReport(changed, tuple(task.results), tuple(task.removed))


def records_from(
    document: Document, source: str, *, now: int, max_passage: int = MAX_PASSAGE, shown: str | None = None
) -> tuple[Record, ...]:
    """The records of a document whose ids come from `source`; they say that they come from `shown`, if that is given.

    Raises UnreadableError for a document of too many passages.
    """
    found = list(islice(passages(document, max_passage), MAX_PASSAGES + 1))
    if len(found) > MAX_PASSAGES:
        raise UnreadableError(f"it makes more than {MAX_PASSAGES} passages")
    return tuple(
        Record(
            id=imported_record_id(source, position),
            text=storable(passage.text),
            source=storable(source if shown is None else shown),
            title=storable(passage.title),
            position=position,
            created_at=now,
            updated_at=now,
            meta=passage.meta,
        )
        for position, passage in enumerate(found)
    )


class _Import:
    """One import under way."""

    def __init__(
        self, dataset: Dataset, store: DatasetStore, clock: Clock, max_file_bytes: int, max_passage: int
    ) -> None:
        self._dataset = dataset
        self._store = store
        self._now = clock.now()
        self._max_file_bytes = max_file_bytes
        self._max_passage = max_passage
        self.results: list[FileResult] = []
        self.removed: list[str] = []

    def changes(
        self, files: list[FoundFile], *, prune: bool, on_progress: OnProgress | None
    ) -> Iterator[SourceRecords]:
        """A file counts as done when the store comes back for the next one."""
        report = on_progress or _ignore
        report(Progress(0, len(files), None))
        for done, found in enumerate(files, start=1):
            result, change = self._file(found)
            if change:
                yield change
            self.results.append(result)
            report(Progress(done, len(files), result))
        if prune:
            yield from self._vanished({storable(found.source) for found in files})

    def _file(self, found: FoundFile) -> tuple[FileResult, SourceRecords | None]:
        source = storable(found.source)
        try:
            document = read_file(found.path, self._max_file_bytes)
        except UnreadableError as error:
            return FileResult(source, "skipped", reason=str(error)), None
        try:
            records = records_from(document, source, now=self._now, max_passage=self._max_passage)
        except UnreadableError as error:
            return FileResult(source, "skipped", reason=str(error)), None
        if not records:
            return FileResult(source, "skipped", reason=EMPTY), SourceRecords(source)
        result = FileResult(source, "imported", len(records), problems=document.problems)
        return result, SourceRecords(source, records)

    def _vanished(self, present: set[str]) -> Iterator[SourceRecords]:
        """Sources of earlier imports that are gone. Records that were made one by one are nobody's to prune."""
        records = self._store.records(self._dataset.tenant_id, self._dataset.id)
        known = {one.source for one in records if one.id == imported_record_id(one.source, one.position)}
        for source in sorted(known - present):
            self.removed.append(source)
            yield SourceRecords(source)


def _ignore(progress: Progress) -> None:
    """Nobody watches."""
