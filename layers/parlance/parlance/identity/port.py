"""What identity needs from storage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parlance.identity.model import ApiKey, Tenant


class AlreadyExistsError(Exception):
    """What was to be created is there already."""


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """What is kept of a ticket: whom it lets in, where, and until when (ms). Its secret is kept as a hash only.

    `request_hash` is set when the ticket was asked for under an idempotency key: the hash of the request's body.
    """

    tenant_id: str
    conversation_id: str
    user_id: str
    key_hash: str
    secret_hash: str
    valid_until: int
    request_hash: str | None = None


class KeyLookup(Protocol):
    """The one thing a request needs: the owner of a key."""

    def find_key(self, key_hash: str) -> ApiKey | None:
        """The key with that hash, revoked or not."""
        ...

    def tenant(self, tenant_id: str) -> Tenant | None: ...


class TenantStore(KeyLookup, Protocol):
    """Tenants and their keys, as their administration needs them."""

    def create_tenant(self, tenant: Tenant) -> None:
        """Raises AlreadyExistsError, also for the e-mail address of another child of the parent."""
        ...

    def put_tenant(self, tenant: Tenant) -> None:
        """Store a tenant's new name or limits. Raises NotFoundError."""
        ...

    def tenants(self) -> Sequence[Tenant]: ...

    def create_key(self, key: ApiKey, key_hash: str, *, token: str) -> None:
        """Raises NotFoundError when there is no such tenant."""
        ...

    def keys(self, tenant_id: str) -> Sequence[ApiKey]: ...

    def revoke_key(self, tenant_id: str, key_id: str, *, now: int, token: str) -> ApiKey:
        """Revoke for good; a second time changes nothing. Raises NotFoundError."""
        ...


class TicketStore(Protocol):
    """Tickets, each kept in the partition of the conversation that it opens."""

    def put(self, record: TicketRecord, *, expires_at: int, token: str) -> TicketRecord | None:
        """Store a ticket for a conversation that exists. Returns the earlier one if there is one of that secret.

        `expires_at` (ms) is when the record may be cleaned up. Raises NotFoundError("chat").
        """
        ...

    def spend(self, tenant_id: str, conversation_id: str, secret_hash: str, *, now: int) -> TicketRecord | None:
        """Use up a ticket. None if it is unknown, expired or spent; of many callers at once one gets it."""
        ...
