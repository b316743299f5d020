"""A store of snapshots in memory, and a list of who asked for them."""

from dataclasses import dataclass, field

from parlance.clock import Clock
from parlance.knowledge.datasets import Dataset
from parlance.knowledge.snapshots import SnapshotStoreError

_YOUNG_MS = 3_600_000


@dataclass
class MemorySnapshots:
    """Passes the same contract suite as the bucket. `fails` makes every call fail."""

    clock: Clock
    held: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    fails: bool = False
    reads: int = 0
    puts: int = 0

    def put(self, dataset: Dataset, data: bytes) -> str:
        self._check()
        self.puts += 1
        key = f"{dataset.tenant_id}/{dataset.id}/{self.puts}"
        self.held[key] = (data, self.clock.now())
        return key

    def get(self, key: str) -> bytes | None:
        self._check()
        self.reads += 1
        return self.held[key][0] if key in self.held else None

    def remove(self, key: str) -> None:
        self._check()
        self.held.pop(key, None)

    def sweep(self, tenant_id: str, dataset_id: str, *, keep: str | None) -> None:
        self._check()
        for key, (_, made) in list(self.held.items()):
            if not key.startswith(f"{tenant_id}/{dataset_id}/") or key == keep:
                continue
            if keep is None or self.clock.now() - made > _YOUNG_MS:
                del self.held[key]

    def _check(self) -> None:
        if self.fails:
            raise SnapshotStoreError("down")


@dataclass
class RecordedRequests:
    """Remembers what was asked for: tenant, dataset, and whether the snapshot was said to be of no use."""

    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def request(self, tenant_id: str, dataset_id: str, *, unreadable: bool = False) -> None:
        self.asked.append((tenant_id, dataset_id, unreadable))
