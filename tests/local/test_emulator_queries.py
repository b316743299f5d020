"""The hastened queries of the emulator find what they found before, and refuse what was refused before."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.clients import emulator_session
from local.emulator_main import within_range

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


def test_pages_follow_one_another(dynamodb: "DynamoDBClient") -> None:
    for forward in (True, False):
        pages = dynamodb.get_paginator("query").paginate(
            TableName="ranges",
            KeyConditionExpression=_RANGE,
            ExpressionAttributeValues={":pk": {"S": "one"}, ":first": {"S": "m#1"}, ":last": {"S": "m#8"}},
            ScanIndexForward=forward,
            PaginationConfig={"PageSize": 3},
        )
        found = [[item["sk"]["S"] for item in page["Items"]] for page in pages]
        assert [len(page) for page in found] == [3, 3, 2]
        assert [sk for page in found for sk in page] == sorted((f"m#{n}" for n in range(1, 9)), reverse=not forward)


def query(condition: str = _RANGE, **more: Any) -> dict[str, Any]:
    values = {":pk": {"S": "one"}, ":first": {"S": "m#2"}, ":last": {"S": "m#7"}}
    return {"KeyConditionExpression": condition, "ExpressionAttributeValues": values, **more}


def test_the_emulator_is_shown_only_what_can_be_on_the_page() -> None:
    items = {f"m#{number}": {"number": number} for number in (5, 1, 9, 3, 7, 2)}
    table = {"pk_name": "pk", "sk_name": "sk", "items": {"one": items, "two": items}, "more": "stays"}

    def shown(data: dict[str, Any]) -> list[str]:
        narrowed = within_range(table, data)
        assert narrowed is not None
        assert narrowed["more"] == "stays"
        return list(narrowed["items"]["one"])

    assert shown(query()) == ["m#2", "m#3", "m#5", "m#7"]
    assert shown(query(Limit=1)) == ["m#2", "m#3"]
    assert shown(query(Limit=1, ScanIndexForward=False)) == ["m#5", "m#7"]
    for other in (
        query("pk = :pk"),
        query("pk = :pk AND other BETWEEN :first AND :last"),
        query(IndexName="i"),
        query(ExclusiveStartKey={"pk": {"S": "one"}, "sk": {"S": "m#2"}}),
        query(ExpressionAttributeValues={":pk": {"S": "one"}, ":first": {"N": "2"}, ":last": {"N": "7"}}),
        {},
    ):
        assert within_range(table, other) is table
    assert within_range(None, query()) is None
