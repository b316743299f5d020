"""Tickets: what a browser holds instead of the tenant's key, good for one connection within a minute.

The text of a ticket says where its record is (tenant and conversation) and proves itself by a secret, of which the
record keeps a hash.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field

from parlance.clock import Clock
from parlance.errors import ConflictError, UnauthenticatedError, UnavailableError
from parlance.identity.keys import SecretSource
from parlance.identity.model import Principal
from parlance.identity.port import TicketRecord, TicketStore
from parlance.ids import IdSource
from parlance.storage.table import ContendedError, UnansweredError

LIFETIME_MS = 60_000
_REPEATABLE_MS = 24 * 3_600_000
_PREFIX = "tk_"
_LENGTH_MAX = 1024
_TRIES = 4
_REFUSAL = "The ticket is not valid. Tickets are good for one connection within a minute."


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as handed out; `expires_at` in ms."""

    text: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """Under which idempotency key a ticket is asked for, and with what body.

    `api_key` is the caller's key in clear: the secret of a ticket that can be asked for again is derived from it.
    """

    api_key: str = field(repr=False)
    idempotency_key: str
    body_hash: str


class Tickets:
    """Issues tickets and lets each be used once."""

    def __init__(self, store: TicketStore, *, clock: Clock, ids: IdSource, secrets: SecretSource) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secrets = secrets

    def issue(
        self, principal: Principal, *, conversation_id: str, user_id: str, request: TicketRequest | None
    ) -> Ticket:
        """A new ticket for that chat; under the idempotency key of an earlier request, that request's ticket.

        Raises NotFoundError("chat"), and ConflictError for a key that came with another body before.
        """
        now = self._clock.now()
        secret = _derived_secret(conversation_id, request) if request else self._secrets.secret()
        record = TicketRecord(
            tenant_id=principal.tenant_id,
            conversation_id=conversation_id,
            user_id=user_id,
            key_hash=principal.key_hash,
            secret_hash=_hash(secret),
            valid_until=now + LIFETIME_MS,
            request_hash=request.body_hash if request else None,
        )
        kept_until = now + _REPEATABLE_MS if request else record.valid_until
        earlier = self._put(record, kept_until)
        if earlier and earlier.request_hash != record.request_hash:
            raise ConflictError("This idempotency key was used with another request.")
        return Ticket(_text(record, secret), (earlier or record).valid_until)

    def redeem(self, text: str) -> TicketRecord:
        """Use a ticket up. Raises UnauthenticatedError when it is malformed, unknown, expired or spent."""
        tenant_id, conversation_id, secret = _parts(text)
        record = self._store.spend(tenant_id, conversation_id, _hash(secret), now=self._clock.now())
        if record is None:
            raise UnauthenticatedError(_REFUSAL)
        return record

    def _put(self, record: TicketRecord, expires_at: int) -> TicketRecord | None:
        token = self._ids.random()
        for attempt in range(_TRIES):
            try:
                return self._store.put(record, expires_at=expires_at, token=token)
            except UnansweredError:
                continue
            except ContendedError:
                self._clock.sleep(0.02 * (attempt + 1))
        raise UnavailableError("The service is busy. Try again in a moment.")


def _derived_secret(conversation_id: str, request: TicketRequest) -> str:
    message = json.dumps(["ticket", conversation_id, request.idempotency_key]).encode()
    return _base64(hmac.digest(request.api_key.encode(), message, "sha256"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _text(record: TicketRecord, secret: str) -> str:
    place = json.dumps([record.tenant_id, record.conversation_id]).encode()
    return f"{_PREFIX}{_base64(place)}.{secret}"


def _parts(text: str) -> tuple[str, str, str]:
    place, dot, secret = text.removeprefix(_PREFIX).partition(".")
    if len(text) > _LENGTH_MAX or not text.isascii() or not text.startswith(_PREFIX) or not dot or not secret:
        raise UnauthenticatedError(_REFUSAL)
    try:
        decoded = json.loads(base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise UnauthenticatedError(_REFUSAL) from error
    match decoded:
        case [str(tenant_id), str(conversation_id)] if tenant_id and conversation_id:
            return tenant_id, conversation_id, secret
    raise UnauthenticatedError(_REFUSAL)
