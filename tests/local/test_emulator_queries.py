"""The hastened queries of the emulator find what they found before, and refuse what was refused before."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.clients import emulator_session
from local.emulator_main import hasten_ranges

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RANGE = "pk = :pk AND sk BETWEEN :first AND :last"


@pytest.fixture(scope="module")
def dynamodb(dynamodb_endpoint: str) -> "DynamoDBClient":
    """With a table of two partitions of ten items each."""
    client = emulator_session().client("dynamodb", endpoint_url=dynamodb_endpoint)
    client.create_table(
        TableName="ranges",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for pk in ("one", "two"):
        for number in range(10):
            client.put_item(TableName="ranges", Item={"pk": {"S": pk}, "sk": {"S": f"m#{number}"}})
    return client


def found(dynamodb: "DynamoDBClient", condition: str = _RANGE, *, first: str, last: str, **more: Any) -> list[str]:
    answer = dynamodb.query(
        TableName="ranges",
        KeyConditionExpression=condition,
        ExpressionAttributeValues={":pk": {"S": "two"}, ":first": {"S": first}, ":last": {"S": last}},
        **more,
    )
    return [item["sk"]["S"] for item in answer["Items"]]


def test_a_range_holds_its_bounds_and_what_lies_between(dynamodb: "DynamoDBClient") -> None:
    for _ in range(2):
        assert found(dynamodb, first="m#3", last="m#5") == ["m#3", "m#4", "m#5"]
        assert found(dynamodb, first="m#8", last="n", ScanIndexForward=False) == ["m#9", "m#8"]
        assert found(dynamodb, first="a", last="z", Limit=2) == ["m#0", "m#1"]
        assert found(dynamodb, first="m#99", last="z") == []


def test_what_was_refused_stays_refused(dynamodb: "DynamoDBClient") -> None:
    assert found(dynamodb, first="m#3", last="m#3") == ["m#3"]
    for condition, first in ((_RANGE, "z"), (f"{_RANGE} AND", "a"), (f"({_RANGE}", "a")):
        for _ in range(2):
            with pytest.raises(ClientError, match="ValidationException"):
                found(dynamodb, condition, first=first, last="b")


def test_a_condition_is_parsed_for_one_item_only() -> None:
    parsed: list[str] = []

    def evaluate(expression: str, item: Any, values: Any, names: Any, slot: str = "") -> bool:
        parsed.append(slot)
        return True

    emulator = SimpleNamespace(_evaluate_condition=evaluate)
    hasten_ranges(emulator)
    values = {":pk": {"S": "one"}, ":first": {"S": "m#2"}, ":last": {"S": "m#3"}}
    items = [{"pk": {"S": "one"}, "sk": {"S": f"m#{number}"}} for number in (2, 1, 3, 4)]
    held = [emulator._evaluate_condition(_RANGE, item, values, {}, slot="KeyConditionExpression") for item in items]
    assert held == [True, False, True, False]
    assert len(parsed) == 1
    emulator._evaluate_condition(_RANGE, items[0], values, {}, slot="FilterExpression")
    assert parsed[1:] == ["FilterExpression"]
