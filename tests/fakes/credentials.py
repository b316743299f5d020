"""Licenses, service keys, spent requests, accounts, login sessions and issuers in memory."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from parlance.errors import NotFoundError
from parlance.identity.issuers import Issuer, IssuerStore
from parlance.identity.licenses import License, LicenseStore
from parlance.identity.login_sessions import LoginSession, LoginSessionStore, SignedIn
from parlance.identity.port import AlreadyExistsError, KeyLookup
from parlance.identity.request_ids import SpentRequests
from parlance.identity.service_keys import ServiceKeyRecord, ServiceKeyStore, not_found
from parlance.identity.users import Account, AccountStore
from parlance.identity.vault import DataKey, VaultError


def _require(tenants: KeyLookup, tenant_id: str) -> None:
    if tenants.tenant(tenant_id) is None:
        raise NotFoundError("tenant")


class MemoryLicenseStore:
    """`parlance.identity.licenses.LicenseStore`. Counts look-ups."""

    def __init__(self, tenants: KeyLookup) -> None:
        self._tenants = tenants
        self._by_hash: dict[str, License] = {}
        self.look_ups = 0

    def create(self, new: License, text_hash: str, *, token: str) -> None:
        _require(self._tenants, new.tenant_id)
        self._by_hash[text_hash] = new

    def find(self, text_hash: str) -> License | None:
        self.look_ups += 1
        return self._by_hash.get(text_hash)

    def of_tenant(self, tenant_id: str) -> Sequence[License]:
        found = [one for one in self._by_hash.values() if one.tenant_id == tenant_id]
        return sorted(found, key=lambda one: one.id)

    def revoke(self, tenant_id: str, license_id: str, *, now: int, token: str) -> License:
        for text_hash, found in self._by_hash.items():
            if (found.tenant_id, found.id) == (tenant_id, license_id):
                revoked_at = now if found.revoked_at is None else found.revoked_at
                self._by_hash[text_hash] = replace(found, revoked_at=revoked_at)
                return self._by_hash[text_hash]
        raise NotFoundError("license")


class MemoryServiceKeyStore:
    """`parlance.identity.service_keys.ServiceKeyStore`."""

    def __init__(self, tenants: KeyLookup) -> None:
        self._tenants = tenants
        self._records: dict[str, ServiceKeyRecord] = {}
        self._lock = threading.Lock()

    def create(self, record: ServiceKeyRecord, *, token: str) -> None:
        _require(self._tenants, record.tenant_id)
        with self._lock:
            if record.key_id in self._records:
                raise AlreadyExistsError(record.key_id)
            self._records[record.key_id] = record

    def find(self, key_id: str) -> ServiceKeyRecord | None:
        return self._records.get(key_id)

    def of_tenant(self, tenant_id: str) -> Sequence[ServiceKeyRecord]:
        with self._lock:
            return [record for record in self._records.values() if record.tenant_id == tenant_id]

    def replace(self, old: ServiceKeyRecord, new: ServiceKeyRecord, *, token: str) -> None:
        with self._lock:
            if old.key_id not in self._records:
                raise not_found()
            del self._records[old.key_id]
            self._records[new.key_id] = new


class MemorySpentRequests:
    """`parlance.identity.request_ids.SpentRequests`."""

    def __init__(self) -> None:
        self._until: dict[tuple[str | None, str], int] = {}
        self._lock = threading.Lock()

    def spend(self, tenant_id: str | None, request_hash: str, *, now: int, until: int) -> bool:
        with self._lock:
            where = (tenant_id, request_hash)
            if self._until.get(where, -1) >= now:
                return False
            self._until[where] = until
            return True


class MemoryAccountStore:
    """`parlance.identity.users.AccountStore`."""

    def __init__(self, tenants: KeyLookup) -> None:
        self._tenants = tenants
        self._accounts: dict[tuple[str, str], Account] = {}
        self._lock = threading.Lock()

    def create(self, account: Account, *, token: str) -> None:
        _require(self._tenants, account.tenant_id)
        with self._lock:
            where = (account.tenant_id, account.id)
            if where in self._accounts:
                raise AlreadyExistsError(account.id)
            self._accounts[where] = account

    def get(self, tenant_id: str, account_id: str) -> Account | None:
        return self._accounts.get((tenant_id, account_id))

    def of_tenant(self, tenant_id: str) -> Sequence[Account]:
        return [self._accounts[where] for where in sorted(self._accounts) if where[0] == tenant_id]

    def disable(self, tenant_id: str, account_id: str) -> Account:
        with self._lock:
            found = self._required(tenant_id, account_id)
            return self._put(replace(found, status="disabled", epoch=found.epoch + 1))

    def enable(self, tenant_id: str, account_id: str) -> Account:
        with self._lock:
            return self._put(replace(self._required(tenant_id, account_id), status="active"))

    def grant(self, tenant_id: str, account_id: str, permissions: frozenset[str]) -> Account:
        with self._lock:
            found = self._required(tenant_id, account_id)
            return self._put(replace(found, permissions=found.permissions | permissions))

    def raise_epoch(self, tenant_id: str, account_id: str) -> Account:
        with self._lock:
            found = self._required(tenant_id, account_id)
            return self._put(replace(found, epoch=found.epoch + 1))

    def _required(self, tenant_id: str, account_id: str) -> Account:
        found = self._accounts.get((tenant_id, account_id))
        if found is None:
            raise NotFoundError("user")
        return found

    def _put(self, account: Account) -> Account:
        self._accounts[account.tenant_id, account.id] = account
        return account


class MemoryLoginSessionStore:
    """`parlance.identity.login_sessions.LoginSessionStore` beside the accounts that it is given."""

    def __init__(self, accounts: AccountStore) -> None:
        self._accounts = accounts
        self._sessions: dict[tuple[str, str, str], LoginSession] = {}

    def put(self, session: LoginSession) -> None:
        self._sessions[session.tenant_id, session.account_id, session.id] = session

    def find(self, tenant_id: str, account_id: str, session_id: str | None) -> SignedIn:
        session = self._sessions.get((tenant_id, account_id, session_id)) if session_id is not None else None
        return SignedIn(self._accounts.get(tenant_id, account_id), session)

    def of_account(self, tenant_id: str, account_id: str) -> Sequence[LoginSession]:
        return [self._sessions[where] for where in sorted(self._sessions) if where[:2] == (tenant_id, account_id)]


class MemoryIssuerStore:
    """`parlance.identity.issuers.IssuerStore`. Counts look-ups."""

    def __init__(self, tenants: KeyLookup) -> None:
        self._tenants = tenants
        self._issuers: dict[tuple[str, str], Issuer] = {}
        self.look_ups = 0

    def create(self, issuer: Issuer, *, token: str) -> None:
        _require(self._tenants, issuer.tenant_id)
        where = (issuer.tenant_id, issuer.url)
        if where in self._issuers:
            raise AlreadyExistsError(issuer.url)
        self._issuers[where] = issuer

    def find(self, tenant_id: str, url: str) -> Issuer | None:
        self.look_ups += 1
        return self._issuers.get((tenant_id, url))

    def of_tenant(self, tenant_id: str) -> Sequence[Issuer]:
        return [self._issuers[where] for where in sorted(self._issuers) if where[0] == tenant_id]

    def remove(self, tenant_id: str, url: str) -> None:
        self._issuers.pop((tenant_id, url), None)


@dataclass(frozen=True, slots=True)
class CredentialStores:
    """All stores of the credentials, of one kind."""

    licenses: LicenseStore
    service_keys: ServiceKeyStore
    spent_requests: SpentRequests
    accounts: AccountStore
    sessions: LoginSessionStore
    issuers: IssuerStore


def memory_credentials(tenants: KeyLookup) -> CredentialStores:
    """In memory, for the tenants of that store."""
    accounts = MemoryAccountStore(tenants)
    return CredentialStores(
        licenses=MemoryLicenseStore(tenants),
        service_keys=MemoryServiceKeyStore(tenants),
        spent_requests=MemorySpentRequests(),
        accounts=accounts,
        sessions=MemoryLoginSessionStore(accounts),
        issuers=MemoryIssuerStore(tenants),
    )


@dataclass
class CountingDataKeys:
    """`parlance.identity.vault.DataKeys` that wraps by remembering, and counts what it is asked."""

    generated: int = 0
    unwrapped: int = 0
    _keys: dict[bytes, bytes] = field(default_factory=dict, repr=False)

    def generate(self) -> DataKey:
        self.generated += 1
        wrapped = b"wrapped-%d" % self.generated
        self._keys[wrapped] = self.generated.to_bytes(32)
        return DataKey(self._keys[wrapped], wrapped)

    def unwrap(self, wrapped: bytes) -> bytes:
        self.unwrapped += 1
        if wrapped not in self._keys:
            raise VaultError("never wrapped here")
        return self._keys[wrapped]
