"""Every function may do what it does, and nothing else."""

import json

import pytest

from tests.template.conftest import FUNCTIONS, PLATFORM, Stack

TRANSACTION = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
READING = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
KNOWS_CALLERS = [
    "ChatsRestFunction",
    "ChatsMessagesFunction",
    "ChatsWebSocketFunction",
    "WidgetChatFunction",
    "WidgetStreamFunction",
]
CONSUMING = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ChangeMessageVisibility",
    "sqs:SendMessage",
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_wildcard_stands_in_a_policy_of_ours(stack: Stack, function: str) -> None:
    for statement in stack.statements(function):
        assert all("*" not in action for action in statement["Action"]), statement
        for resource in statement["Resource"]:
            assert resource != "*"
            # The connections of one stage of one API are the only family of resources that is named by a star.
            assert "*" not in json.dumps(resource).replace("${Stage}/*/@connections/*", "")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_managed_policies_only_write_logs_and_traces(stack: Stack, function: str) -> None:
    names = {
        json.dumps(arn).rsplit("/", 1)[-1].rstrip('"}]')
        for arn in stack.properties(f"{function}Role")["ManagedPolicyArns"]
    }
    assert names <= {"AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"}


@pytest.mark.parametrize("function", ["RepliesFunction", "SweepsFunction"])
def test_workers_cannot_reach_identity(stack: Stack, function: str) -> None:
    assert stack.actions_on(function, "IdentityTable") == set()
    assert "IDENTITY_TABLE" not in stack.environment(function)


@pytest.mark.parametrize("function", KNOWS_CALLERS)
def test_who_calls_is_read_and_never_written(stack: Stack, function: str) -> None:
    assert stack.actions_on(function, "IdentityTable") == {"dynamodb:GetItem"}


@pytest.mark.parametrize("function", PLATFORM)
def test_the_platform_reads_who_calls_and_keeps_resources(stack: Stack, function: str) -> None:
    assert stack.actions_on(function, "IdentityTable") == {"dynamodb:GetItem"}
    writing = TRANSACTION | {"dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem"}
    assert stack.actions_on(function, "ConversationsTable") == READING | writing
    sweeps = {"sqs:SendMessage"} if function == "ChatBotKitConversationFunction" else set()
    assert stack.actions_on(function, "SweepsQueue") == sweeps
    assert stack.actions_on(function, "WakeupsQueue") == set()


def test_what_completes_also_wakes_workers(stack: Stack) -> None:
    function = "ChatBotKitCompletionFunction"
    assert stack.actions_on(function, "IdentityTable") == {"dynamodb:GetItem"}
    assert stack.actions_on(function, "WakeupsQueue") == {"sqs:SendMessage"}
    assert stack.actions_on(function, "SweepsQueue") == set()


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        ("ChatsRestFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        ("ChatsMessagesFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        ("ChatsWebSocketFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        ("WidgetChatFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        ("WidgetStreamFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        ("RepliesFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        (
            "SweepsFunction",
            {
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:BatchWriteItem",
            },
        ),
    ],
)
def test_conversations(stack: Stack, function: str, actions: set[str]) -> None:
    assert stack.actions_on(function, "ConversationsTable") == actions


@pytest.mark.parametrize(
    ("function", "wakeups", "sweeps"),
    [
        ("ChatsRestFunction", {"sqs:SendMessage"}, {"sqs:SendMessage"}),
        ("ChatsMessagesFunction", {"sqs:SendMessage"}, set()),
        ("ChatsWebSocketFunction", {"sqs:SendMessage"}, set()),
        ("WidgetChatFunction", {"sqs:SendMessage"}, set()),
        ("WidgetStreamFunction", {"sqs:SendMessage"}, set()),
        ("RepliesFunction", CONSUMING, set()),
        ("SweepsFunction", set(), CONSUMING),
    ],
)
def test_queues(stack: Stack, function: str, wakeups: set[str], sweeps: set[str]) -> None:
    assert stack.actions_on(function, "WakeupsQueue") == wakeups
    assert stack.actions_on(function, "SweepsQueue") == sweeps


@pytest.mark.parametrize(
    ("function", "may"),
    [
        ("ChatsRestFunction", False),
        ("ChatsMessagesFunction", False),
        ("ChatsWebSocketFunction", True),
        ("WidgetChatFunction", False),
        ("WidgetStreamFunction", False),
        ("RepliesFunction", True),
        ("SweepsFunction", False),
    ],
)
def test_pushing(stack: Stack, function: str, *, may: bool) -> None:
    allowed = "execute-api:ManageConnections" in stack.actions_on(function, "WebSocketApi")
    assert allowed is may
    assert ("WEBSOCKET_ENDPOINT" in stack.environment(function)) is may
