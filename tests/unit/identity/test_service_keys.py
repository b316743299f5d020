"""Service keys: shown again to their tenant, verified without the vault, gone at once when they are reset."""

import base64
from typing import cast

import pytest

from parlance.errors import InvalidInputError, NotFoundError, UnauthenticatedError, UnavailableError
from parlance.identity.model import Tenant
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKeyRecord, ServiceKeys, ServiceKeyType
from parlance.identity.vault import LocalVault, VaultError
from parlance.storage.table import ContendedError, UnansweredError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.credentials import MemoryServiceKeyStore
from tests.fakes.identity import MemoryTenantStore


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        tenants = MemoryTenantStore()
        tenants.create_tenant(Tenant("t", "T", 1))
        self.store = MemoryServiceKeyStore(tenants)
        self.keys = self.under(LocalVault(bytes(32)))

    def under(self, vault: LocalVault) -> ServiceKeys:
        return ServiceKeys(self.store, vault, clock=self.clock, ids=CountingIds(), secrets=RandomSecrets())


def test_id_and_secret_are_32_random_bytes_in_base64() -> None:
    bench = Bench()
    made = [bench.keys.create("t", "ecdsa", "web") for _ in range(50)]
    texts = [text for key in made for text in (key.key_id, key.secret)]
    assert len(set(texts)) == 100
    assert all(len(base64.b64decode(text, validate=True)) == 32 for text in texts)
    assert {"+", "/", "="} <= set("".join(texts))


def test_the_list_shows_secrets_oldest_first() -> None:
    bench = Bench()
    made = []
    for tag in ("a", "b", "c"):
        made.append(bench.keys.create("t", "hawk", tag))
        bench.clock.advance(1)
    assert bench.keys.of_tenant("t") == made
    assert [key.secret for key in bench.keys.of_tenant("t")] == [key.secret for key in made]


@pytest.mark.parametrize("other", [None, "", "x", "A" * 44, "x" * 100_000, "\udc80", "\x00", "ü"])
def test_wrong_credentials_are_all_refused_alike(other: str | None) -> None:
    bench = Bench()
    key = bench.keys.create("t", "ecdsa", "web")
    said = set()
    for key_id, secret in [(key.key_id, other), (other, key.secret), (other, other)]:
        with pytest.raises(UnauthenticatedError) as refused:
            bench.keys.verify(key_id, secret)
        said.add(refused.value.message)
    assert len(said) == 1


def test_the_empty_secret_opens_nothing_that_is_unknown() -> None:
    with pytest.raises(UnauthenticatedError):
        Bench().keys.verify("unknown", "")


def test_verifying_needs_no_vault() -> None:
    bench = Bench()
    key = bench.keys.create("t", "ecdsa", "web")
    blind = bench.under(LocalVault(b"\x01" * 32))
    assert blind.verify(key.key_id, key.secret) == key
    with pytest.raises(VaultError):
        blind.of_tenant("t")


def test_a_stored_secret_is_of_no_use_in_another_tenants_item() -> None:
    bench = Bench()
    record = bench.store.find(bench.keys.create("t", "ecdsa", "web").key_id)
    assert record is not None
    moved = ServiceKeyRecord(
        "t", "other", record.type, record.tag, record.created_at, record.secret_hash, record.sealed_secret
    )
    bench.store.create(moved, token="1")
    with pytest.raises(VaultError):
        bench.keys.of_tenant("t")


@pytest.mark.parametrize("key_id", ["", "unknown", "x" * 1000, "\udc80", "a#b"])
def test_an_unknown_key_is_not_reset(key_id: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        Bench().keys.reset("t", key_id)
    assert (refused.value.kind, refused.value.message) == ("service_key", "Service key not found")


def test_bad_input() -> None:
    keys = Bench().keys
    with pytest.raises(InvalidInputError):
        keys.create("t", cast("ServiceKeyType", "rsa"), "web")
    with pytest.raises(InvalidInputError):
        keys.create("t", "ecdsa", "x" * 129)
    with pytest.raises(NotFoundError):
        keys.create("nobody", "ecdsa", "web")


def test_nothing_secret_is_printed() -> None:
    bench = Bench()
    key = bench.keys.create("t", "ecdsa", "web")
    record = bench.store.find(key.key_id)
    assert record is not None
    printed = repr([key, record, bench.keys])
    assert key.secret not in printed
    assert record.secret_hash not in printed
    assert repr(record.sealed_secret) not in printed


class Troubled(MemoryServiceKeyStore):
    """Fails as often as it is told to before it replaces anything."""

    failures: list[Exception]

    def replace(self, old: ServiceKeyRecord, new: ServiceKeyRecord, *, token: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        super().replace(old, new, token=token)


@pytest.mark.parametrize(("failures", "succeeds"), [(3, True), (10_000, False)])
def test_contention_is_waited_out_for_a_while(failures: int, succeeds: bool) -> None:
    tenants = MemoryTenantStore()
    tenants.create_tenant(Tenant("t", "T", 1))
    store = Troubled(tenants)
    store.failures = [ContendedError(), UnansweredError()] * failures
    vault, clock = LocalVault(bytes(32)), ManualClock()
    keys = ServiceKeys(store, vault, clock=clock, ids=CountingIds(), secrets=RandomSecrets())
    old = keys.create("t", "ecdsa", "web")
    if succeeds:
        new = keys.reset("t", old.key_id)
        assert keys.of_tenant("t") == [new]
        return
    with pytest.raises(UnavailableError):
        keys.reset("t", old.key_id)
    assert keys.of_tenant("t") == [old]
