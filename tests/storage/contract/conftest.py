"""Every contract test runs twice: on the stores in memory and on those over DynamoDB."""

import json
from uuid import uuid4

import boto3
import pytest

from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.storage.contract.script import Script, Stores


@pytest.fixture(params=["memory", pytest.param("dynamodb", marks=pytest.mark.storage)])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return _in_memory()
    return _over_dynamodb(request.getfixturevalue("table"), request.getfixturevalue("dynamodb_endpoint"))


@pytest.fixture
def script(stores: Stores) -> Script:
    return Script(stores, f"tenant-{uuid4().hex}")


def _in_memory() -> Stores:
    tables = MemoryTables()

    def remains(conversation_id: str) -> list[str]:
        kept = [str(key) for key in tables.conversations if conversation_id in key]
        kept += [str(key) for key, user in tables.users.items() if conversation_id in user.chats]
        return kept + [str(key) for key, request in tables.requests.items() if request.result == conversation_id]

    return Stores(MemoryConversationStore(tables), MemoryTurnStore(tables), remains)


def _over_dynamodb(table: Table, endpoint: str) -> Stores:

    def remains(conversation_id: str) -> list[str]:
        client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        try:
            pages = client.get_paginator("scan").paginate(TableName=table.name)
            texts = [json.dumps(item, default=str) for page in pages for item in page["Items"]]
        finally:
            client.close()
        return [text for text in texts if conversation_id in text]

    return Stores(DynamoConversationStore(table), DynamoTurnStore(table), remains)
