"""Replay protection of the 1Kosmos dialect: the `requestid` header is good once, and only for a short while.

    unseen ──spend──> spent ──twice the window──> forgotten, but stale long before

The header's plaintext is `{"appid": str, "uuid": str, "ts": epoch seconds}`. Clients round up, so half a second
ahead is normal; some call it `appId`, and send a `uuid` that is none. Whatever is wrong, the refusal is the same.
"""

import hashlib
import json
import logging
import math
from dataclasses import dataclass
from typing import Any, Protocol, Self

from parlance.clock import Clock
from parlance.errors import UnauthenticatedError
from parlance.storage.table import ContendedError, UnansweredError

_TEXT_MAX = 4096
_FIELD_MAX = 512
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestId:
    """What a client says of one request; `ts` in seconds since 1970."""

    appid: str
    uuid: str
    ts: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the header's plaintext. Raises UnauthenticatedError, as `RequestIds.spend` does."""
        if len(text) > _TEXT_MAX:
            raise refusal()
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise refusal() from error
        if not isinstance(found, dict):
            raise refusal()
        return cls(appid=found.get("appid", found.get("appId")), uuid=found.get("uuid"), ts=found.get("ts"))  # type: ignore[arg-type]


class SpentRequests(Protocol):
    """What was spent already."""

    def spend(self, tenant_id: str, request_hash: str, *, now: int, until: int) -> bool:
        """Whether this is the first use; of many at once one is. Kept until `until` (ms).

        Raises ContendedError or UnansweredError when that cannot be told.
        """
        ...


class RequestIds:
    """Lets each request id pass once, within `allowed_time_span` seconds before and after its `ts`."""

    def __init__(self, store: SpentRequests, *, clock: Clock, allowed_time_span: float) -> None:
        if not 0 < allowed_time_span < math.inf:
            raise ValueError("the time span is a number of seconds above 0")
        self._store = store
        self._clock = clock
        self._span = round(allowed_time_span * 1000)

    def spend(self, tenant_id: str, client_key: str, request: RequestId) -> None:
        """Raises UnauthenticatedError when it is malformed, stale or spent, or when the store cannot tell.

        `client_key` is the client's public key in ONE canonical form (base64 of X‖Y): the same key spelled
        differently would be another client, to whom the same uuid is new.
        """
        now = self._clock.now()
        if not _well_formed(request) or abs(request.ts * 1000 - now) > self._span:
            raise refusal()
        # A ts that is the whole span ahead passes until twice the span from now.
        if not self._first_use(tenant_id, _hash(client_key, request.uuid), now):
            raise refusal()

    def _first_use(self, tenant_id: str, request_hash: str, now: int) -> bool:
        try:
            return self._store.spend(tenant_id, request_hash, now=now, until=now + 2 * self._span)
        except (ContendedError, UnansweredError) as error:
            _log.warning("request refused: whether it was replayed cannot be told", extra={"failure": repr(error)})
            return False


def refusal() -> UnauthenticatedError:
    """The one answer to all that can be wrong with the credentials in these headers."""
    return UnauthenticatedError("The request could not be authenticated.")


def _well_formed(request: RequestId) -> bool:
    return _is_text(request.appid) and _is_text(request.uuid) and _is_time(request.ts)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _FIELD_MAX


def _is_time(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _hash(client_key: str, uuid: str) -> str:
    return hashlib.sha256(json.dumps([client_key, uuid]).encode()).hexdigest()
