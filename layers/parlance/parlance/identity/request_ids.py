"""Replay protection of the 1Kosmos dialect: the `requestid` header is good once, and only for a short while.

    unseen ──receive──> its envelope is spent, everywhere ──spend──> its uuid is spent, with the tenant
                                     └── both kept for twice the window, but stale long before ──┘

The header's plaintext is `{"appid": str, "uuid": str, "ts": epoch seconds}`. Clients round up, so half a second
ahead is normal; some call it `appId`, and send a `uuid` that is none. Whatever is wrong, the refusal is the same.

A uuid is spent once for a client with a tenant. That alone would let a captured header pass beside the license that
the same client holds from another tenant, or where no tenant is known yet; so the envelope is spent too, whatever
stands beside it. Nobody but the client can seal the same uuid anew.
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

    def spend(self, tenant_id: str | None, request_hash: str, *, now: int, until: int) -> bool:
        """Whether this is the first use; of many at once one is. Kept until `until` (ms).

        Without a tenant it is spent apart from every tenant. Raises ContendedError or UnansweredError when that
        cannot be told.
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

    def receive(self, client: str, envelope: str, text: str) -> RequestId:
        """Read a header's plaintext and spend its envelope. Raises UnauthenticatedError, as `spend` does.

        `client` names the client's key and `envelope` what it sealed, each in ONE canonical form: the same thing
        spelled differently would be another one, which is new.
        """
        request, now = RequestId.parse(text), self._clock.now()
        self._check(request, now)
        self._spend(None, _hash("envelope", client, envelope), now)
        return request

    def spend(self, tenant_id: str | None, client: str, request: RequestId) -> None:
        """Spend the uuid. `tenant_id` is None for a client that has named no tenant.

        Raises UnauthenticatedError when it is malformed, stale or spent, or when the store cannot tell.
        """
        now = self._clock.now()
        self._check(request, now)
        self._spend(tenant_id, _hash("uuid", client, request.uuid), now)

    def _check(self, request: RequestId, now: int) -> None:
        if not _well_formed(request) or abs(request.ts * 1000 - now) > self._span:
            raise refusal()

    def _spend(self, tenant_id: str | None, request_hash: str, now: int) -> None:
        # A ts that is the whole span ahead passes until twice the span from now.
        if not self._first_use(tenant_id, request_hash, now):
            raise refusal()

    def _first_use(self, tenant_id: str | None, request_hash: str, now: int) -> bool:
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


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
