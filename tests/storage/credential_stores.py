"""The stores of the credentials, of either kind, with a tenant in them."""

import pytest

from parlance.identity.model import Tenant
from parlance.identity.port import TenantStore
from parlance.ids import RandomIds
from parlance.storage.issuers import DynamoIssuerStore
from parlance.storage.licenses import DynamoLicenseStore
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.request_ids import DynamoSpentRequests
from parlance.storage.service_keys import DynamoServiceKeyStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.users_directory import DynamoAccountStore
from tests.fakes.credentials import CredentialStores, memory_credentials
from tests.fakes.identity import MemoryTenantStore

KINDS = ["dynamodb", "memory"]


def on_table(table: Table) -> CredentialStores:
    return CredentialStores(
        licenses=DynamoLicenseStore(table),
        service_keys=DynamoServiceKeyStore(table),
        spent_requests=DynamoSpentRequests(table),
        accounts=DynamoAccountStore(table),
        sessions=DynamoLoginSessionStore(table),
        issuers=DynamoIssuerStore(table),
    )


def stores_of(request: pytest.FixtureRequest) -> tuple[CredentialStores, TenantStore]:
    """What a fixture with `params=KINDS` asks for."""
    if request.param == "memory":
        tenants = MemoryTenantStore()
        return memory_credentials(tenants), tenants
    table: Table = request.getfixturevalue("table")
    return on_table(table), DynamoTenantStore(table)


def a_tenant(tenants: TenantStore) -> str:
    tenant_id = f"tenant-{RandomIds().random()}"
    tenants.create_tenant(Tenant(tenant_id, "T", 1))
    return tenant_id
