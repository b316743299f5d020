"""What a dataset and a record look like in the table."""

import json

from parlance.knowledge.datasets import Dataset, Record, Snapshot
from parlance.storage import keys
from parlance.storage.table import Item


def dataset_item(dataset: Dataset) -> Item:
    key = keys.dataset(dataset.tenant_id, dataset.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        **dataset_attributes(dataset),
    }


def dataset_attributes(dataset: Dataset) -> Item:
    """A dataset's item without its key, and without its snapshot, which is written by who publishes it."""
    return {
        "tenant_id": dataset.tenant_id,
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "version": dataset.version,
        "record_count": dataset.record_count,
        "profile": json.dumps(dict(dataset.profile)) if dataset.profile else None,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
    }


def dataset_of(item: Item) -> Dataset:
    return Dataset(
        tenant_id=item["tenant_id"],
        id=item["id"],
        name=item["name"],
        description=item["description"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        version=item["version"],
        record_count=item["record_count"],
        profile=json.loads(item["profile"]) if "profile" in item else {},
        snapshot=Snapshot(item["snapshot_version"], item["snapshot_key"]) if "snapshot_key" in item else None,
    )


def record_item(tenant_id: str, dataset_id: str, record: Record) -> Item:
    key = keys.record(tenant_id, dataset_id, record.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "id": record.id,
        "text": record.text,
        "source": record.source,
        "title": record.title,
        "position": record.position,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        # A user's numbers may not fit the table's, so they stay text.
        "meta": json.dumps(dict(record.meta)) if record.meta else None,
    }


def record_of(item: Item) -> Record:
    return Record(
        id=item["id"],
        text=item["text"],
        source=item["source"],
        title=item["title"],
        position=item["position"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        meta=json.loads(item["meta"]) if item.get("meta") else {},
    )
