"""The schemas of all models, each under a name of its own."""

import json
import re
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import StringSchema, WithDefaultSchema

from reference.operations import REF

_PREFIX = REF.format(model="")


class _Plain(GenerateJsonSchema):
    """Without titles, as fields have names, and without the default null, which stands for absence."""

    def field_title_should_be_set(self, _: object) -> bool:
        return False

    def str_schema(self, schema: StringSchema) -> JsonSchemaValue:
        """Patterns of JSON Schema are those of ECMA 262, which has other words for the ends of a text."""
        described = super().str_schema(schema)
        if "pattern" in described:
            described["pattern"] = re.sub(r"\\[zZ]\Z", "$", re.sub(r"\A\\A", "^", described["pattern"]))
        return described

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        return {name: value for name, value in described.items() if (name, value) != ("default", None)}


class Schemas:
    """Where two models have one name, each is named with its module: `memories.Search` is `MemoriesSearch`."""

    def __init__(self, models: Collection[type[BaseModel]]) -> None:
        ordered = sorted(models, key=lambda model: (model.__name__, model.__module__))
        references, whole = models_json_schema(
            [(model, "validation") for model in ordered], ref_template=REF, schema_generator=_Plain
        )
        definitions: dict[str, Any] = whole.get("$defs", {})
        short = {name: _short(name) for name in definitions}
        text = json.dumps(definitions)
        text = re.sub(rf'"{re.escape(_PREFIX)}([^"]+)"', lambda found: f'"{_PREFIX}{short[found[1]]}"', text)
        self.components = {short[name]: schema for name, schema in json.loads(text).items()}
        self._names = {
            model: short[reference["$ref"].removeprefix(_PREFIX)] for (model, _), reference in references.items()
        }

    def name_of(self, model: type[BaseModel]) -> str:
        return self._names[model]


def _short(name: str) -> str:
    """The last two parts of a name that pydantic has made of a module's and a model's."""
    module, _, model = name.rpartition("__")
    return module.rpartition("__")[2].title().replace("_", "") + model
