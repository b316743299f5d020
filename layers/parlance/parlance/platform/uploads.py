"""How clients hand over the content of a file or an attachment.

They either say how large it is and get the request with which to bring it, or, for a little, send it along as a
`data:` URL. Fetching it from an address that they name would leave the house.
"""

import base64
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from pydantic import Field

from parlance.errors import InvalidInputError, TooLargeError
from parlance.platform.bodies import read
from parlance.platform.contents import SIZE_MAX, ContentStore, Place
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.fields import Sent

UNKNOWN_TYPE = "application/octet-stream"
_NAME_MAX = 1_024
_TYPE_MAX = 255
_TYPE_PATTERN = "[A-Za-z0-9_.+-]+/[A-Za-z0-9_.+-]+( *; *[A-Za-z0-9_.+-]+=[A-Za-z0-9_.+-]+)*"
_TYPE = re.compile(rf"{_TYPE_PATTERN}\Z")
_DATA_URL = re.compile(r"data:(?P<type>[^,]*?)(?P<base64>;base64)?,(?P<data>.*)\Z", re.ASCII | re.DOTALL)


class Announced(Sent):
    """What will be uploaded. The size is part of the permission, so it must be right to the byte."""

    size: Annotated[int, Field(ge=0)]
    type: Annotated[str, Field(max_length=_TYPE_MAX, pattern=rf"\A({_TYPE_PATTERN})?\z")] | None = None
    name: Annotated[str, Field(max_length=_NAME_MAX)] | None = None


class UploadBody(Sent):
    file: Announced | Annotated[str, Field(json_schema_extra={"format": "data-url"})]


@dataclass(frozen=True, slots=True)
class Upload:
    """A content that is to come, or came along as `data`."""

    size: int
    content_type: str
    name: str
    data: bytes | None = None

    @property
    def described(self) -> dict[str, Any]:
        """What a file's own fields remember of it."""
        return {"contentType": self.content_type, "contentName": self.name}


def upload_of(body: dict[str, Any], *, size_max: int = SIZE_MAX) -> Upload:
    """Raises InvalidInputError, TooLargeError, NotImplementedHereError for an address to fetch from."""
    file = read(UploadBody, body).file
    upload = _inline(file) if isinstance(file, str) else Upload(file.size, file.type or UNKNOWN_TYPE, file.name or "")
    if upload.size > size_max:
        raise TooLargeError(f"A file may have at most {size_max} bytes", details={"max_bytes": size_max})
    return upload


def accepted(contents: ContentStore, place: Place, upload: Upload) -> dict[str, Any]:
    """Keep what came along, or answer how to bring it. Raises UnavailableError."""
    if upload.data is not None:
        contents.put(place, upload.data, content_type=upload.content_type)
        return {"id": place.id}
    request = contents.upload_request(place, size=upload.size, content_type=upload.content_type)
    told = {"method": request.method, "url": request.url, "headers": dict(request.headers)}
    return {"id": place.id, "uploadRequest": told}


def _inline(text: str) -> Upload:
    if text.startswith(("http://", "https://")):
        raise NotImplementedHereError("Files are not fetched from elsewhere. Send the content.")
    match = _DATA_URL.match(text)
    content_type = match["type"] if match else ""
    if match is None or len(content_type) > _TYPE_MAX or (content_type and not _TYPE.match(content_type)):
        raise InvalidInputError("file: must be a data URL, or tell size, type and name")
    try:
        data = base64.b64decode(match["data"], validate=True) if match["base64"] else unquote_to_bytes(match["data"])
    except ValueError as error:
        raise InvalidInputError("file: the data URL is not valid base64") from error
    return Upload(len(data), content_type or "text/plain", "", data)
