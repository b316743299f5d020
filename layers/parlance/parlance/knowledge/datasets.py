"""Datasets and their records: what an agent may answer from."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from parlance.errors import TooLargeError

MAX_TEXT_BYTES = 100_000
"""A record stays far below what one item of a table may hold (400 KB)."""

PATH_SEPARATOR = " > "
"""Between the headings that make a record's title."""

_SOURCE_HEX = 24
_POSITION_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a dataset's index is kept, and the version whose records it holds."""

    version: int
    key: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named collection of records. `version` grows after every change of the records: caches are keyed by it.

    `profile` is what a dialect keeps with it besides.
    """

    tenant_id: str
    id: str
    name: str
    description: str
    created_at: int
    updated_at: int
    version: int = 1
    record_count: int = 0
    snapshot: Snapshot | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One passage. `source` says where it came from, `position` its place therein, `title` its heading path."""

    id: str
    text: str
    source: str
    title: str
    position: int
    created_at: int
    updated_at: int
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.text.encode(errors="replace")) > MAX_TEXT_BYTES:
            raise TooLargeError(f"A record's text may be at most {MAX_TEXT_BYTES} bytes long")

    def says_the_same_as(self, other: "Record") -> bool:
        """Whether only the times differ."""
        return (self.text, self.source, self.title, self.position, self.meta) == (
            other.text,
            other.source,
            other.title,
            other.position,
            other.meta,
        )


@dataclass(frozen=True, slots=True)
class SourceRecords:
    """Everything that a source says now; no records at all means that the source is gone."""

    source: str
    records: tuple[Record, ...] = ()


def source_prefix(source: str) -> str:
    """What the ids of a source's records begin with, so that they lie side by side in the table."""
    digest = hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()
    return f"rec_{digest[:_SOURCE_HEX]}_"


def imported_record_id(source: str, position: int) -> str:
    """The same place of the same source always has the same id, so importing again replaces."""
    return f"{source_prefix(source)}{position:0{_POSITION_DIGITS}d}"


class DatasetStore(Protocol):
    """Where datasets live. Reads see every write that was answered before them."""

    def create(self, dataset: Dataset) -> None:
        """Raises ConflictError if the id is taken."""
        ...

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None: ...

    def of_tenant(self, tenant_id: str) -> list[Dataset]:
        """In the order of their ids."""
        ...

    def rename(self, tenant_id: str, dataset_id: str, *, name: str, description: str) -> Dataset:
        """Raises NotFoundError."""
        ...

    def delete(self, tenant_id: str, dataset_id: str) -> None:
        """The dataset is gone at once, its records soon after. Raises NotFoundError."""
        ...

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]:
        """Every record, a source's records side by side and in order of position."""
        ...

    def records_after(self, tenant_id: str, dataset_id: str, record_id: str, *, limit: int) -> list[Record]:
        """Up to `limit` records whose ids come after that one in order, be it there or not ("": from the first)."""
        ...

    def get_record(self, tenant_id: str, dataset_id: str, record_id: str) -> Record | None: ...

    def add_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        """Raises NotFoundError without the dataset, ConflictError if the id is taken."""
        ...

    def update_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        """Raises NotFoundError without the dataset or the record."""
        ...

    def delete_record(self, tenant_id: str, dataset_id: str, record_id: str) -> None:
        """Raises NotFoundError without the dataset or the record."""
        ...

    def records_of(self, tenant_id: str, dataset_id: str, record_ids: Iterable[str]) -> list[Record]:
        """Those of the records that are there."""
        ...

    def changed_between(self, tenant_id: str, dataset_id: str, after: int, through: int) -> frozenset[str] | None:
        """The ids of the records that the versions `after` + 1 to `through` wrote or deleted.

        None when that is not known of every one of these versions.
        """
        ...

    def publish(self, dataset: Dataset, snapshot: Snapshot) -> bool:
        """Point the dataset to a snapshot and forget the changes that it holds.

        `dataset` is what the publisher saw. False if it is gone or was made again, or if another snapshot of the same
        or a newer version has been published since.
        """
        ...

    def replace_source(self, tenant_id: str, dataset_id: str, change: SourceRecords) -> Dataset:
        """The same for one source, at once if up to some 90 records change: readers see all of it or nothing of it.

        Raises NotFoundError.
        """
        ...

    def replace_sources(self, tenant_id: str, dataset_id: str, changes: Iterable[SourceRecords]) -> Dataset:
        """Write each source's records as they come and delete those it no longer has; what says the same stays.

        The version grows once, after the writes, also when `changes` breaks off. Raises NotFoundError.
        """
        ...
