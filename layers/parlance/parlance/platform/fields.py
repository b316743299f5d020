"""Declaring a resource: its fields, once. Checks, links, answers and the API description follow from the declaration.

Fields have their names on the wire. What is optional may be null: null or an empty text clears a field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from parlance.platform.schedules import check_schedule, check_time_zone

ALIAS_SHAPE = re.compile(r"[a-z0-9_-]{0,128}\Z", re.ASCII)
ID_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,128}\Z", re.ASCII)

# The largest power of ten that is a double exactly, so that the bound is the same in every language.
_NUMBER_MAX = 10**22

type Maker = Callable[[], str]
"""Makes a value that the server gives out itself, new at each call."""


class Sent(BaseModel):
    """What clients send: types are not converted, and a field that we do not know is a mistake."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def _alias(text: str) -> str:
    if not ALIAS_SHAPE.match(text):
        raise ValueError("must be made of up to 128 small letters, digits, _ and -")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _in_range(value: float) -> float:
    if abs(value) > _NUMBER_MAX:
        raise ValueError("is out of range")
    return value


def _without_hidden(meta: dict[str, Any]) -> dict[str, Any]:
    if any(key.startswith("_") for key in meta):
        raise ValueError("keys must not begin with _")
    return meta


def _whole(value: object) -> object:
    """JSON knows one kind of number only: 2.0 is as whole as 2."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AS_WHOLE = BeforeValidator(_whole)
"""Comes last among an integer's annotations: bounds behind it would be lost from the description."""
Text = Annotated[str, Field()]
NotBlank = Annotated[str, AfterValidator(_not_blank), Field(json_schema_extra={"pattern": r"\S"})]
Alias = Annotated[str, AfterValidator(_alias), Field(json_schema_extra={"pattern": "^[a-z0-9_-]{0,128}$"})]
Schedule = Annotated[str, AfterValidator(check_schedule), Field(json_schema_extra={"format": "schedule"})]
TimeZone = Annotated[str, AfterValidator(check_time_zone), Field(json_schema_extra={"format": "time-zone"})]
Number = Annotated[
    int | float,
    AfterValidator(_in_range),
    Field(json_schema_extra={"minimum": -_NUMBER_MAX, "maximum": _NUMBER_MAX}),
]
Meta = dict[str, Any]
NewMeta = Annotated[
    dict[str, Any],
    AfterValidator(_without_hidden),
    Field(json_schema_extra={"propertyNames": {"pattern": "^([^_]|$)"}}),
]


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One field of a resource.

    `link` is the kind of thing that it names by id or `@alias`. `made` gives the value that the server puts in
    where none was sent; with `server_made` clients cannot send one. `shown` is what is answered where there is no
    value. `also` is the same field's name in other versions of the API.
    """

    name: str
    type: Any
    required: bool = False
    link: str | None = None
    made: Maker | None = None
    server_made: bool = False
    hidden: bool = False
    create_only: bool = False
    shown: Any = None
    also: str | None = None


def text(name: str, **more: Any) -> FieldOf:
    return FieldOf(name, Text, **more)


def flag(name: str, **more: Any) -> FieldOf:
    return FieldOf(name, bool, **more)


def number(name: str, **more: Any) -> FieldOf:
    return FieldOf(name, Number, **more)


def mapping(name: str, **more: Any) -> FieldOf:
    return FieldOf(name, dict[str, Any], **more)


def choice(name: str, values: Sequence[str], **more: Any) -> FieldOf:
    return FieldOf(name, Literal[tuple(values)], **more)


def link(name: str, kind: str | None = None, **more: Any) -> FieldOf:
    """A reference by id. Without a kind it is `…Id` of that kind."""
    return FieldOf(name, Text, link=kind or name.removesuffix("Id"), **more)


ALIAS = FieldOf("alias", Alias)
NAMED = (text("name"), text("description"), FieldOf("meta", Meta))
VISIBILITY = choice("visibility", ("private", "protected", "public"))
BLUEPRINT = link("blueprintId")
SCHEDULED = (FieldOf("schedule", Schedule), FieldOf("timezone", TimeZone))


@dataclass(frozen=True)
class Resource:
    """A kind of resource with the usual life cycle.

    `path` is where it lives below the API's root, with `{parent}` for the id of what it belongs to, which is of the
    kind `parent`. `filters` are the fields by which its list can be narrowed. `exports` says whether its list is
    also served as CSV. A `large` one's lists may be more than one answer holds: another function streams them.
    """

    kind: str
    path: str
    prefix: str
    fields: tuple[FieldOf, ...]
    parent: str | None = None
    filters: tuple[str, ...] = ()
    exports: bool = False
    large: bool = False
    calls: tuple[str, ...] = ("create", "list", "fetch", "update", "delete")
    oldest_first: bool = False
    title: str = ""

    @property
    def label(self) -> str:
        """What people call it, in error messages."""
        return self.title or re.sub(r"(?<!^)(?=[A-Z])", " ", self.kind).capitalize()

    @cached_property
    def by_name(self) -> Mapping[str, FieldOf]:
        """Every name that a client may send, with its field."""
        named = {one.name: one for one in self.fields}
        return named | {one.also: one for one in self.fields if one.also}

    @cached_property
    def creation(self) -> type[BaseModel]:
        """What `create` takes. Unlike a change it is told of keys in `meta` that are not kept."""
        sent = [one for one in self.fields if not one.server_made]
        strict = [replace(one, type=NewMeta) if one.name == "meta" else one for one in sent]
        return self._model("Create", strict, required=True)

    @cached_property
    def change(self) -> type[BaseModel]:
        """What `update` takes: the same, all of it optional."""
        changeable = [one for one in self.fields if not one.server_made and not one.create_only]
        return self._model("Update", changeable, required=False)

    @cached_property
    def answer(self) -> type[BaseModel]:
        """What `fetch` and `list` answer, for the API's description. Nothing in it is null: it is left out then."""
        fixed: dict[str, Any] = {"id": (str, ...), "createdAt": (int, ...), "updatedAt": (int, ...)}
        shown = [one for one in self.fields if not one.hidden and not one.create_only]
        always = [replace(one, required=one.required or one.shown is not None or one.made is not None) for one in shown]
        return self._model("Item", always, required=True, nullable=False, more=fixed)

    def _model(
        self,
        suffix: str,
        fields: Sequence[FieldOf],
        *,
        required: bool,
        nullable: bool = True,
        more: Mapping[str, Any] | None = None,
    ) -> type[BaseModel]:
        named: dict[str, Any] = dict(more or {})
        for one in fields:
            for name in filter(None, (one.name, one.also)):
                must = required and one.required and name == one.name
                kind = one.type | None if nullable and not one.required else one.type
                # Under an alias, because a name such as "schema" means something else to the class.
                named[f"field_{name}"] = (kind, Field(... if must else None, alias=name))
        title = self.kind[0].upper() + self.kind[1:]
        return create_model(f"{title}{suffix}", __base__=Sent, **named)
