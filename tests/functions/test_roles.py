"""Every function may do what it does (see `roles`), and nothing else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest
from botocore.exceptions import ClientError

from parlance.storage.keys import HEALTH_PK
from parlance.storage.table import Delete, Key
from tests.functions.asks import asks_of
from tests.functions.cloud import Cloud
from tests.functions.roles import Grant, Rehearsal, Roles
from tests.template.conftest import Stack

_TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/identity"
_BY_LAMBDA = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
"""What Lambda itself does to the queues of its functions, under their roles."""
_NO_BEDROCK = "the emulator has no Bedrock; tests/outbound answers in its place"
REASONS = {
    ("Models", "bedrock:InvokeModelWithResponseStream"): _NO_BEDROCK,
    ("Models", "bedrock:ApplyGuardrail"): _NO_BEDROCK,
    ("Indexing", "sqs:SendMessage"): "for embeddings that take longer than an invocation, and here there are none",
}
"""Why something is allowed that no test of a function does, by the statement's id and the action."""
SHARED = {"Resources"}
"""Statements that many functions have in common, and are judged by what any of them does."""


def _granted(grant: Grant) -> tuple[str, ...]:
    whose = "" if grant.sid in SHARED else grant.function
    return whose, grant.sid, grant.action, grant.resource


def test_whatever_is_allowed_is_done_by_some_test(stack: Stack, rehearsal: Rehearsal) -> None:
    used = {_granted(grant) for grant in rehearsal.used}
    sources = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    fed = {(one["FunctionName"]["Fn::GetAtt"][0], one["EventSourceArn"]["Fn::GetAtt"][0]) for one in sources}
    unused = {
        grant
        for grant in Roles(stack).grants()
        if _granted(grant) not in used and not (grant.action in _BY_LAMBDA and (grant.function, grant.resource) in fed)
    }
    unexplained = sorted(str(grant) for grant in unused if (grant.sid, grant.action) not in REASONS)
    assert unexplained == []
    assert REASONS.keys() == {(grant.sid, grant.action) for grant in unused}, "a reason that is none any more"


def _in_a_thread(call: Callable[[], object]) -> None:
    failures: list[ClientError] = []

    def run() -> None:
        try:
            call()
        except ClientError as error:
            failures.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    raise failures[0]


def _in_a_pool(call: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call).result()


@pytest.mark.parametrize("run", [lambda call: call(), _in_a_thread, _in_a_pool])
def test_what_is_not_allowed_is_refused(
    cloud: Cloud, rehearsal: Rehearsal, run: Callable[[Callable[[], object]], None]
) -> None:
    one = Key("nothing", "nothing")
    with rehearsal.acting("TenantFunction"):
        cloud.identity.get(one)
        with pytest.raises(ClientError, match="AccessDenied"):
            run(lambda: cloud.identity.delete(Delete(one)))
    assert rehearsal.refused == [f"TenantFunction may not dynamodb:DeleteItem on {_TABLE}"]
    rehearsal.refused.clear()


@pytest.mark.parametrize(
    ("function", "code"), [("ChatsMessagesFunction", "AccessDenied"), ("IndexingFunction", "NoSuchKey")]
)
def test_what_is_missing_is_told_to_those_who_may_list(
    cloud: Cloud, rehearsal: Rehearsal, function: str, code: str
) -> None:
    with rehearsal.acting(function), pytest.raises(ClientError) as raised:
        cloud.s3.get_object(Bucket="snapshots", Key="snapshots/nothing")
    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("partition", "is_allowed"),
    [(HEALTH_PK, True), ("tenant#1", False)],
)
def test_a_condition_must_hold(stack: Stack, cloud: Cloud, partition: str, *, is_allowed: bool) -> None:
    (ask,) = asks_of("dynamodb", "GetItem", {"TableName": "identity", "Key": {"pk": {"S": partition}}})
    assert bool(Roles(stack).granting("KosmosHealthzFunction", ask)) is is_allowed


def test_a_transaction_needs_what_its_parts_need() -> None:
    parts = {"Put": {"Item": {"pk": {"S": "a"}}}, "ConditionCheck": {"Key": {"pk": {"S": "b"}}}}
    items = [{name: {"TableName": "identity", **what}} for name, what in parts.items()]
    asked = asks_of("dynamodb", "TransactWriteItems", {"TransactItems": items})
    assert [ask.action for ask in asked] == ["dynamodb:PutItem", "dynamodb:ConditionCheckItem"]
