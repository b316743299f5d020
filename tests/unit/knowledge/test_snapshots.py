"""The format of snapshots: what is refused."""

import json
from dataclasses import replace

import pytest

from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.shelf import Shelf
from parlance.knowledge.snapshots import FORMAT, UnreadableSnapshotError, packed, unpacked

DATASET = Dataset("tenant", "docs", "Docs", "", 1, 1, version=3)


@pytest.fixture
def data() -> bytes:
    return packed(Shelf.of(3, [Record("rec_a", "Kestrels hover.", "a.md", "", 0, 1, 1)]), DATASET)


def test_it_comes_back(data: bytes) -> None:
    shelf = unpacked(data, DATASET)
    assert (shelf.version, shelf.ids()) == (3, frozenset({"rec_a"}))


@pytest.mark.parametrize(
    "other",
    [replace(DATASET, tenant_id="other"), replace(DATASET, id="other"), replace(DATASET, created_at=2)],
)
def test_it_serves_no_other_dataset(data: bytes, other: Dataset) -> None:
    with pytest.raises(UnreadableSnapshotError, match="another"):
        unpacked(data, other)


def test_another_format_is_passed_over(data: bytes) -> None:
    head, _, body = data.partition(b"\n")
    later = json.dumps(json.loads(head) | {"format": FORMAT + 1}).encode() + b"\n" + body
    with pytest.raises(UnreadableSnapshotError, match="format"):
        unpacked(later, DATASET)


@pytest.mark.parametrize("at", [-1, -40, 200])
def test_damage_is_noticed(data: bytes, at: int) -> None:
    spoiled = bytearray(data)
    spoiled[at] ^= 0xFF
    with pytest.raises(UnreadableSnapshotError):
        unpacked(bytes(spoiled), DATASET)


@pytest.mark.parametrize("spoiled", [b"", b"\n", b"{}\nx", b"[]\nx", b"null\nx", b"\xff\xfe\n", b'{"version": "x"}\n'])
def test_whatever_stands_there_is_refused_by_name(spoiled: bytes) -> None:
    with pytest.raises(UnreadableSnapshotError):
        unpacked(spoiled, DATASET)


@pytest.mark.parametrize("length", [10, 100, 150, 400])
def test_half_a_snapshot_is_none(data: bytes, length: int) -> None:
    with pytest.raises(UnreadableSnapshotError):
        unpacked(data[:length], DATASET)
