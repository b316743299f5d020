"""Every function may do what it does, and nothing else."""

import json

import pytest

from parlance.storage.keys import HEALTH_PK
from tests.template.conftest import FUNCTIONS, PLATFORM, RUNNING_TURNS, Stack

TRANSACTION = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
READING = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
RUNNING = READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}
"""What turns are run with: a lease is renewed under the condition that its turn goes on."""
KNOWS_CALLERS = [
    "ChatsRestFunction",
    "ChatsMessagesFunction",
    "ChatsWebSocketFunction",
    "WidgetChatFunction",
    "WidgetStreamFunction",
]
WORKERS = ("Replies", "Sweeps", "Webhooks", "Indexing", "Errands")
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
            # Families of resources are named by a star: the connections of one stage of one API, the objects of
            # one bucket, and the secrets of this stack, whose ARNs end in something that nobody chooses.
            named = json.dumps(resource).replace("${Stage}/*/@connections/*", "")
            for folder in ("SnapshotsBucket.Arn}/snapshots", "FilesBucket.Arn}/files", "FilesBucket.Arn}/attachments"):
                named = named.replace(f"${{{folder}/*", "")
            assert "*" not in named.replace(":secret:parlance/${AWS::StackName}/*", "")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_managed_policies_only_write_logs_and_traces(stack: Stack, function: str) -> None:
    names = {
        json.dumps(arn).rsplit("/", 1)[-1].rstrip('"}]')
        for arn in stack.properties(f"{function}Role")["ManagedPolicyArns"]
    }
    assert names <= {"AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"}


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name.startswith(WORKERS)])
def test_workers_cannot_reach_identity(stack: Stack, function: str) -> None:
    assert stack.actions_on(function, "IdentityTable") == set()
    assert "IDENTITY_TABLE" not in stack.environment(function)


@pytest.mark.parametrize("function", KNOWS_CALLERS)
def test_who_calls_is_read_and_never_written(stack: Stack, function: str) -> None:
    assert stack.actions_on(function, "IdentityTable") == {"dynamodb:GetItem"}


def test_a_tenants_own_routes_make_and_revoke_keys_and_delete_none(stack: Stack) -> None:
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"}
    assert stack.actions_on("TenantFunction", "IdentityTable") == {"dynamodb:GetItem", "dynamodb:Query"} | writing


@pytest.mark.parametrize("function", PLATFORM)
def test_the_platform_reads_who_calls_and_keeps_resources(stack: Stack, function: str) -> None:
    assert stack.actions_on(function, "IdentityTable") == {"dynamodb:GetItem"}
    keeping = READING | TRANSACTION | {"dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem"}
    counting = {"dynamodb:GetItem", "dynamodb:UpdateItem"}
    # What the platform offers is the same for everybody.
    wanted = counting if function == "ChatBotKitPlatformFunction" else keeping
    assert stack.actions_on(function, "ConversationsTable") == wanted
    sweeps = {"sqs:SendMessage"} if function == "ChatBotKitConversationFunction" else set()
    assert stack.actions_on(function, "SweepsQueue") == sweeps
    wakeups = {"sqs:SendMessage"} if function == "ChatBotKitIntegrationFunction" else set()
    assert stack.actions_on(function, "WakeupsQueue") == wakeups


def test_what_completes_also_wakes_workers(stack: Stack) -> None:
    function = "ChatBotKitCompletionFunction"
    assert stack.actions_on(function, "IdentityTable") == {"dynamodb:GetItem"}
    assert stack.actions_on(function, "WakeupsQueue") == {"sqs:SendMessage"}
    assert stack.actions_on(function, "SweepsQueue") == set()


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        ("ChatsRestFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem"}),
        ("KosmosAgentQueryFunction", RUNNING),
        ("ChatsMessagesFunction", RUNNING),
        ("ChatsWebSocketFunction", READING | TRANSACTION),
        ("WidgetChatFunction", READING | {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"}),
        ("WidgetStreamFunction", RUNNING),
        ("RepliesFunction", RUNNING),
        ("TenantFunction", READING | TRANSACTION),
        ("WebhooksFunction", {"dynamodb:GetItem", "dynamodb:UpdateItem"}),
        (
            "SweepsFunction",
            READING | TRANSACTION | {"dynamodb:BatchWriteItem"},
        ),
        ("IndexingFunction", READING | {"dynamodb:UpdateItem", "dynamodb:BatchWriteItem"}),
        ("ErrandsFunction", READING | TRANSACTION | {"dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem"}),
    ],
)
def test_conversations(stack: Stack, function: str, actions: set[str]) -> None:
    assert stack.actions_on(function, "ConversationsTable") == actions


