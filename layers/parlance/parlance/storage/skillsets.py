"""Skillsets in the Conversations table, each in one item with its abilities."""

import json

from parlance.agents.definitions import MAX_AGE
from parlance.agents.skills import SkillReader, Skillset, abilities_from, abilities_to
from parlance.clock import Clock
from parlance.knowledge.cache import TimedCache
from parlance.storage import keys
from parlance.storage.table import Item, Put, Table


class SkillsetRepository:
    """The SkillsetStore on a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, skillset: Skillset) -> None:
        self._table.put(Put(_item(skillset)))

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None:
        item = self._table.get(keys.skillset(tenant_id, skillset_id))
        return _skillset(item) if item else None

    def of_tenant(self, tenant_id: str) -> list[Skillset]:
        first, last = keys.skillset(tenant_id, "").sk, keys.skillset(tenant_id, keys.HIGHEST).sk
        return [_skillset(item) for item in self._table.query_all(keys.agents_pk(tenant_id), first=first, last=last)]


class CachedSkills:
    """A SkillReader that asks again only after `ttl` seconds. Thread-safe."""

    def __init__(self, store: SkillReader, clock: Clock, *, ttl: float = MAX_AGE) -> None:
        self._cache = TimedCache[tuple[str, str], Skillset | None](
            lambda key: store.get(*key), clock, ttl=ttl, size=1_000
        )

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None:
        return self._cache.get((tenant_id, skillset_id))


def _item(skillset: Skillset) -> Item:
    key = keys.skillset(skillset.tenant_id, skillset.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": skillset.tenant_id,
        "id": skillset.id,
        "name": skillset.name,
        "abilities": json.dumps(abilities_to(skillset.abilities)),
        "created_at": skillset.created_at,
        "updated_at": skillset.updated_at,
    }


def _skillset(item: Item) -> Skillset:
    return Skillset(
        tenant_id=item["tenant_id"],
        id=item["id"],
        name=item["name"],
        abilities=abilities_from(json.loads(item["abilities"])),
        created_at=item["created_at"],
        updated_at=item["updated_at"],
    )
