"""From a route of the code to an operation of OpenAPI 3.1."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from parlance.http.routes import Route

type Json = dict[str, Any]
type Models = Sequence[type[BaseModel]]
"""Any of these."""
type Naming = Callable[[type[BaseModel]], str]
"""Under which name a model's schema stands among the components."""

REF = "#/components/schemas/{model}"
PARAMETER_REF = "#/components/parameters/{name}"
FAILURE_REF = "#/components/responses/{name}"
_PART = re.compile(r"<(\w+)>")


class UndescribedError(Exception):
    """A route that nobody has described."""

    def __init__(self, dialect: str, method: str, path: str) -> None:
        super().__init__(f"{dialect}: describe {method} {path} in reference/")


def plain_name(model: type[BaseModel]) -> str:
    return model.__name__


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One in the query, a header, or the path, where there is more to say of it than its name."""

    name: str
    where: str
    about: str
    schema: Mapping[str, Any]
    required: bool = False

    style: str | None = None
    """How it is written, where OpenAPI's default is not meant."""
    component: str = ""
    """The name under which many operations refer to it."""

    def referred(self) -> Json:
        return {"$ref": PARAMETER_REF.format(name=self.component)} if self.component else self.described()

    def described(self) -> Json:
        known = {"name": self.name, "in": self.where, "description": self.about, "schema": dict(self.schema)}
        styled = {"style": self.style} if self.style else {}
        return known | styled | ({"required": True} if self.required or self.where == "path" else {})


@dataclass(frozen=True, kw_only=True)
class Body:
    """What is answered with a status, in one or more media types."""

    about: str
    content: Mapping[str, Models | Json] = field(default_factory=dict)

    def described(self, name_of: "Naming") -> Json:
        content = {kind: {"schema": _schema(shape, name_of)} for kind, shape in self.content.items()}
        return {"description": self.about} | ({"content": content} if content else {})


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a route table does not say about one of its routes."""

    summary: str
    about: str = ""
    path: str | None = None
    """Where the table's own path is a pattern."""
    sent: Models | Json = ()
    must_send: bool = True
    parameters: Sequence[Parameter] = ()
    answers: Mapping[int, Body] = field(default_factory=dict)
    credentials: Sequence[Sequence[str]] | None = None
    """Schemes that are needed together, and what will do instead; None stands for any one of the dialect's."""
    errors: Collection[int] | None = None
    """Those of the dialect's that can happen here; None stands for all."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The routes of a dialect and what is true of them. `described` is keyed by method and the table's path."""

    name: str
    about: str
    routes: Callable[[], Sequence[Route[Any, Any]]]
    described: Mapping[tuple[str, str], Description]
    security: Mapping[str, Json]
    errors: Mapping[int, Body]
    family: str = ""
    """Dialects of one family have their errors in common."""

    def models(self) -> set[type[BaseModel]]:
        """All that the operations refer to."""
        bodies = [body for one in self.described.values() for body in one.answers.values()]
        shapes = [shape for body in [*bodies, *self.errors.values()] for shape in body.content.values()]
        answered = {model for shape in shapes if not isinstance(shape, dict) for model in shape}
        sent = {model for one in self.described.values() if not isinstance(one.sent, dict) for model in one.sent}
        return answered | sent

    def operations(self, name_of: Naming = plain_name) -> dict[str, dict[str, Json]]:
        """Path to method to operation. Raises UndescribedError for a route that nobody has described."""
        paths: dict[str, dict[str, Json]] = {}
        for route in self.routes():
            description = self.described.get((route.method, route.path))
            if description is None:
                raise UndescribedError(self.name, route.method, route.path)
            path = description.path or _PART.sub(r"{\1}", route.path)
            paths.setdefault(path, {})[route.method.lower()] = self._operation(route, path, description, name_of)
        return paths

    def shared_parameters(self) -> dict[str, Json]:
        """The parameters that are components, by their names."""
        return {
            one.component: one.described()
            for description in self.described.values()
            for one in description.parameters
            if one.component
        }

    def failures(self, name_of: Naming = plain_name) -> dict[str, Json]:
        """The errors as components, by their names."""
        return {self._failure_name(status): body.described(name_of) for status, body in self.errors.items()}

    def _failure_name(self, status: int) -> str:
        return f"{self.family or self.name}{status}"

    def _operation(self, route: Route[Any, Any], path: str, description: Description, name_of: Naming) -> Json:
        known = {one.name for one in description.parameters if one.where == "path"}
        in_path = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", path)
            if name not in known
        ]
        parameters = in_path + [one.referred() for one in description.parameters]
        credentials = [[name] for name in self.security] if description.credentials is None else description.credentials
        possible = self.errors if description.errors is None else description.errors
        failures = {status: {"$ref": FAILURE_REF.format(name=self._failure_name(status))} for status in possible}
        answers = failures | {status: body.described(name_of) for status, body in description.answers.items()}
        operation: Json = {
            "tags": [self.name],
            "operationId": re.sub(r"\W+", "_", f"{self.name} {route.method} {path}").strip("_").lower(),
            "summary": description.summary,
            "security": [{name: [] for name in together} for together in credentials],
            "responses": {str(status): answers[status] for status in sorted(answers)},
        }
        if description.about:
            operation["description"] = description.about
        if parameters:
            operation["parameters"] = parameters
        if description.sent:
            content = {"application/json": {"schema": _schema(description.sent, name_of)}}
            operation["requestBody"] = {"required": description.must_send, "content": content}
        return operation


def _schema(shape: Models | Json, name_of: Naming) -> Json:
    if isinstance(shape, dict):
        return shape
    models = [{"$ref": REF.format(model=name_of(model))} for model in shape]
    return models[0] if len(models) == 1 else {"anyOf": models}
