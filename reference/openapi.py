"""One OpenAPI 3.1 document of every dialect that is served."""

from typing import Any

from reference.dialects import DIALECTS
from reference.schemas import Schemas

_ABOUT = """Parlance is one serverless chat backend that speaks several public chat APIs over one conversation core.
Each API is a dialect, and each has a section here. The chats over WebSocket have a page of their own.

A path that is not here is a 404 and a method that a path does not take a 405, in the dialect's shape. What API Gateway
refuses itself (a request over 10 MB, a burst over the account's rate) has the shape of the chats dialect everywhere.
"""


def openapi() -> dict[str, Any]:
    """The document."""
    schemas = Schemas({model for dialect in DIALECTS for model in dialect.models()})
    paths: dict[str, Any] = {}
    for dialect in DIALECTS:
        for path, operations in dialect.operations(schemas.name_of).items():
            paths.setdefault(path, {}).update(operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parlance HTTP API", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/", "description": "Where this page comes from"}],
        "tags": [{"name": dialect.name, "description": dialect.about} for dialect in DIALECTS],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {
                name: body for dialect in DIALECTS for name, body in dialect.failures(schemas.name_of).items()
            },
            "parameters": {
                name: parameter for dialect in DIALECTS for name, parameter in dialect.shared_parameters().items()
            },
            "securitySchemes": {name: scheme for dialect in DIALECTS for name, scheme in dialect.security.items()},
        },
    }
