"""The arguments of a call against the schema of its tool.

jsonschema interprets a schema and generates no code from it, which matters where clients bring their own. It takes a
fraction of a second to import, so only a call imports it. References lead nowhere outside the schema.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

ARGUMENTS_MAX = 64 * 1024
_PROBLEM_MAX = 300
_SCHEMA_MAX = 64 * 1024
_BY_EXPRESSION = ("pattern", "patternProperties", "additionalProperties", "unevaluatedProperties")
"""The last two, because they try the expressions of their neighbours."""


class SchemaError(Exception):
    """What should be the schema of an object is none. The text says why."""


class ArgumentsError(Exception):
    """The arguments do not fit. The text is for the model, which may try again."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises SchemaError."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import SchemaError as Invalid  # noqa: PLC0415

    if schema.get("type", "object") != "object":
        raise SchemaError("its type is not object")
    try:
        if len(json.dumps(schema)) > _SCHEMA_MAX:
            raise SchemaError("it is too large")
        Draft202012Validator.check_schema(dict(schema))
    except Invalid as error:
        raise SchemaError(error.message[:_PROBLEM_MAX]) from error
    except RecursionError as error:
        raise SchemaError("it is too deep") from error


def checked_arguments(text: str, schema: Mapping[str, Any], *, patterns: bool = True) -> Mapping[str, Any]:
    """The arguments as an object that fits the schema. Raises ArgumentsError, SchemaError.

    Without `patterns` regular expressions are not tried: one that a stranger wrote may take for ever, and nothing else
    in the process would run meanwhile.
    """
    if len(text) > ARGUMENTS_MAX:
        raise ArgumentsError("the arguments are too long")
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise ArgumentsError("the arguments are not JSON") from None
    if not isinstance(found, dict):
        raise ArgumentsError("the arguments are not an object")
    problem = _problem(found, schema, patterns=patterns)
    if problem is not None:
        raise ArgumentsError(problem[:_PROBLEM_MAX])
    return found


def _problem(found: Mapping[str, Any], schema: Mapping[str, Any], *, patterns: bool) -> str | None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import best_match  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    check_schema(schema)
    kind = Draft202012Validator if patterns else _without_expressions(Draft202012Validator)
    # With a registry of its own, an empty one, the validator fetches nothing from anywhere.
    validator = kind(dict(schema), registry=Registry())
    try:
        error = best_match(validator.iter_errors(found))
    except (Unresolvable, RecursionError) as failure:
        raise SchemaError("it has references that lead nowhere") from failure
    except re.error as failure:
        raise SchemaError("it has a regular expression that is none") from failure
    if error is None:
        return None
    return f"{error.json_path}: {error.message}"


def _pass(*_: object) -> None:
    """A keyword that holds whatever it says."""


def _without_expressions(kind: Any) -> Any:
    from jsonschema.validators import extend  # noqa: PLC0415

    return extend(kind, dict.fromkeys(_BY_EXPRESSION, _pass))  # type: ignore[no-untyped-call]
