"""Who may call: tenants, their API keys, and the principal that a request turns out to be."""

from dataclasses import dataclass, field

from parlance.identity.keys import PREFIX


@dataclass(frozen=True, slots=True)
class Limits:
    """What one tenant may use at once; each can be set per tenant."""

    rest_per_minute: int = 100
    messages_per_second: int = 10
    connections: int = 50


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer: owner of users, chats, agents and keys. Nothing of it is visible to another.

    `parent_id` is the tenant that may act for this one.
    """

    id: str
    name: str
    created_at: int
    limits: Limits = field(default_factory=Limits)
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner sees it: how its text begins, and its last four characters. The rest is known to nobody."""

    id: str
    tenant_id: str
    name: str
    hint: str
    created_at: int
    revoked_at: int | None = None
    prefix: str = PREFIX


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from and what they may use.

    `key_hash` finds the key again when a long connection is checked later.
    """

    tenant_id: str
    key_id: str
    key_hash: str
    limits: Limits
