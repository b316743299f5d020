"""Reading what clients of the platform dialect send."""

from enum import Enum
from typing import Any

from pydantic import BaseModel, ValidationError

from parlance.errors import InvalidInputError
from parlance.http.requests import Request

_ERRORS_SHOWN = 10


class Form(Enum):
    """In which form an answer is wanted."""

    JSON = "application/json"
    LINES = "application/jsonl"
    CSV = "text/csv"
    EVENTS = "text/event-stream"


def wanted_form(request: Request) -> Form:
    """The first type of `Accept` counts. Raises InvalidInputError for one that is not served."""
    first = (request.header("accept") or "*/*").split(",")[0].split(";")[0].strip().lower()
    if first in {"", "*/*", "application/*"}:
        return Form.JSON
    try:
        return Form(first)
    except ValueError as error:
        raise InvalidInputError("The Accept header names a type that is not served") from error


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a POST; an empty body is an empty object. Raises InvalidInputError."""
    sent = (request.header("content-type") or "").split(";")[0].strip().lower()
    if sent not in {"", "application/json"}:
        raise InvalidInputError("The content type must be application/json")
    return request.json_object_or_nothing()


def read[Model: BaseModel](model: type[Model], body: dict[str, Any]) -> Model:
    """Check a body. Raises InvalidInputError, which names the fields at fault and never their values."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found[:_ERRORS_SHOWN]]
        raise InvalidInputError("; ".join(told)) from None
