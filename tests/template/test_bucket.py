"""What the buckets promise about the data in them."""

import pytest

from tests.template.conftest import Stack

pytestmark = pytest.mark.parametrize("bucket", ["SnapshotsBucket", "FilesBucket"])


def test_nobody_outside_reads_it(stack: Stack, bucket: str) -> None:
    properties = stack.properties(bucket)
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_nothing_travels_in_the_clear(stack: Stack, bucket: str) -> None:
    (statement,) = stack.properties(f"{bucket}Policy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert stack.resources[f"{bucket}Policy"]["Condition"] == "IsEncryptedOnTheWay"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_stack_operation_never_takes_it(stack: Stack, bucket: str) -> None:
    resource = stack.resources[bucket]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert "BucketName" not in resource["Properties"]
