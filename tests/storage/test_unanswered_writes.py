"""Writes that were carried out, but whose answer was lost: trying again does nothing twice."""

from collections.abc import Callable
from typing import Any

import pytest

from parlance.identity.issuers import Issuers
from parlance.identity.licenses import Licenses
from parlance.identity.login_sessions import LoginSessions
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKeys
from parlance.identity.users import Accounts
from parlance.identity.vault import LocalVault
from parlance.ids import RandomIds
from parlance.storage.table import Table, UnansweredError
from parlance.storage.tenants import DynamoTenantStore
from tests.fakes.clock import START, ManualClock
from tests.storage.credential_stores import a_tenant, on_table

pytestmark = pytest.mark.storage

IDS, SECRETS, VAULT = RandomIds(), RandomSecrets(), LocalVault(bytes(32))


class Forgetful:
    """A store that carries every call out and loses the first answer of each."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.lost: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            answer = getattr(self._store, name)(*args, **named)
            if name in self.lost or name in {"of_tenant", "get"}:
                return answer
            self.lost.append(name)
            raise UnansweredError("lost")

        return call


@pytest.fixture
def tenant(table: Table) -> str:
    return a_tenant(DynamoTenantStore(table))


def test_a_license(table: Table, tenant: str) -> None:
    store = Forgetful(on_table(table).licenses)
    licenses = Licenses(store, clock=ManualClock(), ids=IDS, secrets=SECRETS)
    issued = licenses.create(tenant, "web", "user")
    assert licenses.of_tenant(tenant) == [issued.license]
    revoked = licenses.revoke(tenant, issued.license.id)
    assert licenses.of_tenant(tenant) == [revoked]
    assert store.lost == ["create", "revoke"]


def test_a_service_key(table: Table, tenant: str) -> None:
    stores = on_table(table)
    store = Forgetful(stores.service_keys)
    store.lost.append("find")
    keys = ServiceKeys(store, VAULT, clock=ManualClock(), ids=IDS, secrets=SECRETS)
    old = keys.create(tenant, "ecdsa", "web")
    assert keys.of_tenant(tenant) == [old]
    new = keys.reset(tenant, old.key_id)
    assert keys.of_tenant(tenant) == [new]
    assert keys.verify(new.key_id, new.secret) == new
    assert store.lost == ["find", "create", "replace"]


def test_an_account_and_its_sessions(table: Table, tenant: str) -> None:
    stores = on_table(table)
    store = Forgetful(stores.accounts)
    accounts = Accounts(store, clock=ManualClock(), ids=IDS)
    account = accounts.create(tenant, "Ann", account_id="ann")
    assert accounts.of_tenant(tenant) == [account]
    sessions = LoginSessions(Forgetful(stores.sessions), store, clock=ManualClock(), ids=IDS)
    session = sessions.create(tenant, "ann", START + 1000)
    assert sessions.active(tenant, "ann", session.id) == session
    sessions.destroy_all(tenant, "ann")
    assert sessions.active(tenant, "ann", session.id) is None
    assert accounts.grant(tenant, "ann", ["admin"]).permissions == {"chatbot", "admin"}
    assert not accounts.disable(tenant, "ann").active
    assert accounts.enable(tenant, "ann").active
    assert store.lost == ["create", "raise_epoch", "grant", "disable", "enable"]


def test_an_issuer(table: Table, tenant: str) -> None:
    store = Forgetful(on_table(table).issuers)
    store.lost.append("find")
    issuers = Issuers(store, VAULT, clock=ManualClock(), ids=IDS, secrets=SECRETS)
    registered = issuers.add_secret(tenant, "https://issuer.example", "chat")
    assert issuers.of_tenant(tenant) == [registered.issuer]
    issuers.remove(tenant, "https://issuer.example")
    assert issuers.of_tenant(tenant) == []
    assert store.lost == ["find", "create", "remove"]
