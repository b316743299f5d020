"""The product's own way from a file to an answer: import, table, worker, snapshot, search, on the emulator."""

import time
from collections.abc import Sequence
from functools import partial
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.config import Config

from bench.collection import Collection
from local.clients import emulator_session
from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Dataset
from parlance.knowledge.embedding import Embedder
from parlance.knowledge.importing.importer import import_path
from parlance.knowledge.indexer import Indexer
from parlance.knowledge.indexing import NoRequests
from parlance.knowledge.search import Search
from parlance.knowledge.semantics import Embeddings
from parlance.storage.datasets import DatasetRepository
from parlance.storage.snapshots import S3SnapshotStore
from parlance.storage.table import Table

_TENANT, _DATASET = "bench", "collection"
_LINES_A_FILE = 5_000
_PASSAGES_A_DOCUMENT = 3
_HOURS = 3_600.0 * 24
_CONFIG = Config(read_timeout=300, retries={"total_max_attempts": 2}, proxies={})
_KEY = ({"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"})


class Product:
    """One collection as a dataset. Documents are found by their best passage."""

    def __init__(self, endpoint: str, collection: Collection) -> None:
        self._clock, ids = SystemClock(), RandomIds()
        session = emulator_session()
        dynamodb: Any = session.client("dynamodb", endpoint_url=endpoint, config=_CONFIG)
        s3 = session.client("s3", endpoint_url=endpoint, config=_CONFIG)
        _create_table(dynamodb)
        s3.create_bucket(Bucket="snapshots")
        self._store = DatasetRepository(Table(dynamodb, "bench"), self._clock, ids)
        self._snapshots = S3SnapshotStore(lambda: s3, "snapshots", self._clock, ids)
        now = self._clock.now()
        self._store.create(Dataset(_TENANT, _DATASET, "Collection", "", now, now))
        self._import(collection.documents)

    @property
    def passages(self) -> int:
        dataset = self._store.get(_TENANT, _DATASET)
        return dataset.record_count if dataset else 0

    def index(self, embedder: Embedder | None = None) -> float:
        """Let the worker make a snapshot; how many seconds that took."""
        embeddings = Embeddings(embedder, self._clock) if embedder else None
        indexer = Indexer(self._store, self._snapshots, NoRequests(), embeddings)
        began = time.perf_counter()
        indexer.index(_TENANT, _DATASET, deadline=self._clock.monotonic() + _HOURS)
        return time.perf_counter() - began

    def search(self, *, snapshot: bool, embedder: Embedder | None = None) -> Search:
        """A search that has nothing in memory yet."""
        return Search(
            self._store,
            self._clock,
            snapshots=self._snapshots if snapshot else None,
            semantics=Embeddings(embedder, self._clock) if embedder else None,
        )

    def _import(self, documents: Path) -> None:
        """In files of a size that the importer takes."""
        with TemporaryDirectory() as folder, documents.open(encoding="utf-8") as lines:
            for number, some in enumerate(batched(lines, _LINES_A_FILE, strict=False)):
                Path(folder, f"part{number:04d}.jsonl").write_text("".join(some), encoding="utf-8")
            dataset = self._store.get(_TENANT, _DATASET)
            assert dataset is not None  # noqa: S101 - made a moment ago
            report = import_path(Path(folder), dataset, self._store, max_file_bytes=10**9)
        if report.skipped:
            raise RuntimeError(f"not imported: {report.skipped}")


def documents(search: Search, question: str, limit: int) -> Sequence[str]:
    """The ids of the documents whose passages are found first."""
    hits = search.search(_TENANT, _DATASET, question, limit * _PASSAGES_A_DOCUMENT)
    return list(dict.fromkeys(str(hit.record.meta["id"]) for hit in hits))[:limit]


def _create_table(dynamodb: Any) -> None:
    create = partial(dynamodb.create_table, TableName="bench", BillingMode="PAY_PER_REQUEST", KeySchema=_KEY)
    create(AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")])
