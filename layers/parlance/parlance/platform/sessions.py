"""Sessions: what an end user's browser holds, good for the routes of one conversation.

The token is a JSON Web Token, so that a client can read when it ends. What proves it is the record of its hash, which
lies with the conversation and goes with it: the key that signed it is thrown away, so there is none to keep or lose.
"""

import hashlib
import re
import secrets as random
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt

from parlance.clock import Clock
from parlance.errors import ForbiddenError, UnauthenticatedError
from parlance.identity.model import Limits, Tenant
from parlance.identity.persistence import patiently
from parlance.platform.callers import Caller

SECONDS_MIN, SECONDS_MAX, SECONDS_DEFAULT = 1_800, 86_400, 3_600
_TOKEN_MAX = 4_096
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as it is kept. `valid_until` is in ms."""

    tenant_id: str
    conversation_id: str
    token_hash: str
    valid_until: int


class SessionStore(Protocol):
    """Where sessions live: each in the partition of its conversation."""

    def put(self, record: SessionRecord) -> None: ...

    def get(self, tenant_id: str, conversation_id: str, token_hash: str) -> SessionRecord | None: ...


class Tenants(Protocol):
    def tenant(self, tenant_id: str) -> Tenant | None: ...


@dataclass(frozen=True, slots=True)
class Session:
    """A session as handed out; the token is shown once."""

    token: str = field(repr=False)
    expires_at: int


class Sessions:
    """Opens sessions and knows them again."""

    def __init__(self, store: SessionStore, tenants: Tenants, clock: Clock) -> None:
        self._store = store
        self._tenants = tenants
        self._clock = clock

    def open(self, tenant_id: str, conversation_id: str, *, subject: str, seconds: float | None) -> Session:
        """A new session of a conversation that exists, within the bounds of how long one may last."""
        lasting = min(max(int(seconds or SECONDS_DEFAULT), SECONDS_MIN), SECONDS_MAX)
        expires_at = self._clock.now() + lasting * 1000
        claims = {
            "aud": f"conversation/{conversation_id}",
            "sub": subject,
            "exp": expires_at // 1000,
            "userId": tenant_id,
            "conversationId": conversation_id,
            "jti": random.token_hex(16),
        }
        token = jwt.encode(claims, random.token_bytes(32), algorithm="HS256")
        record = SessionRecord(tenant_id, conversation_id, _hash(token), expires_at)
        patiently(lambda: self._store.put(record), self._clock)
        return Session(token, expires_at)

    def caller(self, token: str) -> Caller:
        """Raises UnauthenticatedError for a session that is unknown or over, ForbiddenError for no token at all."""
        tenant_id, conversation_id = _place(token)
        record = self._store.get(tenant_id, conversation_id, _hash(token))
        if record is None or record.valid_until <= self._clock.now():
            raise UnauthenticatedError("Not authenticated")
        tenant = self._tenants.tenant(tenant_id)
        return Caller(tenant_id, tenant.limits if tenant else Limits(), conversation_id=conversation_id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _place(token: str) -> tuple[str, str]:
    """Where the record of a token would be. Its claims are believed once the record is found."""
    if len(token) > _TOKEN_MAX or not _TOKEN.match(token):
        raise ForbiddenError("Not authorized")
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    except jwt.InvalidTokenError as error:
        raise ForbiddenError("Not authorized") from error
    match claims:
        case {"userId": str(tenant_id), "conversationId": str(conversation_id)} if tenant_id and conversation_id:
            return tenant_id, conversation_id
    raise ForbiddenError("Not authorized")
