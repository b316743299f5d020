"""Our template, as CloudFormation gets to see it."""

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

from local.settings import CLOUD_BIN, ROOT

PLATFORM = {
    f"ChatBotKit{group.capitalize()}Function": group
    for group in (
        *("bot", "channel", "contact", "dataset", "event", "file", "integration"),
        *("memory", "platform", "secret", "skillset", "task", "usage", "conversation"),
    )
}
FUNCTIONS = {
    **dict.fromkeys(PLATFORM, "PlatformSettings"),
    "ChatBotKitConversationFunction": "PlatformConversationSettings",
    "ChatBotKitDatasetFunction": "PlatformDatasetSettings",
    "ChatBotKitCompletionFunction": "PlatformCompletionSettings",
    "ChatBotKitListsFunction": "PlatformSettings",
    "ChatBotKitSkillsetFunction": "PlatformSkillsetSettings",
    "ChatsRestFunction": "ChatsRestSettings",
    "ChatsMessagesFunction": "ChatsMessagesSettings",
    "ChatsWebSocketFunction": "ChatsWebSocketSettings",
    "WidgetChatFunction": "WidgetChatSettings",
    "WidgetStreamFunction": "WidgetStreamSettings",
    "RepliesFunction": "RepliesSettings",
    "SweepsFunction": "SweepsSettings",
    "TenantFunction": "TenantRestSettings",
    "WebhooksFunction": "WebhooksSettings",
    "ServerKeysFunction": "ServerKeysSettings",
    "KosmosServiceKeysFunction": "ServiceKeysSettings",
    "KosmosAgentQueryFunction": "AgentQuerySettings",
    "KosmosJwtFunction": "VerifyTokenSettings",
    "KosmosEcdsaHelperFunction": "EcdsaHelperSettings",
    "KosmosEnvironmentFunction": "EnvironmentSettings",
    "KosmosHealthzFunction": "HealthSettings",
    "KosmosPublicKeysFunction": "PublicKeySettings",
    "KosmosWellKnownFunction": "PublicKeySettings",
    "KosmosServiceDirectoryFunction": "ServiceDirectorySettings",
    "IndexingFunction": "IndexingSettings",
}
STREAMING = [
    "ChatsMessagesFunction",
    "KosmosAgentQueryFunction",
    "WidgetStreamFunction",
    "ChatBotKitCompletionFunction",
    "ChatBotKitListsFunction",
]
"""The functions that stream their answers, as servers behind the Lambda Web Adapter."""
RUNNING_TURNS = [function for function in STREAMING if function != "ChatBotKitListsFunction"]
"""Those whose answers are a model's."""


class Stack:
    """The transformed template, with the questions that the tests ask of it."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.template = template
        self.resources: dict[str, dict[str, Any]] = template["Resources"]

    def properties(self, name: str) -> dict[str, Any]:
        """One resource's properties."""
        found: dict[str, Any] = self.resources[name]["Properties"]
        return found

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by name."""
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] == kind}

    def functions(self) -> list[str]:
        """The names of all functions."""
        return list(self.of_type("AWS::Lambda::Function"))

    def code(self, function: str) -> str:
        """The folder of a function's code, below the root of the project."""
        folder: str = self.properties(function)["Code"]["S3Key"]
        return folder

    def statements(self, function: str) -> Iterator[dict[str, Any]]:
        """What the function's own policies say; each action and resource in a list."""
        role = self.properties(f"{function}Role")
        for policy in role.get("Policies", []):
            for written in policy["PolicyDocument"]["Statement"]:
                # One that stands under a condition is judged as if the condition held.
                statement = written["Fn::If"][1] if "Fn::If" in written else written
                yield statement | {name: as_list(statement[name]) for name in ("Action", "Resource")}

    def actions_on(self, function: str, target: str) -> set[str]:
        """What the function may do with a resource of this stack."""
        return {
            action
            for statement in self.statements(function)
            if any(target in json.dumps(resource) for resource in statement["Resource"])
            for action in statement["Action"]
        }

    def environment(self, function: str) -> dict[str, Any]:
        """The environment variables of a function."""
        found: dict[str, Any] = self.properties(function)["Environment"]["Variables"]
        return found

    def made_before(self, name: str) -> set[str]:
        """The resources that CloudFormation makes before this one, because this one or another of them needs them."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            needed = self._needed_by(waiting.pop()) - found
            found |= needed
            waiting += needed
        return found

    def _needed_by(self, name: str) -> set[str]:
        resource = self.resources[name]
        said = as_list(resource.get("DependsOn", []))
        return {one for one in (*said, *_named_in(resource.get("Properties"))) if one in self.resources}

    def paths(self) -> dict[str, dict[str, Any]]:
        """The REST API's paths and their methods."""
        found: dict[str, dict[str, Any]] = self.properties("RestApi")["Body"]["paths"]
        return found


def _named_in(value: Any) -> Iterator[str]:
    """What `Ref`, `Fn::GetAtt` and `Fn::Sub` name, at any depth."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            yield from re.findall(r"\$\{(\w+)", text)
        case dict():
            for inner in value.values():
                yield from _named_in(inner)
        case list():
            for inner in value:
                yield from _named_in(inner)


def as_list(value: Any) -> list[Any]:
    """Policies write one as itself and several as a list."""
    return value if isinstance(value, list) else [value]


@cache
def transformed() -> Stack:
    """What SAM makes of our template."""
    done = subprocess.run(
        [CLOUD_BIN / "python", ROOT / "tests/template/transform.py", ROOT / "template.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Stack(json.loads(done.stdout))
