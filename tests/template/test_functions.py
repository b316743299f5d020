"""How the functions are set up, and how the queues feed them."""

import dataclasses
import json
import re

import pytest

from local.settings import ROOT
from parlance import settings
from parlance.http.asgi import READINESS_PATH
from parlance.webhooks.delivering import PAUSES
from tests.template.conftest import FUNCTIONS, STREAMING, Stack

COMMON = {"STAGE", "LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "AWS_ENDPOINT_URL"}
BY_LAMBDA = {"AWS_REGION"}
LAYER = r"arn:\$\{AWS::Partition\}:lambda:\$\{AWS::Region\}:\d{12}:layer:LambdaAdapterLayer(Arm64|X86):(\d+)"
NOTHING = {"Ref": "AWS::NoValue"}
ADAPTER: dict[str, object] = {
    "AWS_LAMBDA_EXEC_WRAPPER": {"Fn::If": ["UsesWebAdapter", "/opt/bootstrap", NOTHING]},
    "AWS_LWA_INVOKE_MODE": "response_stream",
    "AWS_LWA_PORT": "8080",
    "AWS_LWA_READINESS_CHECK_PATH": READINESS_PATH,
}


def test_these_are_all_functions(stack: Stack) -> None:
    assert set(stack.of_type("AWS::Lambda::Function")) == set(FUNCTIONS)


@pytest.mark.parametrize(("function", "wanted"), FUNCTIONS.items())
def test_the_environment_is_what_the_settings_read(stack: Stack, function: str, wanted: str) -> None:
    fields = {field.name.upper() for field in dataclasses.fields(getattr(settings, wanted))}
    adapter = set(ADAPTER) if function in STREAMING else set()
    assert set(stack.environment(function)) == (fields - BY_LAMBDA) | COMMON | adapter


@pytest.mark.parametrize("function", FUNCTIONS)
def test_on_aws_a_function_finds_aws_where_it_is(stack: Stack, function: str) -> None:
    assert stack.environment(function)["AWS_ENDPOINT_URL"] == NOTHING


@pytest.mark.parametrize("function", FUNCTIONS)
def test_runtime_tracing_and_logs(stack: Stack, function: str) -> None:
    properties = stack.properties(function)
    assert properties["Runtime"] == "python3.13"
    server = {"Fn::If": ["UsesWebAdapter", "run.sh", "app.handler"]}
    assert properties["Handler"] == (server if function in STREAMING else "app.handler")
    assert properties["TracingConfig"] == {"Mode": "Active"}
    logging = properties["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    assert "RetentionInDays" in stack.properties(logging["LogGroup"]["Ref"])
    assert len(properties["Layers"]) == (3 if function in STREAMING else 2)


@pytest.mark.parametrize("function", STREAMING)
def test_a_streaming_function_is_a_server_behind_the_adapter(stack: Stack, function: str) -> None:
    assert stack.template["Conditions"]["UsesWebAdapter"] == {"Fn::Equals": [{"Ref": "StreamingRuntime"}, "adapter"]}
    assert stack.template["Parameters"]["StreamingRuntime"]["Default"] == "adapter"
    for name, value in ADAPTER.items():
        assert stack.environment(function)[name] == value
    condition, layer, otherwise = stack.properties(function)["Layers"][-1]["Fn::If"]
    assert (condition, otherwise) == ("UsesWebAdapter", NOTHING)
    condition, *architectures = layer["Fn::If"]
    assert stack.template["Conditions"][condition] == {"Fn::Equals": [{"Ref": "Architecture"}, "arm64"]}
    names = [(found[1], found[2]) for one in architectures if (found := re.fullmatch(LAYER, one["Fn::Sub"]))]
    assert [architecture for architecture, _ in names] == ["Arm64", "X86"]
    assert len({version for _, version in names}) == 1
    assert stack.properties(function)["Timeout"] == 900


def test_what_the_adapter_starts_can_be_started() -> None:
    scripts = sorted((ROOT / "functions").rglob("run.sh"))
    assert len(scripts) == len(STREAMING)
    for script in scripts:
        assert script.stat().st_mode & 0o555 == 0o555, script
        assert script.read_text() == scripts[0].read_text()


def test_every_log_group_forgets(stack: Stack) -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS) + 2
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


BEHIND_A_GATEWAY = {name for name in FUNCTIONS if name.startswith(("Chats", "Kosmos", "Tenant"))} - set(STREAMING)


@pytest.mark.parametrize("function", sorted(BEHIND_A_GATEWAY))
def test_functions_behind_a_gateway_end_with_its_patience(stack: Stack, function: str) -> None:
    assert stack.properties(function)["Timeout"] <= 29


@pytest.mark.parametrize(
    ("source", "function", "queue"),
    [
        ("RepliesSource", "RepliesFunction", "WakeupsQueue"),
        ("SweepsSource", "SweepsFunction", "SweepsQueue"),
        ("WebhooksSource", "WebhooksFunction", "WebhooksQueue"),
        ("IndexingSource", "IndexingFunction", "IndexingQueue"),
    ],
)
def test_a_worker_takes_one_message_at_a_time(stack: Stack, source: str, function: str, queue: str) -> None:
    mapping = stack.properties(source)
    assert mapping["FunctionName"] == {"Fn::GetAtt": [function, "Arn"]}
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    limit = mapping["ScalingConfig"]["MaximumConcurrency"]["Ref"]
    assert stack.template["Parameters"][limit]["MinValue"] >= 2
    assert stack.properties(queue)["VisibilityTimeout"] >= stack.properties(function)["Timeout"]


def test_these_are_all_sources(stack: Stack) -> None:
    assert set(stack.of_type("AWS::Lambda::EventSourceMapping")) == {
        *("RepliesSource", "SweepsSource", "WebhooksSource", "IndexingSource")
    }


@pytest.mark.parametrize("queue", ["WakeupsQueue", "SweepsQueue", "WebhooksQueue", "IndexingQueue"])
def test_what_cannot_be_handled_is_kept_and_reported(stack: Stack, queue: str) -> None:
    redrive = stack.properties(queue)["RedrivePolicy"]
    if queue == "WebhooksQueue":
        assert redrive["maxReceiveCount"] == len(PAUSES) + 1
    else:
        # A message comes again each time that a lease is found held, so many times are no sign of trouble.
        assert redrive["maxReceiveCount"] >= 50
    dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert stack.properties(dead)["MessageRetentionPeriod"] == 14 * 24 * 3600
    watched = [alarm["Dimensions"][0]["Value"] for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()]
    assert {"Fn::GetAtt": [dead, "QueueName"]} in watched


def test_queues_are_encrypted(stack: Stack) -> None:
    assert all(queue["SqsManagedSseEnabled"] is True for queue in stack.of_type("AWS::SQS::Queue").values())


def test_the_dependencies_of_the_layer_are_locked() -> None:
    locked = (ROOT / "layers/dependencies/requirements.txt").read_text()
    assert "--hash=sha256:" in locked
    assert "://" not in locked


def test_a_delivery_outlives_all_its_attempts(stack: Stack) -> None:
    assert stack.properties("WebhooksQueue")["MessageRetentionPeriod"] > sum(PAUSES)


def test_private_hosts_are_closed_to_webhooks_unless_opened(stack: Stack) -> None:
    assert stack.environment("WebhooksFunction")["PRIVATE_WEBHOOK_HOSTS"] == {"Ref": "PrivateWebhookHosts"}
    assert stack.template["Parameters"]["PrivateWebhookHosts"]["Default"] == ""


def test_whoever_writes_into_the_queue_that_wakes_it_may_do_so_for_long(stack: Stack) -> None:
    """Otherwise Lambda stops after 16 times, and what was handed on is lost: a long deletion, a line of many turns."""
    for source in stack.of_type("AWS::Lambda::EventSourceMapping").values():
        function = source["FunctionName"]["Fn::GetAtt"][0]
        queue = source["EventSourceArn"]["Fn::GetAtt"][0]
        hands_on = "sqs:SendMessage" in stack.actions_on(function, queue)
        assert stack.properties(function).get("RecursiveLoop") == ("Allow" if hands_on else None), function


ENVIRONMENT_BYTES_MAX = 4096
LONG_NAME = "x" * 110
"""As long as a queue's address in the name of a stage of ours, which is longer than most values."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_environment_leaves_room_for_what_deployers_write(stack: Stack, function: str) -> None:
    """Lambda takes 4 KB, names and values together. docs/usage.md says how much the prices may take."""
    size = sum(
        len(name) + len(value if isinstance(value, str) else LONG_NAME)
        for name, value in stack.environment(function).items()
    )
    assert size + 800 <= ENVIRONMENT_BYTES_MAX


POLICY_BYTES_MAX = 20_480


@pytest.mark.parametrize("function", FUNCTIONS)
def test_who_may_call_a_function_fits_in_its_policy(stack: Stack, function: str) -> None:
    """Each permission is a statement, with a long id, two ARNs and names in full."""
    permissions = [
        name
        for name, permission in stack.of_type("AWS::Lambda::Permission").items()
        if permission["FunctionName"] == {"Ref": function}
    ]
    paths = {name: json.dumps(stack.properties(name)["SourceArn"]) for name in permissions}
    size = sum(len(name) + len(path.rsplit("}", 1)[-1]) + 440 for name, path in paths.items())
    assert size <= POLICY_BYTES_MAX
