"""The contract of a store of contents, on a bucket and on the fake that stands in for it."""

from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import httpx
import pytest

from parlance.errors import UnavailableError
from parlance.platform.contents import ContentStore, Place
from parlance.storage import clients
from parlance.storage.contents import S3ContentStore
from tests.fakes.contents import MemoryContents

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.storage


@pytest.fixture(params=["bucket", "memory"])
def store(request: pytest.FixtureRequest) -> ContentStore:
    if request.param == "memory":
        return MemoryContents()
    s3: S3Client = request.getfixturevalue("s3")
    bucket: str = request.getfixturevalue("bucket")
    return S3ContentStore(lambda: s3, bucket)


@pytest.fixture
def place() -> Place:
    return Place(f"tenant-{uuid4().hex}", "file_1")


def test_what_is_put_is_read_and_replaced(store: ContentStore, place: Place) -> None:
    store.put(place, b"first", content_type="text/plain")
    assert (store.size(place), store.read(place)) == (5, b"first")
    store.put(place, b"", content_type="text/plain")
    assert (store.size(place), store.read(place)) == (0, b"")


def test_what_is_not_there_is_none(store: ContentStore, place: Place) -> None:
    assert (store.size(place), store.read(place)) == (None, None)
    store.remove(place)
    store.put(place, b"x", content_type="text/plain")
    store.remove(place)
    assert (store.size(place), store.read(place)) == (None, None)


def test_a_conversations_attachments_are_forgotten_and_nobody_elses(store: ContentStore, place: Place) -> None:
    tenant = place.tenant_id
    gone = [Place(tenant, f"attachment_{number}", "chat_1") for number in range(3)]
    kept = [Place(tenant, "attachment_1", "chat_12"), Place(f"{tenant}2", "attachment_1", "chat_1"), place]
    for one in [*gone, *kept]:
        store.put(one, b"x", content_type="text/plain")
    store.forget(tenant, "chat_1")
    store.forget(tenant, "chat_of_nobody")
    assert [store.size(one) for one in gone] == [None] * 3
    assert [store.size(one) for one in kept] == [1] * 3


def test_a_bucket_that_is_not_there_is_a_failure_by_name(s3: "S3Client", place: Place) -> None:
    store = S3ContentStore(lambda: s3, "no-such-bucket")
    with pytest.raises(UnavailableError):
        store.put(place, b"x", content_type="text/plain")
    with pytest.raises(UnavailableError):
        store.forget(place.tenant_id, "chat_1")


def test_what_is_signed_is_for_the_regions_own_host(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """A redirection from another host would not be followed with a body."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    store = S3ContentStore(clients.files.__wrapped__, "bucket")
    upload = store.upload_request(place, size=5, content_type="text/plain")
    url = httpx.URL(upload.url)
    assert (url.host, url.path) == ("bucket.s3.eu-central-1.amazonaws.com", f"/files/{place.tenant_id}/file_1")
    signed = url.params["X-Amz-SignedHeaders"].split(";")
    assert set(signed) == {"content-length", "content-type", "host"}
    assert url.params["X-Amz-Expires"] == "900"
    assert set(upload.headers) == {"content-type"}
