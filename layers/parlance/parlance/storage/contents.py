"""The content of files in a bucket. Its owner is part of every key, and nothing that a client says is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from parlance.errors import UnavailableError
from parlance.platform.contents import DOWNLOAD_SECONDS, UPLOAD_SECONDS, Place, UploadRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Whoever may not list a bucket is told that access is denied to what is not there. HEAD is told no more than a status.
_MISSING = {"NoSuchKey", "404", "AccessDenied", "403"}


class S3ContentStore:
    """`parlance.platform.contents.ContentStore`. The client is made when it is first needed."""

    def __init__(self, client: "Callable[[], S3Client]", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def upload_request(self, place: Place, *, size: int, content_type: str) -> UploadRequest:
        wanted = {"Bucket": self._bucket, "Key": _key(place), "ContentType": content_type, "ContentLength": size}
        with _named_failures():
            url = self._client().generate_presigned_url("put_object", Params=wanted, ExpiresIn=UPLOAD_SECONDS)
        return UploadRequest(url, {"content-type": content_type})

    def put(self, place: Place, data: bytes, *, content_type: str) -> None:
        with _named_failures():
            self._client().put_object(Bucket=self._bucket, Key=_key(place), Body=data, ContentType=content_type)

    def size(self, place: Place) -> int | None:
        with _named_failures():
            try:
                return self._client().head_object(Bucket=self._bucket, Key=_key(place))["ContentLength"]
            except ClientError as error:
                if _is_missing(error):
                    return None
                raise

    def read(self, place: Place) -> bytes | None:
        with _named_failures():
            try:
                return self._client().get_object(Bucket=self._bucket, Key=_key(place))["Body"].read()
            except ClientError as error:
                if _is_missing(error):
                    return None
                raise

    def download_url(self, place: Place, *, name: str) -> str:
        wanted = {
            "Bucket": self._bucket,
            "Key": _key(place),
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        with _named_failures():
            return self._client().generate_presigned_url("get_object", Params=wanted, ExpiresIn=DOWNLOAD_SECONDS)

    def remove(self, place: Place) -> None:
        with _named_failures():
            self._client().delete_object(Bucket=self._bucket, Key=_key(place))

    def forget(self, tenant_id: str, conversation_id: str) -> None:
        with _named_failures():
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=_attachments(tenant_id, conversation_id)):
                for found in page.get("Contents", []):
                    self._client().delete_object(Bucket=self._bucket, Key=found["Key"])


def _key(place: Place) -> str:
    name = quote(place.id, safe="")
    if place.conversation_id is not None:
        return _attachments(place.tenant_id, place.conversation_id) + name
    return f"files/{quote(place.tenant_id, safe='')}/{name}"


def _attachments(tenant_id: str, conversation_id: str) -> str:
    """Ends where the conversation's name does, so that no other's begins with it."""
    return f"attachments/{quote(tenant_id, safe='')}/{quote(conversation_id, safe='')}/"


def _is_missing(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _MISSING


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError("Files cannot be reached. Try again in a moment.") from error
