"""How the functions are set up, and how the queues feed them."""

import dataclasses

import pytest

from local.settings import ROOT
from parlance import settings
from parlance.webhooks.delivering import PAUSES
from tests.template.conftest import FUNCTIONS, Stack

COMMON = {"STAGE", "LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}


def test_these_are_all_functions(stack: Stack) -> None:
    assert set(stack.of_type("AWS::Lambda::Function")) == set(FUNCTIONS)


@pytest.mark.parametrize(("function", "wanted"), FUNCTIONS.items())
def test_the_environment_is_what_the_settings_read(stack: Stack, function: str, wanted: str) -> None:
    fields = {field.name.upper() for field in dataclasses.fields(getattr(settings, wanted))}
    assert set(stack.environment(function)) == fields | COMMON


@pytest.mark.parametrize("function", FUNCTIONS)
def test_runtime_tracing_and_logs(stack: Stack, function: str) -> None:
    properties = stack.properties(function)
    assert properties["Runtime"] == "python3.13"
    assert properties["Handler"] == "app.handler"
    assert properties["TracingConfig"] == {"Mode": "Active"}
    logging = properties["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    assert "RetentionInDays" in stack.properties(logging["LogGroup"]["Ref"])
    assert len(properties["Layers"]) == 2


def test_every_log_group_forgets(stack: Stack) -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS) + 2
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


@pytest.mark.parametrize("function", ["ChatsRestFunction", "ChatsWebSocketFunction", "TenantFunction"])
def test_functions_behind_a_gateway_end_with_its_patience(stack: Stack, function: str) -> None:
    assert stack.properties(function)["Timeout"] <= 29


@pytest.mark.parametrize(
    ("source", "function", "queue"),
    [
        ("RepliesSource", "RepliesFunction", "WakeupsQueue"),
        ("SweepsSource", "SweepsFunction", "SweepsQueue"),
        ("WebhooksSource", "WebhooksFunction", "WebhooksQueue"),
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
    assert set(stack.of_type("AWS::Lambda::EventSourceMapping")) == {"RepliesSource", "SweepsSource", "WebhooksSource"}


@pytest.mark.parametrize("queue", ["WakeupsQueue", "SweepsQueue", "WebhooksQueue"])
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
