"""What the abilities of this dialect are to the agents of the house.

An ability's instruction is text, which may hold one block that says what to do:

    ```fetch                                                  ```search/datasetId=ID
    POST https://api.example.com/orders?page=$[page|which]    $[query|what to look for]
    Authorization: Bearer ${SECRET_SHOP}                      ```

    {"order": "$[order|its number]"}
    ```

`$[name|description]` is an argument of the model's; words between name and bar say how it is written, which we do by
where it stands. `${SECRET}` is the secret that the ability links to, `${SECRET_NAME}` the one that the operator has
set for the tenant as `platform-NAME`: whoever writes abilities can send a secret anywhere, so not all are within reach.
Without a block, a linked bot is asked; without that either, the text is what the agent reads when it calls the ability.
Wire facts: the vendor's documentation of skillset abilities, https://docs.cbk.ai/skillset-abilities.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from parlance.agents.skills import ABILITIES_MAX, Ability, abilities_from
from parlance.errors import InvalidInputError

_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_ARGUMENT = re.compile(r"\$\[\s*([A-Za-z0-9_-]{1,64})(?:\s+[^\]|]*)?(?:\|([^\]]*))?\]")
_SECRET = re.compile(r"\$\{\s*SECRET(?:_([A-Za-z0-9][A-Za-z0-9_-]{0,63}))?\s*\}")
_REQUEST_LINE = re.compile(r"([A-Z]+)\s+(\S+)(?:\s+HTTP/[\d.]+)?\s*\Z")
_BARE = re.compile(r"(?<=[\[:,\s])(\{\{ [A-Za-z0-9_-]+ \}\})(?=\s*[,\]}])")
_AUTHORIZED_BY: Mapping[str, str] = {"bearer": "Bearer", "basic": "Basic"}
_USABLE = frozenset({"plain", *_AUTHORIZED_BY})
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_MAX = 64
_OPEN_TO_ABILITIES = "platform-"


class UnsupportedAbilityError(Exception):
    """The ability does what agents here cannot do. The text says what, for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class LinkedSecret:
    """The secret that an ability links to: where its value is found, and the type that says how it is sent."""

    name: str
    type: str = "plain"


@dataclass(frozen=True, slots=True)
class WrittenAbility:
    """An ability as it was written."""

    name: str
    description: str
    instruction: str
    bot_id: str | None = None
    secret: LinkedSecret | None = None


def written_ability(values: Mapping[str, Any], secret: LinkedSecret | None) -> WrittenAbility:
    """An ability by the fields of its resource."""
    return WrittenAbility(
        name=values.get("name") or "",
        description=values.get("description") or "",
        instruction=values.get("instruction") or "",
        bot_id=values.get("botId"),
        secret=secret,
    )


@dataclass(slots=True)
class _Arguments:
    """The arguments that a block names, as the schema of a tool."""

    described: dict[str, str] = field(default_factory=dict)

    def placeholder(self, match: re.Match[str]) -> str:
        name, description = match[1], (match[2] or "").strip()
        self.described[name] = self.described.get(name) or description
        return f"{{{{ {name} }}}}"

    def schema(self) -> dict[str, Any]:
        properties = {
            name: {"type": "string", **({"description": text} if text else {})} for name, text in self.described.items()
        }
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }


def ability_of(written: WrittenAbility) -> Ability:
    """Raises UnsupportedAbilityError."""
    blocks = list(_BLOCK.finditer(written.instruction))
    if len(blocks) > 1:
        raise UnsupportedAbilityError("an instruction may hold one block")
    found = {"name": _tool_name(written.name), "description": written.description[:2_000]}
    try:
        (ability,) = abilities_from([{**found, **(_doing(blocks[0], written) if blocks else _saying(written))}])
    except InvalidInputError as error:
        raise UnsupportedAbilityError(error.message) from error
    return ability


