"""Licenses, service keys and spent requests: the same for every store."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config

from parlance.errors import NotFoundError, UnauthenticatedError
from parlance.identity.licenses import License, Licenses
from parlance.identity.port import AlreadyExistsError, TenantStore
from parlance.identity.request_ids import RequestId, RequestIds
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKey, ServiceKeys
from parlance.identity.vault import LocalVault
from parlance.ids import RandomIds
from parlance.storage import keys
from parlance.storage.request_ids import DynamoSpentRequests
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from tests.fakes.clock import START, ManualClock
from tests.fakes.credentials import CredentialStores
from tests.storage.credential_stores import KINDS, a_tenant, on_table, stores_of

pytestmark = pytest.mark.storage


@pytest.fixture(params=KINDS)
def both(request: pytest.FixtureRequest) -> tuple[CredentialStores, TenantStore]:
    return stores_of(request)


@pytest.fixture
def stores(both: tuple[CredentialStores, TenantStore]) -> CredentialStores:
    return both[0]


@pytest.fixture
def tenant(both: tuple[CredentialStores, TenantStore]) -> str:
    return a_tenant(both[1])


@pytest.fixture
def other(both: tuple[CredentialStores, TenantStore]) -> str:
    return a_tenant(both[1])


def token() -> str:
    return RandomIds().random()


# Licenses.


def a_license(tenant_id: str) -> License:
    return License(f"license_{token()}", tenant_id, "system", "Büro", "abcd", 5)


def test_a_license_is_found_by_its_hash_until_and_after_it_is_revoked(stores: CredentialStores, tenant: str) -> None:
    new = a_license(tenant)
    stores.licenses.create(new, "h" + new.id, token=token())
    assert stores.licenses.find("h" + new.id) == new
    assert stores.licenses.of_tenant(tenant) == [new]
    revoked = stores.licenses.revoke(tenant, new.id, now=9, token=token())
    assert revoked == replace(new, revoked_at=9)
    assert stores.licenses.find("h" + new.id) == revoked
    assert stores.licenses.of_tenant(tenant) == [revoked]
    assert stores.licenses.revoke(tenant, new.id, now=11, token=token()) == revoked


def test_a_license_is_its_tenants_own(stores: CredentialStores, tenant: str, other: str) -> None:
    new = a_license(tenant)
    stores.licenses.create(new, "h" + new.id, token=token())
    assert stores.licenses.of_tenant(other) == []
    with pytest.raises(NotFoundError, match="License"):
        stores.licenses.revoke(other, new.id, now=9, token=token())
    assert stores.licenses.find("h" + new.id) == new
    assert stores.licenses.find("nothing") is None
    with pytest.raises(NotFoundError, match="Tenant"):
        stores.licenses.create(a_license("nobody"), "h", token=token())


# Service keys.


def service_keys(stores: CredentialStores) -> ServiceKeys:
    return ServiceKeys(
        stores.service_keys, LocalVault(bytes(32)), clock=ManualClock(), ids=RandomIds(), secrets=RandomSecrets()
    )


def test_a_service_key_is_created_listed_and_verified(stores: CredentialStores, tenant: str, other: str) -> None:
    made = [service_keys(stores).create(tenant, "ecdsa", "web"), service_keys(stores).create(tenant, "hawk", "")]
    theirs = service_keys(stores).create(other, "ecdsa", "web")
    assert sorted(service_keys(stores).of_tenant(tenant), key=str) == sorted(made, key=str)
    assert [key.secret for key in service_keys(stores).of_tenant(other)] == [theirs.secret]
    for key in [*made, theirs]:
        assert service_keys(stores).verify(key.key_id, key.secret) == key
    with pytest.raises(UnauthenticatedError):
        service_keys(stores).verify(theirs.key_id, made[0].secret)
    with pytest.raises(NotFoundError, match="Tenant"):
        service_keys(stores).create("nobody", "ecdsa", "web")


def test_a_service_key_is_created_once(stores: CredentialStores, tenant: str) -> None:
    key = service_keys(stores).create(tenant, "ecdsa", "web")
    record = stores.service_keys.find(key.key_id)
    assert record is not None
    with pytest.raises(AlreadyExistsError):
        stores.service_keys.create(record, token=token())


def test_a_reset_key_is_gone_at_once_and_another_is_there(stores: CredentialStores, tenant: str) -> None:
    old = service_keys(stores).create(tenant, "hawk", "web")
    new = service_keys(stores).reset(tenant, old.key_id)
    assert (new.type, new.tag, new.tenant_id) == ("hawk", "web", tenant)
    assert new.key_id != old.key_id
    assert new.secret != old.secret
    assert service_keys(stores).of_tenant(tenant) == [new]
    assert service_keys(stores).verify(new.key_id, new.secret) == new
    for key_id, secret in [(old.key_id, old.secret), (old.key_id, new.secret), (new.key_id, old.secret)]:
        with pytest.raises(UnauthenticatedError):
            service_keys(stores).verify(key_id, secret)
    with pytest.raises(NotFoundError) as refused:
        service_keys(stores).reset(tenant, old.key_id)
    assert refused.value.kind == "service_key"


def test_another_tenants_key_is_not_reset(stores: CredentialStores, tenant: str, other: str) -> None:
    key = service_keys(stores).create(tenant, "ecdsa", "web")
    with pytest.raises(NotFoundError, match="Service key"):
        service_keys(stores).reset(other, key.key_id)
    assert service_keys(stores).verify(key.key_id, key.secret) == key


def test_of_twenty_resets_at_once_one_succeeds(stores: CredentialStores, tenant: str) -> None:
    old = service_keys(stores).create(tenant, "ecdsa", "web")

    def reset(_: int) -> ServiceKey | None:
        try:
            return service_keys(stores).reset(tenant, old.key_id)
        except NotFoundError:
            return None

    with ThreadPoolExecutor(20) as pool:
        made = [key for key in pool.map(reset, range(20)) if key is not None]
    assert len(made) == 1
    assert service_keys(stores).of_tenant(tenant) == made
    assert service_keys(stores).verify(made[0].key_id, made[0].secret) == made[0]
    with pytest.raises(UnauthenticatedError):
        service_keys(stores).verify(old.key_id, old.secret)


# Spent requests.


def test_a_request_is_spent_once_until_it_is_forgotten(stores: CredentialStores, tenant: str, other: str) -> None:
    spent = stores.spent_requests
    assert spent.spend(tenant, "a", now=START, until=START + 100)
    assert not spent.spend(tenant, "a", now=START, until=START + 100)
    assert not spent.spend(tenant, "a", now=START + 100, until=START + 200)
    assert spent.spend(other, "a", now=START, until=START + 100)
    assert spent.spend(tenant, "b", now=START, until=START + 100)
    apart = token()
    assert spent.spend(None, apart, now=START, until=START + 100)
    assert not spent.spend(None, apart, now=START, until=START + 100)
    assert spent.spend(tenant, apart, now=START, until=START + 100)
    assert spent.spend(tenant, "a", now=START + 101, until=START + 201)
    assert not spent.spend(tenant, "a", now=START + 102, until=START + 202)


def test_of_fifty_uses_at_once_one_passes(stores: CredentialStores, tenant: str) -> None:
    request_ids = RequestIds(stores.spent_requests, clock=ManualClock(), allowed_time_span=30)
    request = RequestId("app", token(), START / 1000)

    def spend(_: int) -> bool:
        try:
            request_ids.spend(tenant, "client", request)
        except UnauthenticatedError:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(spend, range(50))) == 1


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "http://parlance.invalid"])
def test_a_table_that_cannot_be_reached_refuses(endpoint: str) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, proxies={}),
    )
    request_ids = RequestIds(DynamoSpentRequests(Table(client, "none")), clock=ManualClock(), allowed_time_span=30)
    with pytest.raises(UnauthenticatedError):
        request_ids.spend("tenant", "client", RequestId("app", "uuid", START / 1000))
    client.close()


# What the table holds.


def remains(table: Table, *pks: str) -> str:
    found = [item for pk in pks for item in table.query_all(pk, first=" ", last="~")]
    assert found
    assert all(item["v"] == keys.SCHEMA_VERSION for item in found)
    return json.dumps(found, default=lambda value: repr(getattr(value, "value", value)))


def test_no_license_and_no_secret_is_stored_in_clear(table: Table) -> None:
    stores, tenant_id = on_table(table), a_tenant(DynamoTenantStore(table))
    licenses = Licenses(stores.licenses, clock=ManualClock(), ids=RandomIds(), secrets=RandomSecrets())
    issued = licenses.create(tenant_id, "web", "system")
    key = service_keys(stores).create(tenant_id, "ecdsa", "web")
    written = remains(table, keys.licenses_pk(tenant_id), keys.service_keys_pk(tenant_id), f"SK#{key.key_id}")
    assert issued.text[3:] not in written
    assert key.secret not in written
    assert key.key_id in written


def test_a_spent_request_is_cleaned_up_after_it_counts(table: Table) -> None:
    tenant_id = a_tenant(DynamoTenantStore(table))
    DynamoSpentRequests(table).spend(tenant_id, "hash", now=START, until=START + 60_500)
    [item] = table.query_all(keys.spent_request(tenant_id, "hash").pk, first=" ", last="~")
    assert item["expires_at"] * 1000 >= START + 60_500
