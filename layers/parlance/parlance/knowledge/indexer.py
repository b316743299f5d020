"""Makes snapshots. Any number may be at work on one dataset: the newest result is published, others are removed."""

from parlance.knowledge.datasets import Dataset, DatasetStore, Snapshot
from parlance.knowledge.embedding import EmbeddingError
from parlance.knowledge.indexing import IndexRequests, is_due
from parlance.knowledge.loading import Loaded, Loader
from parlance.knowledge.semantics import Embeddings, VectorStoreError
from parlance.knowledge.shelf import Shelf
from parlance.knowledge.snapshots import SnapshotStore, UnreadableSnapshotError, packed

_MISSING_SHARE = 100


class Indexer:
    """`embeddings` are made on the way, where there are any."""

    def __init__(
        self,
        store: DatasetStore,
        snapshots: SnapshotStore,
        requests: IndexRequests,
        embeddings: Embeddings | None = None,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._requests = requests
        self._embeddings = embeddings
        self._loader = Loader(store, snapshots)

    def index(self, tenant_id: str, dataset_id: str, *, deadline: float, unreadable: bool = False) -> bool:
        """Make a snapshot if one is due, and say whether one was published. `deadline` is in monotonic seconds.

        Raises SnapshotStoreError, EmbeddingError or VectorStoreError: then it should be tried again.
        """
        dataset = self._store.get(tenant_id, dataset_id)
        if dataset is None:
            self._forget(tenant_id, dataset_id)
            return False
        if not (self._embeddings or is_due(dataset, self._tail(dataset)) or (unreadable and self._is_lost(dataset))):
            return False
        return self._build(dataset, deadline)

    def _tail(self, dataset: Dataset) -> int | None:
        if dataset.snapshot is None:
            return None
        after, through = dataset.snapshot.version, dataset.version
        changed = self._store.changed_between(dataset.tenant_id, dataset.id, after, through)
        return None if changed is None else len(changed)

    def _is_lost(self, dataset: Dataset) -> bool:
        """Whether the reader who found the snapshot of no use was right."""
        try:
            return self._loader.snapshot_of(dataset) is None
        except UnreadableSnapshotError:
            return True

    def _build(self, dataset: Dataset, deadline: float) -> bool:
        loaded = self._loader.load(dataset)
        due = loaded.unreadable or is_due(dataset, loaded.tail)
        if self._embeddings is None:
            return self._publish(dataset, loaded.shelf)
        missing = len(self._embeddings.missing(loaded.shelf))
        if not due and missing < max(1, loaded.shelf.size // _MISSING_SHARE):
            return False
        return self._publish_embedded(dataset, loaded, self._embeddings, deadline)

    def _publish_embedded(self, dataset: Dataset, loaded: Loaded, embeddings: Embeddings, deadline: float) -> bool:
        """What could not be embedded now is found by words meanwhile, so the snapshot does not wait for it."""
        try:
            complete = embeddings.complete(dataset, loaded.shelf, deadline)
        except (EmbeddingError, VectorStoreError):
            self._publish(dataset, loaded.shelf)
            raise
        published = self._publish(dataset, loaded.shelf)
        if not complete:
            self._requests.request(dataset.tenant_id, dataset.id)
        return published

    def _publish(self, dataset: Dataset, shelf: Shelf) -> bool:
        key = self._snapshots.put(dataset, packed(shelf, dataset))
        if not self._store.publish(dataset, Snapshot(shelf.version, key)):
            self._snapshots.remove(key)
            return False
        if dataset.snapshot:
            self._snapshots.remove(dataset.snapshot.key)
        self._snapshots.sweep(dataset.tenant_id, dataset.id, keep=key)
        return True

    def _forget(self, tenant_id: str, dataset_id: str) -> None:
        self._snapshots.sweep(tenant_id, dataset_id, keep=None)
        if self._embeddings:
            self._embeddings.forget(tenant_id, dataset_id)
