"""What the tests of described operations call them with: things that exist, and the smallest bodies that will do."""

from collections.abc import Mapping
from typing import Any

from parlance.platform.declarations import RESOURCES
from reference.openapi import openapi
from tests.functions.platform import Account

DOCUMENT = openapi()
LISTENS = "/api/v1/channel/{channelId}/subscribe"
"""Answers when a minute is over, whatever was sent."""


class Things:
    """One of each kind that an account may have, made anew where something may have deleted it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._made: dict[str, str] = {}

    def ids(self, path: str) -> dict[str, str]:
        """What stands for the variables of a path."""
        known = {"channelId": "channel_of_the_tests"}
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            kind = path.split("/")[4] if name == "integrationId" else name.removesuffix("Id")
            if name not in known:
                known[name] = self._one(kind, known)
        return {name: value for name, value in known.items() if f"{{{name}}}" in path}

    def forget(self) -> None:
        self._made.clear()

    def _one(self, kind: str, known: Mapping[str, str]) -> str:
        if kind not in self._made:
            make = _MAKERS.get(kind, f"/integration/{kind}/create" if kind not in _NEVER else None)
            self._made[kind] = self._account.made(make.format(**known), _LEAST.get(kind, {})) if make else "nothing"
        return self._made[kind]


_NEVER = {"execution", "doc", "example", "guide", "manual", "report", "tutorial"}
_MAKERS = {
    resource.kind: f"/{resource.path}/create".replace("{parent}", f"{{{resource.parent}Id}}")
    for resource in RESOURCES
    if "create" in resource.calls or resource.kind == "message"
}
_LEAST = {"message": {"type": "user", "text": "Hello"}, "record": {"text": "x"}, "memory": {"text": "x"}}


def body_for(operation: Mapping[str, Any]) -> Any:
    sent = operation.get("requestBody")
    return least_of(sent["content"]["application/json"]["schema"]) if sent else None


def least_of(schema: Mapping[str, Any]) -> Any:
    """The smallest value that a schema allows."""
    if "allOf" in schema:
        return {name: value for part in schema["allOf"] for name, value in least_of(part).items()}
    found = _resolved(schema)
    match found.get("type"):
        case "object":
            return {name: least_of(found["properties"][name]) for name in found.get("required", [])}
        case "array":
            return [least_of(found["items"])] * found.get("minItems", 0)
        case "string":
            return found.get("enum", [found.get("const", "something")])[0]
    return 1


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to, and the first of alternatives."""
    if "$ref" in schema:
        return _resolved(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return _resolved(schema["anyOf"][0]) if "anyOf" in schema else schema
