"""Requests as API Gateway's proxy integration delivers them."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Never
from urllib.parse import unquote

from parlance.clock import Clock
from parlance.errors import InvalidInputError, TooLargeError

BODY_BYTES_MAX = 1024 * 1024
_IDEMPOTENCY_KEY_MAX = 255
_JSON_SPACE = " \t\n\r"
# What a streamed reply may take where the platform sets no other end, and what to leave of it for finishing.
_STREAM_SECONDS = 840.0
_FINISH_SECONDS = 10.0


class Request:
    """One request. Nothing in it is trusted, and nothing of it is printed."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        self._query: Mapping[str, str] = event.get("queryStringParameters") or {}

    @property
    def method(self) -> str:
        method: str = self._event["httpMethod"]
        return method

    @property
    def path(self) -> str:
        """As it was sent, not decoded."""
        path: str = self._event["path"]
        return path

    @property
    def source_ip(self) -> str:
        """The client's address as API Gateway saw it: no header that a client can set has a part in it."""
        address: str = self._event["requestContext"]["identity"]["sourceIp"]
        return address

    def deadline(self, clock: Clock) -> float:
        """When a reply must be made, on the clock's monotonic scale, so that there is time left to store it.

        `answerBy` (ms since 1970) is ours: a streaming group notes there when its function will be cut off.
        """
        answer_by = self._event.get("answerBy")
        seconds = _STREAM_SECONDS if answer_by is None else (answer_by - clock.now()) / 1000 - _FINISH_SECONDS
        return clock.monotonic() + seconds

    def header(self, name: str) -> str | None:
        value = self._headers.get(name.lower())
        return value if isinstance(value, str) else None

    def query(self, name: str) -> str | None:
        return self._query.get(name)

    @property
    def queries(self) -> Mapping[str, str]:
        """All parameters of the query string; the last of those with one name."""
        return self._query

    @property
    def base_url(self) -> str:
        """The origin and stage that the request came to, as the gateway knows them; a `Host` is only a claim."""
        context = self._event["requestContext"]
        path, whole = self._event["path"], context.get("path") or self._event["path"]
        return f"https://{context['domainName']}{whole.removesuffix(path)}"

    def path_after(self, prefix: str) -> str:
        """What follows `prefix` in the path, decoded: REST APIs of API Gateway leave the path as it was sent.

        Raises InvalidInputError when it is not UTF-8.
        """
        path = self.path
        try:
            return unquote(path[path.index(prefix) + len(prefix) :].rstrip("/"), errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidInputError("The path is not valid UTF-8.") from error

    def idempotency_key(self) -> str | None:
        """Raises InvalidInputError for one that is empty, too long or not printable ASCII."""
        key = self.header("idempotency-key")
        if key is None:
            return None
        if not key or len(key) > _IDEMPOTENCY_KEY_MAX or not (key.isascii() and key.isprintable()):
            raise InvalidInputError(
                f"Idempotency-Key must be 1 to {_IDEMPOTENCY_KEY_MAX} printable ASCII characters.",
                details={"parameter": "Idempotency-Key"},
            )
        return key

    def json_object(self) -> dict[str, Any]:
        """The body. Raises InvalidInputError when it is no JSON object, TooLargeError."""
        return parse_object(self._body())

    def json_object_or_nothing(self) -> dict[str, Any]:
        """The body where none needs to be sent."""
        body = self._body()
        return parse_object(body) if body.strip(_JSON_SPACE) else {}

    def _body(self) -> str:
        raw: str = self._event.get("body") or ""
        data = _decoded(raw) if self._event.get("isBase64Encoded") else raw.encode(errors="surrogatepass")
        if len(data) > BODY_BYTES_MAX:
            raise TooLargeError("The body is larger than 1 MB.", details={"max_bytes": BODY_BYTES_MAX})
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise InvalidInputError("The body is not valid UTF-8.") from error


def parse_object(text: str, *, what: str = "The body") -> dict[str, Any]:
    """Parse a JSON object of which every part can be stored and sent on again. Raises InvalidInputError."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        # A lone surrogate passes as an escape, but has no UTF-8 form.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{what} is not valid JSON.") from error
    if not isinstance(value, dict):
        raise InvalidInputError(f"{what} must be a JSON object.")
    return value


def _decoded(raw: str) -> bytes:
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("The body is not valid base64.") from error


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError("number out of range")
    return number
