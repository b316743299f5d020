"""Our template, as CloudFormation gets to see it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
    "ChatBotKitBotFunction": "PlatformBotSettings",
    "ChatBotKitFileFunction": "PlatformFileSettings",
    "ChatBotKitTaskFunction": "PlatformTaskSettings",
    "ChatBotKitIntegrationFunction": "PlatformIntegrationSettings",
    "ChatBotKitCompletionFunction": "PlatformCompletionSettings",
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
    "ErrandsFunction": "ErrandsSettings",
}
STREAMING = [
    "ChatsMessagesFunction",
    "KosmosAgentQueryFunction",
    "WidgetStreamFunction",
    "ChatBotKitCompletionFunction",
]
"""The functions that stream their answers, as servers behind the Lambda Web Adapter."""


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

    def paths(self) -> dict[str, dict[str, Any]]:
        """The REST API's paths and their methods."""
        found: dict[str, dict[str, Any]] = self.properties("RestApi")["Body"]["paths"]
        return found


def as_list(value: Any) -> list[Any]:
    """Policies write one as itself and several as a list."""
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Transformed once."""
    done = subprocess.run(
        [CLOUD_BIN / "python", Path(__file__).with_name("transform.py"), ROOT / "template.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Stack(json.loads(done.stdout))
