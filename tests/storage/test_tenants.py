"""Tenants and keys: the same for every store."""

import pytest

from parlance.errors import NotFoundError
from parlance.identity.administration import Administration
from parlance.identity.keys import hash_of
from parlance.identity.model import ApiKey, Limits, Tenant
from parlance.identity.port import AlreadyExistsError, TenantStore
from parlance.identity.secrets import RandomSecrets
from parlance.ids import RandomIds
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from tests.fakes.clock import ManualClock
from tests.fakes.identity import MemoryTenantStore

pytestmark = pytest.mark.storage

_LIMITS = Limits(rest_per_minute=1, messages_per_second=2, connections=3)


@pytest.fixture(params=["dynamodb", "memory"])
def store(request: pytest.FixtureRequest) -> TenantStore:
    if request.param == "memory":
        return MemoryTenantStore()
    table: Table = request.getfixturevalue("table")
    return DynamoTenantStore(table)


def _tenant() -> Tenant:
    return Tenant(f"tenant_{RandomIds().random()}", "Ada & Söhne", 1, _LIMITS)


def test_a_tenant_is_created_once_and_found_again(store: TenantStore) -> None:
    tenant = _tenant()
    store.create_tenant(tenant)
    assert store.tenant(tenant.id) == tenant
    assert tenant in store.tenants()
    with pytest.raises(AlreadyExistsError):
        store.create_tenant(tenant)
    changed = Tenant(tenant.id, "New", tenant.created_at, Limits())
    store.put_tenant(changed)
    assert store.tenant(tenant.id) == changed


def test_an_unknown_tenant_is_none(store: TenantStore) -> None:
    assert store.tenant("tenant_x") is None
    with pytest.raises(NotFoundError):
        store.put_tenant(Tenant("tenant_x", "X", 1))
    with pytest.raises(NotFoundError):
        store.create_key(ApiKey("key_1", "tenant_x", "k", "abcd", 1), "hash", token=RandomIds().random())


def test_a_key_is_found_by_its_hash_until_and_after_it_is_revoked(store: TenantStore) -> None:
    tenant = _tenant()
    store.create_tenant(tenant)
    key = ApiKey(f"key_{RandomIds().random()}", tenant.id, "web", "abcd", 5, prefix="sk-")
    store.create_key(key, "h" + key.id, token=RandomIds().random())
    assert store.find_key("h" + key.id) == key
    assert store.keys(tenant.id) == [key]
    revoked = store.revoke_key(tenant.id, key.id, now=9, token=RandomIds().random())
    assert revoked.revoked_at == 9
    assert store.find_key("h" + key.id) == revoked
    assert store.keys(tenant.id) == [revoked]
    assert store.revoke_key(tenant.id, key.id, now=11, token=RandomIds().random()) == revoked


def test_a_key_is_its_tenants_own(store: TenantStore) -> None:
    mine, other = _tenant(), _tenant()
    for tenant in (mine, other):
        store.create_tenant(tenant)
    key = ApiKey(f"key_{RandomIds().random()}", mine.id, "web", "abcd", 5)
    store.create_key(key, "h" + key.id, token=RandomIds().random())
    assert store.keys(other.id) == []
    with pytest.raises(NotFoundError):
        store.revoke_key(other.id, key.id, now=9, token=RandomIds().random())
    assert store.find_key("nothing") is None


def test_no_key_is_stored_in_clear(table: Table) -> None:
    administration = Administration(
        DynamoTenantStore(table), clock=ManualClock(), ids=RandomIds(), secrets=RandomSecrets()
    )
    tenant = administration.create_tenant("T")
    issued = administration.issue_key(tenant.id, "web")
    found = list(table.query_all(f"T#{tenant.id}#K", first=" ", last="~"))
    found += table.query_all(f"K#{hash_of(issued.secret)}", first=" ", last="~")
    assert len(found) == 2
    assert issued.secret not in str(found)
    assert issued.secret[3:] not in str(found)
