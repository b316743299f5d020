"""What the tables promise about the data in them."""

import pytest

from tests.template.conftest import Stack

TABLES = ["ConversationsTable", "IdentityTable"]


def test_there_are_two(stack: Stack) -> None:
    assert sorted(stack.of_type("AWS::DynamoDB::Table")) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_keys_and_billing(stack: Stack, table: str) -> None:
    properties = stack.properties(table)
    assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]
    assert {each["AttributeType"] for each in properties["AttributeDefinitions"]} == {"S"}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert "GlobalSecondaryIndexes" not in properties


@pytest.mark.parametrize("table", TABLES)
def test_data_are_safe(stack: Stack, table: str) -> None:
    properties = stack.properties(table)
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["IsProduction", True, False]}
    resource = stack.resources[table]
    assert resource["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_production_is_what_it_says(stack: Stack) -> None:
    assert stack.template["Conditions"]["IsProduction"] == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_can_be_replaced(stack: Stack, table: str) -> None:
    assert "TableName" not in stack.properties(table)