def abilities_of(written: Iterable[WrittenAbility]) -> Sequence[Ability]:
    """Those that agents here can use, each under a name of its own."""
    found: dict[str, Ability] = {}
    for one in written:
        try:
            ability = ability_of(one)
        except UnsupportedAbilityError:
            continue
        name = ability.name
        for number in range(2, ABILITIES_MAX + 1):
            if name not in found:
                break
            name = f"{ability.name[: _NAME_MAX - 3]}_{number}"
        found.setdefault(name, ability.model_copy(update={"name": name}))
        if len(found) == ABILITIES_MAX:
            break
    return list(found.values())


def _tool_name(name: str) -> str:
    """People name abilities in words; a model's provider takes few characters."""
    return _NOT_A_NAME.sub("_", name).strip("_")[:_NAME_MAX] or "ability"


def _saying(written: WrittenAbility) -> dict[str, Any]:
    text = written.instruction.strip()
    if written.bot_id:
        return {"kind": "agent", "agent_id": written.bot_id, "instructions": text}
    if not text:
        raise UnsupportedAbilityError("it has no instruction")
    return {"kind": "text", "text": text}


def _doing(block: re.Match[str], written: WrittenAbility) -> dict[str, Any]:
    action, *settings = block[1].strip().split("/")
    match action:
        case "fetch":
            return _fetch(block[2], written.secret)
        case "search":
            return _search(dict(_pair(one) for one in settings))
    raise UnsupportedAbilityError(f"{action or 'a block without a name'} is no action that there is here")


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _search(settings: Mapping[str, str]) -> dict[str, Any]:
    dataset_id = settings.get("datasetId")
    if not dataset_id:
        raise UnsupportedAbilityError("search: it needs the id of a dataset, as in search/datasetId=ID")
    return {"kind": "search", "dataset_id": dataset_id}


def _fetch(text: str, secret: LinkedSecret | None) -> dict[str, Any]:
    if secret is not None and secret.type not in _USABLE:
        raise UnsupportedAbilityError(f"fetch: a secret of the type {secret.type} cannot be sent")
    arguments = _Arguments()
    filled = _SECRET.sub(lambda match: _secret_placeholder(match, secret), _ARGUMENT.sub(arguments.placeholder, text))
    head, _, body = filled.strip().partition("\n\n")
    first, *lines = head.splitlines() or [""]
    request = _REQUEST_LINE.match(_closed_up(first))
    if request is None:
        raise UnsupportedAbilityError("fetch: the first line is a method and an address")
    url, _, query = _opened(request[2]).partition("?")
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if secret is not None and secret.type in _AUTHORIZED_BY and "{{ secret." not in filled:
        headers.setdefault("Authorization", f"{_AUTHORIZED_BY[secret.type]} {{{{ secret.{secret.name} }}}}")
    return {
        "kind": "fetch",
        "method": request[1],
        "url": url,
        "query": dict(parse_qsl(query, keep_blank_values=True)),
        "headers": headers,
        "body": _body(body) if body.strip() else None,
        "parameters": arguments.schema(),
    }


def _secret_placeholder(match: re.Match[str], secret: LinkedSecret | None) -> str:
    if match[1]:
        return f"{{{{ secret.{_OPEN_TO_ABILITIES}{match[1]} }}}}"
    if secret is None:
        raise UnsupportedAbilityError("fetch: ${SECRET} needs a linked secret")
    return f"{{{{ secret.{secret.name} }}}}"


def _closed_up(line: str) -> str:
    """Placeholders without spaces, so that the address is one word."""
    return line.replace("{{ ", "{{").replace(" }}", "}}")


def _opened(url: str) -> str:
    return url.replace("{{", "{{ ").replace("}}", " }}")


def _body(text: str) -> Any:
    """JSON, in which an argument may stand for a whole value without quotes."""
    for candidate in (text, _BARE.sub(r'"\1"', text)):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    raise UnsupportedAbilityError("fetch: the body is not JSON")
