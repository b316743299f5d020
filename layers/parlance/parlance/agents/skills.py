"""Skillsets: the abilities that an agent may use, each of which becomes a tool of its model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from parlance.agents.secrets import NAME as SECRET_NAME
from parlance.errors import InvalidInputError
from parlance.outbound.addresses import ForbiddenAddressError, target_of

ABILITIES_MAX = 32
PLACEHOLDER = re.compile(r"\{\{\s*(secret\.)?([A-Za-z0-9_-]{1,64})\s*\}\}")
"""`{{ city }}` stands for an argument of the call, `{{ secret.weather }}` for a secret of the tenant."""

_TOOL_NAME = r"^[A-Za-z0-9_-]{1,64}$"
_TEXT_PARAMETER = {"type": "string", "minLength": 1, "maxLength": 4_000}


class _Ability(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_TOOL_NAME)
    description: str = Field(default="", max_length=2_000)


class FetchAbility(_Ability):
    """An HTTP request. Its host is fixed here; arguments go into path, query, headers and body, secrets anywhere else.

    `body` is a JSON value whose texts may hold placeholders; a text that is one placeholder becomes the argument as
    it is, a number as a number.
    """

    kind: Literal["fetch"]
    url: str = Field(max_length=4_096)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = Field(default_factory=dict, max_length=32)
    query: dict[str, str] = Field(default_factory=dict, max_length=32)
    body: Any = None
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    timeout_seconds: float = Field(default=10.0, gt=0, le=30)

    @model_validator(mode="after")
    def _host_is_fixed(self) -> "FetchAbility":
        authority = self.url.split("/", 3)[2] if self.url.count("/") >= 2 else ""
        if PLACEHOLDER.search(self.url.partition("://")[0]) or "{{" in authority:
            raise ValueError("the host of a fetch is fixed")
        if any(match[1] for match in PLACEHOLDER.finditer(self.url)):
            raise ValueError("a secret stands in headers, query or body, never in the address")
        try:
            target_of(PLACEHOLDER.sub("x", self.url))
        except ForbiddenAddressError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def secrets(self) -> frozenset[str]:
        texts = [*self.headers.values(), *self.query.values(), str(self.body)]
        return frozenset(match[2] for text in texts for match in PLACEHOLDER.finditer(text) if match[1])

    @model_validator(mode="after")
    def _secrets_have_names(self) -> "FetchAbility":
        if not all(SECRET_NAME.match(name) for name in self.secrets):
            raise ValueError("a secret's name is made of letters, digits, _ and -")
        return self


class SearchAbility(_Ability):
    """Ranked search in one dataset."""

    kind: Literal["search"]
    dataset_id: str
    limit: int = Field(default=5, ge=1, le=20)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {"query": {**_TEXT_PARAMETER, "description": "What to look for."}},
            "required": ["query"],
            "additionalProperties": False,
        }


class AgentAbility(_Ability):
    """Another agent of the same tenant, asked one question, which stands below the `instructions` if there are any."""

    kind: Literal["agent"]
    agent_id: str
    instructions: str = Field(default="", max_length=20_000)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {"message": {**_TEXT_PARAMETER, "description": "What to ask."}},
            "required": ["message"],
            "additionalProperties": False,
        }


class TextAbility(_Ability):
    """Instructions that the agent is given when it asks for them."""

    kind: Literal["text"]
    text: str = Field(min_length=1, max_length=20_000)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"type": "object", "properties": {}, "additionalProperties": False}


type Ability = Annotated[FetchAbility | SearchAbility | AgentAbility | TextAbility, Field(discriminator="kind")]

_ABILITIES: TypeAdapter[list[Ability]] = TypeAdapter(list[Ability])


@dataclass(frozen=True, slots=True)
class Skillset:
    """A named collection of abilities."""

    tenant_id: str
    id: str
    name: str
    abilities: Sequence[Ability]
    created_at: int
    updated_at: int


class SkillsetStore(Protocol):
    """Where skillsets live. Reads see every write that was answered before them."""

    def put(self, skillset: Skillset) -> None:
        """Create it, or replace the one of that id."""
        ...

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None: ...

    def of_tenant(self, tenant_id: str) -> list[Skillset]:
        """In the order of their ids."""
        ...


class SkillReader(Protocol):
    """The part of a store that answering needs."""

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None: ...


def abilities_from(given: object) -> Sequence[Ability]:
    """Raises InvalidInputError that says what is wrong and where."""
    try:
        abilities = _ABILITIES.validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(f"An ability cannot be read: {where}: {first['msg']}") from None
    names = [ability.name for ability in abilities]
    if len(set(names)) < len(names):
        raise InvalidInputError("Two abilities of a skillset have the same name.")
    if len(abilities) > ABILITIES_MAX:
        raise InvalidInputError(f"A skillset has at most {ABILITIES_MAX} abilities.")
    for ability in abilities:
        _check_schema(ability)
    return abilities


def abilities_to(abilities: Sequence[Ability]) -> list[dict[str, Any]]:
    """As JSON holds them; `abilities_from` reads them back."""
    return [ability.model_dump(mode="json", exclude_defaults=True) | {"kind": ability.kind} for ability in abilities]


def _check_schema(ability: Ability) -> None:
    from parlance.agents.tools.arguments import SchemaError, check_schema  # noqa: PLC0415 - only who defines needs it

    try:
        check_schema(ability.parameters)
    except SchemaError as error:
        raise InvalidInputError(f"The parameters of {ability.name} are no JSON Schema of an object: {error}") from error
