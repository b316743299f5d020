"""The platform dialect's skillsets as agents use them, and the secrets that their abilities link to."""

import base64
import json
from collections.abc import Iterator

from parlance.agents.secrets import SecretMissingError, Secrets
from parlance.agents.skills import SkillReader, Skillset
from parlance.platform.abilities import LinkedSecret, WrittenAbility, abilities_of, written_ability
from parlance.storage import keys
from parlance.storage.table import Item, Table

_SKILLSET, _ABILITY, _SECRET = "skillset", "ability", "secret"
_DISABLED = "disabled"
_SENT_AS_THEY_ARE, _BASIC = frozenset({"plain", "bearer"}), "basic"


class PlatformSkills:
    """A SkillReader for the skillsets of this dialect, and for those of `others` where it has none of that id."""

    def __init__(self, table: Table, others: SkillReader) -> None:
        self._table = table
        self._others = others

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None:
        item = self._table.get(keys.document(tenant_id, _SKILLSET, "", skillset_id))
        if item is None:
            return self._others.get(tenant_id, skillset_id)
        values = json.loads(item["values"])
        written = [] if values.get("state") == _DISABLED else list(self._written(tenant_id, skillset_id))
        return Skillset(
            tenant_id=tenant_id,
            id=skillset_id,
            name=values.get("name") or "",
            abilities=abilities_of(written),
            created_at=item["created_at"],
            updated_at=item["updated_at"],
        )

    def _written(self, tenant_id: str, skillset_id: str) -> Iterator[WrittenAbility]:
        first, last = (keys.document(tenant_id, _ABILITY, skillset_id, end) for end in ("", keys.HIGHEST))
        found = [json.loads(item["values"]) for item in self._table.query_all(first.pk, first=first.sk, last=last.sk)]
        linked = [keys.document(tenant_id, _SECRET, "", values["secretId"]) for values in found if "secretId" in values]
        secrets = self._table.batch_get(list(dict.fromkeys(linked)))
        for values in found:
            if values.get("state") == _DISABLED:
                continue
            secret = secrets.get(keys.document(tenant_id, _SECRET, "", values.get("secretId") or ""))
            yield written_ability(values, _linked(secret) if secret else None)


def _linked(secret: Item) -> LinkedSecret:
    return LinkedSecret(secret["id"], json.loads(secret["values"]).get("type", "plain"))


class PlatformSecrets:
    """Secrets by the id of a secret of this dialect, and those of `others` by their names.

    A `basic` secret is `user:password` and stands for the form in which HTTP sends it, Base64 (RFC 7617).
    """

    def __init__(self, table: Table, others: Secrets) -> None:
        self._table = table
        self._others = others

    def get(self, tenant_id: str, name: str) -> str:
        """Raises SecretMissingError."""
        if not name.startswith(f"{_SECRET}_"):
            return self._others.get(tenant_id, name)
        item = self._table.get(keys.document(tenant_id, _SECRET, "", name))
        if item is None:
            return self._others.get(tenant_id, name)
        values = json.loads(item["values"])
        value, kind = values.get("value"), values.get("type", "plain")
        if not value or kind not in _SENT_AS_THEY_ARE | {_BASIC}:
            raise SecretMissingError(name)
        return base64.b64encode(value.encode()).decode() if kind == _BASIC else str(value)