@pytest.mark.parametrize(
    ("function", "wakeups", "sweeps", "webhooks", "indexing"),
    [
        ("ChatsRestFunction", {"sqs:SendMessage"}, {"sqs:SendMessage"}, set(), set()),
        ("ChatsMessagesFunction", {"sqs:SendMessage"}, set(), {"sqs:SendMessage"}, {"sqs:SendMessage"}),
        ("ChatsWebSocketFunction", {"sqs:SendMessage"}, set(), set(), set()),
        ("WidgetChatFunction", {"sqs:SendMessage"}, set(), set(), set()),
        ("WidgetStreamFunction", {"sqs:SendMessage"}, set(), {"sqs:SendMessage"}, {"sqs:SendMessage"}),
        ("KosmosAgentQueryFunction", {"sqs:SendMessage"}, set(), {"sqs:SendMessage"}, {"sqs:SendMessage"}),
        ("RepliesFunction", CONSUMING, set(), {"sqs:SendMessage"}, {"sqs:SendMessage"}),
        ("SweepsFunction", set(), CONSUMING, set(), set()),
        ("TenantFunction", set(), {"sqs:SendMessage"}, set(), set()),
        ("ChatBotKitCompletionFunction", {"sqs:SendMessage"}, set(), {"sqs:SendMessage"}, {"sqs:SendMessage"}),
        ("ChatBotKitConversationFunction", set(), {"sqs:SendMessage"}, set(), set()),
        ("ChatBotKitDatasetFunction", set(), set(), set(), {"sqs:SendMessage"}),
        ("ChatBotKitSkillsetFunction", set(), set(), set(), {"sqs:SendMessage"}),
        ("ChatBotKitBotFunction", set(), set(), set(), set()),
        ("WebhooksFunction", set(), set(), CONSUMING - {"sqs:SendMessage"}, set()),
        ("IndexingFunction", set(), set(), set(), CONSUMING),
        ("ErrandsFunction", {"sqs:SendMessage"}, set(), set(), {"sqs:SendMessage"}),
    ],
)
def test_queues(
    stack: Stack, function: str, wakeups: set[str], sweeps: set[str], webhooks: set[str], indexing: set[str]
) -> None:
    assert stack.actions_on(function, "IndexingQueue") == indexing
    assert stack.actions_on(function, "WakeupsQueue") == wakeups
    assert stack.actions_on(function, "SweepsQueue") == sweeps
    assert stack.actions_on(function, "WebhooksQueue") == webhooks


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        ("ErrandsFunction", CONSUMING),
        ("ChatBotKitFileFunction", {"sqs:SendMessage"}),
        ("ChatBotKitDatasetFunction", {"sqs:SendMessage"}),
        ("ChatBotKitTaskFunction", {"sqs:SendMessage"}),
        ("ChatBotKitIntegrationFunction", {"sqs:SendMessage"}),
        ("ChatBotKitContactFunction", set()),
        ("ChatBotKitConversationFunction", set()),
        ("SweepsFunction", set()),
    ],
)
def test_errands(stack: Stack, function: str, actions: set[str]) -> None:
    assert stack.actions_on(function, "ErrandsQueue") == actions


