"""The platform dialect's skillsets as agents use them, and the secrets that their abilities link to."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from parlance.agents.secrets import SecretMissingError, Secrets
from parlance.agents.skills import SkillReader, Skillset
from parlance.platform.abilities import LinkedSecret, WrittenAbility, abilities_of
from parlance.storage import keys
from parlance.storage.table import Item, Table

_SKILLSET, _ABILITY, _SECRET = "skillset", "ability", "secret"
_DISABLED = "disabled"
_STANDS_FOR_ITSELF = ("plain", "bearer")


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
            yield written_ability(values, secret)


def written_ability(values: dict[str, Any], secret: Item | None) -> WrittenAbility:
    """An ability's document, with the item of the secret that it links to."""
    linked = LinkedSecret(secret["id"], json.loads(secret["values"]).get("type", "plain")) if secret else None
    return WrittenAbility(
        name=values.get("name") or "",
        description=values.get("description") or "",
        instruction=values.get("instruction") or "",
        bot_id=values.get("botId"),
        secret=linked,
    )


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
        values = json.loads(item["values"]) if item else {}
        value, kind = values.get("value"), values.get("type", "plain")
        if not value:
            return self._others.get(tenant_id, name)
        if kind == "basic":
            return base64.b64encode(value.encode()).decode()
        if kind not in _STANDS_FOR_ITSELF:
            raise SecretMissingError(name)
        return str(value)
