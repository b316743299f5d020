"""The content of files and attachments: bytes that clients bring to a store themselves, and what is asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

SIZE_MAX = 100_000_000
"""Bytes of one content."""

UPLOAD_SECONDS = 900
"""For how long an upload that was allowed may begin; also the longest that a message can be held back."""

DOWNLOAD_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Place:
    """Whose content it is: a file's, or that of an attachment of a conversation."""

    tenant_id: str
    id: str
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """The request with which a client brings the bytes; it proves itself. Header names are in small letters."""

    url: str
    headers: Mapping[str, str]
    method: str = "PUT"


class ContentStore(Protocol):
    """Where contents lie. A content is replaced as a whole. Every call may raise UnavailableError."""

    def upload_request(self, place: Place, *, size: int, content_type: str) -> UploadRequest:
        """Good for exactly so many bytes of that type, and for `UPLOAD_SECONDS`."""
        ...

    def put(self, place: Place, data: bytes, *, content_type: str) -> None: ...

    def size(self, place: Place) -> int | None:
        """In bytes; None without content."""
        ...

    def read(self, place: Place) -> bytes | None: ...

    def download_url(self, place: Place, *, name: str) -> str:
        """For a content that is there, good for `DOWNLOAD_SECONDS`; browsers save it under that name."""
        ...

    def remove(self, place: Place) -> None:
        """What is not there is removed already."""
        ...

    def forget(self, tenant_id: str, conversation_id: str) -> None:
        """Remove all attachments of a conversation."""
        ...
