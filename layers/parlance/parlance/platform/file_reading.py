"""Reading a file into a dataset: it is cut into records, which replace those of the file's last reading."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from parlance.clock import Clock
from parlance.errors import InvalidInputError, NotFoundError, TooLargeError
from parlance.knowledge.datasets import DatasetStore, Record, SourceRecords
from parlance.knowledge.importing.chunking import MAX_PASSAGE
from parlance.knowledge.importing.documents import UnreadableError
from parlance.knowledge.importing.files import MAX_FILE_BYTES, READERS, read_bytes
from parlance.knowledge.importing.importer import EMPTY, records_from
from parlance.platform.contents import ContentStore, Place
from parlance.platform.documents import Document
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery

_ENDINGS = {
    "text/markdown": ".md",
    "text/x-rst": ".rst",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".ndjson",
    "application/pdf": ".pdf",
}
_TOKEN_CHARACTERS = 4
_PASSAGE_MIN, _PASSAGE_MAX = 100, 20_000


def source_of(file_id: str) -> str:
    """What the ids of a file's records come from: names may be given twice."""
    return f"file:{file_id}"


def check_readable(contents: ContentStore, file: Document) -> None:
    """Raises InvalidInputError without content, TooLargeError."""
    size = contents.size(Place(file.tenant_id, file.id))
    if size is None:
        raise InvalidInputError("The file has no content")
    if size > MAX_FILE_BYTES:
        raise TooLargeError(f"Files of more than {MAX_FILE_BYTES} bytes are not read into datasets")


class FileReader:
    """Reads files into the datasets that they are attached to, and notes at the attachment how that went."""

    def __init__(self, library: Library, datasets: DatasetStore, contents: ContentStore, clock: Clock) -> None:
        self._library = library
        self._datasets = datasets
        self._contents = contents
        self._clock = clock

    def read(self, tenant_id: str, file_id: str, dataset_id: str | None) -> None:
        """Into that dataset, or into all that have the file; what is gone meanwhile is passed over.

        Raises UnavailableError.
        """
        for file, dataset, attached in self._wanted(tenant_id, file_id, dataset_id):
            self._read_into(dataset, attached, file)

    def give_up(self, tenant_id: str, file_id: str, dataset_id: str | None) -> None:
        """Note that it cannot be read."""
        for _, _, attached in self._wanted(tenant_id, file_id, dataset_id):
            if attached.values.get("syncStatus") != "synced":
                self._note(attached, {"syncStatus": "error", "syncMessage": "it could not be read in time"})

    def _wanted(
        self, tenant_id: str, file_id: str, dataset_id: str | None
    ) -> Iterator[tuple[Document, Document, Document]]:
        """The file, each dataset, and that the one belongs to the other."""
        try:
            file = self._library.engine("file").fetch(tenant_id, file_id)
        except NotFoundError:
            return
        for dataset in self._datasets_of(tenant_id, dataset_id):
            attached = attachment(self._library, dataset, file)
            if attached is not None:
                yield file, dataset, attached

    def _datasets_of(self, tenant_id: str, dataset_id: str | None) -> list[Document]:
        engine = self._library.engine("dataset")
        if dataset_id is None:
            return list(engine.walk(tenant_id, ListQuery()))
        try:
            return [engine.fetch(tenant_id, dataset_id)]
        except NotFoundError:
            return []

    def _read_into(self, dataset: Document, attached: Document, file: Document) -> None:
        outcome: dict[str, Any] = {"syncStatus": "synced", "syncedAt": self._clock.now()}
        try:
            self._replace(dataset, self._records(dataset, file), file.id)
        except UnreadableError as error:
            outcome = {"syncStatus": "error", "syncMessage": str(error)}
        except NotFoundError:
            return  # Deleted meanwhile.
        self._note(attached, outcome)

    def _replace(self, dataset: Document, records: tuple[Record, ...], file_id: str) -> None:
        change = SourceRecords(source_of(file_id), records)
        self._datasets.replace_source(dataset.tenant_id, dataset.id, change)

    def _records(self, dataset: Document, file: Document) -> tuple[Record, ...]:
        data = self._contents.read(Place(file.tenant_id, file.id))
        if not data:
            raise UnreadableError(EMPTY)
        name = readable_name(file)
        document = read_bytes(data, name)
        shown = str(file.values.get("name") or name)
        records = records_from(
            document, source_of(file.id), now=self._clock.now(), max_passage=_max_passage(dataset), shown=shown
        )
        if not records:
            raise UnreadableError(EMPTY)
        return records

    def _note(self, attached: Document, outcome: Mapping[str, Any]) -> None:
        def noted(values: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**{name: value for name, value in values.items() if name != "syncMessage"}, **outcome}

        try:
            self._library.engine("datasetFile").change(attached.tenant_id, attached.id, noted, parent=attached.parent)
        except NotFoundError:
            return  # Detached meanwhile.


def attachment(library: Library, dataset: Document, file: Document) -> Document | None:
    """That the file belongs to the dataset."""
    query = ListQuery(filters={"fileId": [file.id]})
    return next(library.engine("datasetFile").walk(dataset.tenant_id, query, parent=dataset.id), None)


def readable_name(file: Document) -> str:
    """A name whose ending tells the format: the content's, else the file's own, else one after the content's type."""
    names = [str(file.values.get(field) or "") for field in ("contentName", "name")]
    known = next((name for name in names if PurePosixPath(name).suffix.lower() in READERS), None)
    if known:
        return known
    kind = str(file.values.get("contentType") or "").split(";")[0].strip().lower()
    ending = _ENDINGS.get(kind) or (".txt" if kind.startswith("text/") else PurePosixPath(names[0]).suffix)
    return f"{names[1] or names[0] or file.id}{ending}"


def _max_passage(dataset: Document) -> int:
    """In characters. A dataset may say how many tokens a record shall have at most."""
    tokens = dataset.values.get("recordMaxTokens")
    if not tokens:
        return MAX_PASSAGE
    return int(min(max(tokens * _TOKEN_CHARACTERS, _PASSAGE_MIN), _PASSAGE_MAX))