@pytest.mark.parametrize(
    ("function", "files", "attachments"),
    [
        ("ChatBotKitFileFunction", {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, set()),
        ("ChatBotKitDatasetFunction", {"s3:GetObject"}, set()),
        ("ChatBotKitConversationFunction", set(), {"s3:PutObject"}),
        ("ChatBotKitBotFunction", set(), set()),
        ("ErrandsFunction", {"s3:GetObject", "s3:DeleteObject"}, set()),
        ("SweepsFunction", set(), {"s3:DeleteObject"}),
        ("RepliesFunction", set(), set()),
    ],
)
def test_files(stack: Stack, function: str, files: set[str], attachments: set[str]) -> None:
    assert stack.actions_on(function, "FilesBucket.Arn}/files/") == files
    assert stack.actions_on(function, "FilesBucket.Arn}/attachments/") == attachments
    listing = stack.actions_on(function, '"FilesBucket", "Arn"')
    assert listing == ({"s3:ListBucket"} if function == "SweepsFunction" else set())


@pytest.mark.parametrize(
    ("function", "may"),
    [
        ("ChatsRestFunction", False),
        ("ChatsMessagesFunction", False),
        ("ChatsWebSocketFunction", True),
        ("WidgetChatFunction", False),
        ("WidgetStreamFunction", False),
        ("RepliesFunction", True),
        ("SweepsFunction", True),
        ("TenantFunction", False),
        ("WebhooksFunction", False),
        ("IndexingFunction", False),
    ],
)
def test_pushing(stack: Stack, function: str, *, may: bool) -> None:
    allowed = "execute-api:ManageConnections" in stack.actions_on(function, "WebSocketApi")
    assert allowed is may
    assert ("WEBSOCKET_ENDPOINT" in stack.environment(function)) is may


@pytest.mark.parametrize(
    ("function", "secrets", "models"),
    [
        ("ChatsRestFunction", False, False),
        ("ChatsMessagesFunction", True, True),
        ("ChatsWebSocketFunction", False, False),
        ("WidgetChatFunction", False, False),
        ("WidgetStreamFunction", True, True),
        ("KosmosAgentQueryFunction", True, True),
        ("RepliesFunction", True, True),
        ("SweepsFunction", False, False),
        ("TenantFunction", False, False),
        ("ChatBotKitCompletionFunction", True, True),
        ("ChatBotKitSkillsetFunction", True, True),
        ("ChatBotKitDatasetFunction", False, False),
        ("ChatBotKitBotFunction", False, False),
        ("WebhooksFunction", True, False),
    ],
)
def test_models_and_secrets_are_for_those_who_need_them(
    stack: Stack, function: str, *, secrets: bool, models: bool
) -> None:
    asking = {"bedrock:InvokeModelWithResponseStream", "bedrock:ApplyGuardrail"}
    reading = {"secretsmanager:GetSecretValue"}
    assert stack.actions_on(function, ":secret:parlance/") == (reading if secrets else set())
    assert stack.actions_on(function, "BedrockArns") == (asking if models else set())
    assert ("SECRETS_PREFIX" in stack.environment(function)) is secrets


def test_bedrock_is_closed_until_somebody_names_what_is_used(stack: Stack) -> None:
    (policy,) = stack.properties("RepliesFunctionRole")["Policies"]
    (conditional,) = (one["Fn::If"] for one in policy["PolicyDocument"]["Statement"] if "Fn::If" in one)
    assert conditional[0] == "UsesBedrock"
    assert conditional[2] == {"Ref": "AWS::NoValue"}
    assert stack.template["Parameters"]["BedrockArns"]["Default"] == ""


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        (
            "KosmosServiceKeysFunction",
            {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"},
        ),
        (
            "KosmosJwtFunction",
            {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        ),
        ("KosmosAgentQueryFunction", {"dynamodb:GetItem", "dynamodb:BatchGetItem"}),
        ("KosmosEcdsaHelperFunction", {"dynamodb:GetItem"}),
        ("KosmosEnvironmentFunction", {"dynamodb:GetItem"}),
        ("KosmosHealthzFunction", {"dynamodb:GetItem"}),
        ("ServerKeysFunction", set()),
        ("KosmosPublicKeysFunction", set()),
        ("KosmosWellKnownFunction", set()),
        ("KosmosServiceDirectoryFunction", set()),
    ],
)
def test_identity(stack: Stack, function: str, actions: set[str]) -> None:
    assert stack.actions_on(function, "IdentityTable") == actions


@pytest.mark.parametrize(
    ("function", "actions"),
    [
        ("ServerKeysFunction", {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}),
        ("KosmosServiceKeysFunction", {"secretsmanager:GetSecretValue"}),
        ("KosmosJwtFunction", {"secretsmanager:GetSecretValue"}),
        ("KosmosAgentQueryFunction", {"secretsmanager:GetSecretValue"}),
        ("KosmosHealthzFunction", {"secretsmanager:DescribeSecret"}),
    ],
)
def test_the_servers_private_keys(stack: Stack, function: str, actions: set[str]) -> None:
    assert stack.actions_on(function, "ServerKeysSecret") == actions


def test_nobody_else_reaches_the_servers_private_keys(stack: Stack) -> None:
    kosmos = {f"Kosmos{name}Function" for name in ("ServiceKeys", "Jwt", "AgentQuery", "Healthz")}
    known = {"ServerKeysFunction", *kosmos}
    for function in FUNCTIONS.keys() - known:
        assert not stack.actions_on(function, "ServerKeysSecret"), function


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_vault(stack: Stack, function: str) -> None:
    expected = {
        "KosmosServiceKeysFunction": {"kms:Decrypt", "kms:GenerateDataKey"},
        "KosmosJwtFunction": {"kms:Decrypt"},
        "KosmosAgentQueryFunction": {"kms:Decrypt"},
    }
    assert stack.actions_on(function, "VaultKey") == expected.get(function, set())


@pytest.mark.parametrize(
    "function", ["KosmosPublicKeysFunction", "KosmosWellKnownFunction", "KosmosServiceDirectoryFunction"]
)
def test_what_everybody_may_see_needs_no_permission(stack: Stack, function: str) -> None:
    assert list(stack.statements(function)) == []


def test_the_health_check_reads_where_nothing_is(stack: Stack) -> None:
    for statement in stack.statements("KosmosHealthzFunction"):
        if "dynamodb:GetItem" in statement["Action"]:
            assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [HEALTH_PK]}}
        else:
            assert set(statement["Action"]) <= {"sqs:GetQueueAttributes", "secretsmanager:DescribeSecret"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_snapshots(stack: Stack, function: str) -> None:
    searching = ("RepliesFunction", "ChatBotKitDatasetFunction", "ChatBotKitSkillsetFunction", *RUNNING_TURNS)
    expected = {name: {"s3:GetObject"} for name in searching}
    expected["IndexingFunction"] = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}
    assert stack.actions_on(function, "SnapshotsBucket") == expected.get(function, set())
