"""The platform dialect's description follows its declarations, and names nothing that is not there."""

from parlance.platform.declarations import RESOURCES
from parlance.platform.paths import ROOT
from reference.openapi import openapi
from reference.platform import PLATFORM, routes
from reference.platform_calls import CALLS

DOCUMENT = openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_no_call_is_described_that_there_is_not() -> None:
    served = {(route.method, route.path) for route in routes()}
    described = {(method, path if path.startswith("/v1/") else ROOT + path) for method, path in CALLS}
    assert described <= served


def test_every_field_of_every_resource_is_described() -> None:
    for resource in RESOURCES:
        for call, model in (("create", resource.creation), ("update", resource.change), ("fetch", resource.answer)):
            if call in resource.calls:
                names = {field.alias or name for name, field in model.model_fields.items()}
                assert SCHEMAS[model.__name__]["properties"].keys() == names
                assert SCHEMAS[model.__name__]["additionalProperties"] is False


def test_links_and_enums_are_described() -> None:
    bot = SCHEMAS["BotCreate"]["properties"]
    assert bot["visibility"]["anyOf"][0]["enum"] == ["private", "protected", "public"]
    assert {"type": "null"} in bot["datasetId"]["anyOf"]
    assert SCHEMAS["RecordCreate"]["required"] == ["text"]
    assert "value" in SCHEMAS["SecretCreate"]["properties"]
    assert "value" not in SCHEMAS["SecretItem"]["properties"]


def test_a_session_reaches_what_the_gate_lets_it_reach() -> None:
    reached = {
        path
        for dialect in PLATFORM
        for path, methods in dialect.operations().items()
        for operation in methods.values()
        if {"PlatformSession": []} in operation["security"]
    }
    of_conversation = (
        *("complete", "send", "receive", "dispatch", "contact/upsert", "attachment/upload"),
        *(f"message/{{messageId}}/{call}" for call in ("upvote", "downvote", "synthesize")),
    )
    assert reached == {
        "/api/v1/Attachment/{conversationId}/upload",
        "/api/v1/channel/{channelId}/publish",
        *(f"/api/v1/conversation/{{conversationId}}/{call}" for call in of_conversation),
    }
