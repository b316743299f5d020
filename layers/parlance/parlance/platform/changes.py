"""What a creation or a change makes of a resource's values."""

import json
import re
from collections.abc import Mapping
from typing import Any

from parlance.errors import TooLargeError
from parlance.platform.fields import Resource

VALUES_BYTES_MAX = 300 * 1024
_MERGE = "$update"
_KEPT_KEY = re.compile(r"[^\W_]")


def created(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new resource. Raises TooLargeError."""
    return _checked(_cleared(_sent(resource, body)))


def changed(resource: Resource, before: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The values after a change: what is absent stays, what was sent replaces, null and "" clear."""
    sent = _sent(resource, body)
    merged = sent.get("meta")
    if isinstance(merged, dict) and isinstance(merged.get(_MERGE), dict):
        sent["meta"] = {**before.get("meta", {}), **merged[_MERGE]}
    return _checked(_cleared({**before, **sent}))


def _sent(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Under the fields' own names. Of two names for one field the own one counts."""
    sent = {resource.by_name[name].name: value for name, value in body.items() if name not in _own(resource, body)}
    return sent | {name: body[name] for name in _own(resource, body)}


def _own(resource: Resource, body: Mapping[str, Any]) -> set[str]:
    return {name for name in body if resource.by_name[name].name == name}


def _cleared(values: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in values.items() if value is not None and value != ""}
    if "meta" in kept:
        kept["meta"] = {key: value for key, value in kept["meta"].items() if _KEPT_KEY.match(key)}
    return kept


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values)) > VALUES_BYTES_MAX:
        raise TooLargeError("The resource is larger than 300 KB")
    return values
