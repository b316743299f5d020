"""How the platform dialect names a model: `name`, or `name/key=value/key=value` with settings in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_MODEL = "extractive"


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model and how it is set."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def model_of(text: str | None) -> NamedModel:
    """Read a model's name. Parts behind it that are no settings belong to the name, which may hold slashes itself."""
    if not text:
        return NamedModel(DEFAULT_MODEL)
    parts = text.split("/")
    settings: dict[str, Any] = {}
    while len(parts) > 1 and "=" in parts[-1]:
        key, _, value = parts.pop().partition("=")
        settings[key] = _value(value)
    return NamedModel("/".join(parts) or DEFAULT_MODEL, settings)


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text
