"""What the bucket of snapshots promises about the data in it."""

from tests.template.conftest import Stack


def test_nobody_outside_reads_it(stack: Stack) -> None:
    properties = stack.properties("SnapshotsBucket")
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_nothing_travels_in_the_clear(stack: Stack) -> None:
    (statement,) = stack.properties("SnapshotsBucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert stack.resources["SnapshotsBucketPolicy"]["Condition"] == "IsEncryptedOnTheWay"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_stack_operation_never_takes_it(stack: Stack) -> None:
    resource = stack.resources["SnapshotsBucket"]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert "BucketName" not in resource["Properties"]
