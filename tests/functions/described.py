"""Holds what functions really answer against what the reference says that they answer."""

import re
from collections.abc import Mapping
from typing import Any, Union

from pydantic import TypeAdapter

from reference.identity import IDENTITY
from reference.identity_bodies import IdentityError
from reference.operations import Body, Description, Models

_PART = re.compile(r"<\w+>")
_NOBODYS = {404, 405}
"""Statuses of paths and methods that have no description."""


def hold_against_description(method: str, path: str, status: int, headers: Mapping[str, str], body: Any) -> None:
    """An answer of the identity dialect."""
    description = _description(method, path)
    if description is None:
        assert status in _NOBODYS, f"{status} of {method} {path}"
        IdentityError.model_validate(body)
        return
    described = _described(description)
    assert status in described, f"{status} of {method} {path} is not described"
    models = described[status].content[headers["Content-Type"]]
    assert not isinstance(models, dict)
    _any_of(models).validate_python(body)


def _description(method: str, path: str) -> Description | None:
    for route in IDENTITY.routes():
        if route.method == method and re.fullmatch(_PART.sub("[^/]+", route.path) + "/?", path):
            return IDENTITY.described[route.method, route.path]
    return None


def _described(description: Description) -> Mapping[int, Body]:
    return {status: IDENTITY.errors[status] for status in description.errors or ()} | dict(description.answers)


def _any_of(models: Models) -> TypeAdapter[Any]:
    return TypeAdapter(Union[tuple(models)])  # type: ignore[arg-type] # noqa: UP007 - known at run time only
