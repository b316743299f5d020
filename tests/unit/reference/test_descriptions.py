"""The descriptions of the APIs hold every route, and say of its answers what is so."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from parlance.http.routes import Route
from reference.__main__ import descriptions
from reference.asyncapi import asyncapi
from reference.dialects import DIALECTS
from reference.openapi import openapi

DOCUMENT = openapi()
ROUTES = [(dialect.name, route) for dialect in DIALECTS for route in dialect.routes()]


@pytest.mark.parametrize(("dialect", "route"), ROUTES, ids=lambda one: getattr(one, "path", one))
def test_every_route_is_documented(dialect: str, route: Route[Any, Any]) -> None:
    pattern = re.compile(re.sub(r"<\w+>|\.\+", r"{\\w+}", route.path) + r"\Z")
    documented = [
        operations[route.method.lower()]
        for path, operations in DOCUMENT["paths"].items()
        if pattern.match(path) and route.method.lower() in operations
    ]
    (operation,) = documented
    assert operation["summary"]
    assert operation["tags"] == [dialect]
    assert ({"401", "500"} if operation["security"] else {"200"}) <= operation["responses"].keys()
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert all(name in schemes for together in operation["security"] for name in together)


def test_nothing_is_documented_that_no_route_serves() -> None:
    documented = [(path, method) for path, operations in DOCUMENT["paths"].items() for method in operations]
    assert len(documented) == len(set(documented)) == len(ROUTES)


def test_it_is_openapi() -> None:
    validate(DOCUMENT)
    # So pydantic writes a bound that it cannot express.
    assert not re.search(r'"(ge|le|gt|lt)":', json.dumps(DOCUMENT))


def test_every_reference_leads_somewhere() -> None:
    for document in (DOCUMENT, asyncapi()):
        for reference in references(document):
            found = document
            for part in reference.removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/")]
            assert found


def test_operations_have_names_of_their_own() -> None:
    names = [one["operationId"] for operations in DOCUMENT["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names))


def test_what_is_committed_is_what_the_code_says() -> None:
    for file, text in descriptions().items():
        assert file.read_text() == text, f"run `make reference`: {file}"


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)
