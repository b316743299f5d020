"""Embeddings are optional: what a stack without them does not have, and what one with them may do."""

import json

import pytest

from tests.template.conftest import RUNNING_TURNS, Stack

READERS = [
    f"{function}Role"
    for function in (
        *RUNNING_TURNS,
        *("ChatBotKitDatasetFunction", "ChatBotKitSkillsetFunction", "RepliesFunction", "IndexingFunction"),
    )
]


@pytest.mark.parametrize(
    ("resource", "condition"),
    [
        ("VectorsBucket", "KeepsVectorsApart"),
        ("VectorsPolicy", "KeepsVectorsApart"),
        ("VectorsWritingPolicy", "KeepsVectorsApart"),
        ("EmbeddingModelPolicy", "UsesBedrockEmbeddings"),
        ("EmbeddingSecretPolicy", "HasEmbeddingSecret"),
    ],
)
def test_nothing_of_it_is_there_unless_it_is_asked_for(stack: Stack, resource: str, condition: str) -> None:
    assert stack.resources[resource]["Condition"] == condition
    assert condition in stack.template["Conditions"]


def test_these_are_all_that_are_told_of_embeddings(stack: Stack) -> None:
    told = {f"{function}Role" for function in stack.functions() if "EMBEDDING_PROVIDER" in stack.environment(function)}
    assert told == set(READERS)


@pytest.mark.parametrize(
    ("policy", "roles", "actions"),
    [
        ("VectorsPolicy", READERS, {"s3vectors:QueryVectors", "s3vectors:GetVectors"}),
        (
            "VectorsWritingPolicy",
            ["IndexingFunctionRole"],
            {
                "s3vectors:CreateIndex",
                "s3vectors:DeleteIndex",
                "s3vectors:PutVectors",
                "s3vectors:ListVectors",
                "s3vectors:DeleteVectors",
                "s3vectors:ListIndexes",
            },
        ),
        ("EmbeddingModelPolicy", READERS, {"bedrock:InvokeModel"}),
        ("EmbeddingSecretPolicy", READERS, {"secretsmanager:GetSecretValue"}),
    ],
)
def test_only_who_searches_and_who_indexes_may(stack: Stack, policy: str, roles: list[str], actions: set[str]) -> None:
    properties = stack.properties(policy)
    assert {role["Ref"] for role in properties["Roles"]} == set(roles)
    statements = properties["PolicyDocument"]["Statement"]
    allowed = [statement["Action"] for statement in statements]
    assert {one for some in allowed for one in (some if isinstance(some, list) else [some])} == actions
    for statement in statements:
        assert statement["Resource"] != "*"
        assert "*" not in json.dumps(statement["Resource"]).replace("${VectorsBucket}/index/*", "")


def test_the_parameters_default_to_none(stack: Stack) -> None:
    parameters = stack.template["Parameters"]
    for name in ("EmbeddingProvider", "EmbeddingModel", "EmbeddingUrl", "EmbeddingSecret"):
        assert parameters[name]["Default"] == "none"
    assert parameters["VectorStore"]["Default"] == "snapshot"
