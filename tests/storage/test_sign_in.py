"""Accounts, login sessions and issuers: the same for every store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from parlance.errors import NotFoundError
from parlance.identity.issuers import Issuer
from parlance.identity.login_sessions import LoginSession, LoginSessions, SignedIn
from parlance.identity.port import AlreadyExistsError, TenantStore
from parlance.identity.users import Account
from parlance.ids import RandomIds
from tests.fakes.clock import START, ManualClock
from tests.fakes.credentials import CredentialStores
from tests.storage.credential_stores import KINDS, a_tenant, stores_of

pytestmark = pytest.mark.storage

HOUR = 3_600_000


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


def an_account(tenant_id: str, account_id: str = "auth0|ann#1", permissions: frozenset[str] = frozenset()) -> Account:
    return Account(tenant_id, account_id, "community", "Änn", "active", permissions, 5)


# Accounts.


@pytest.mark.parametrize("permissions", [frozenset(), frozenset({"chatbot", "ü"})])
def test_an_account_is_created_once_and_found_again(
    stores: CredentialStores, tenant: str, permissions: frozenset[str]
) -> None:
    account = an_account(tenant, permissions=permissions)
    stores.accounts.create(account, token=token())
    assert stores.accounts.get(tenant, account.id) == account
    assert stores.accounts.of_tenant(tenant) == [account]
    with pytest.raises(AlreadyExistsError):
        stores.accounts.create(replace(account, username="Other"), token=token())
    assert stores.accounts.get(tenant, account.id) == account


def test_an_account_is_its_tenants_own(stores: CredentialStores, tenant: str, other: str) -> None:
    stores.accounts.create(an_account(tenant), token=token())
    assert stores.accounts.get(other, an_account(tenant).id) is None
    assert stores.accounts.of_tenant(other) == []
    with pytest.raises(NotFoundError, match="Tenant"):
        stores.accounts.create(an_account("nobody"), token=token())


def test_disabling_raises_the_epoch_and_enabling_does_not(stores: CredentialStores, tenant: str) -> None:
    account = an_account(tenant)
    stores.accounts.create(account, token=token())
    disabled = stores.accounts.disable(tenant, account.id)
    assert disabled == replace(account, status="disabled", epoch=1)
    assert stores.accounts.get(tenant, account.id) == disabled
    assert stores.accounts.enable(tenant, account.id) == replace(account, epoch=1)


def test_permissions_add_up(stores: CredentialStores, tenant: str) -> None:
    account = an_account(tenant)
    stores.accounts.create(account, token=token())
    stores.accounts.grant(tenant, account.id, frozenset({"a"}))
    granted = stores.accounts.grant(tenant, account.id, frozenset({"a", "b"}))
    assert granted.permissions == {"a", "b"}
    assert stores.accounts.get(tenant, account.id) == granted


def test_nothing_changes_an_account_that_is_not_there(stores: CredentialStores, tenant: str) -> None:
    store = stores.accounts
    for change in (store.disable, store.enable, store.raise_epoch):
        with pytest.raises(NotFoundError) as refused:
            change(tenant, "nobody")
        assert refused.value.kind == "user"
    with pytest.raises(NotFoundError):
        store.grant(tenant, "nobody", frozenset({"a"}))
    assert store.get(tenant, "nobody") is None


# Login sessions.


def test_a_session_is_found_beside_its_account(stores: CredentialStores, tenant: str, other: str) -> None:
    account = an_account(tenant)
    stores.accounts.create(account, token=token())
    session = LoginSession(tenant, account.id, "login_1", 0, START, START + HOUR)
    stores.sessions.put(session)
    find = stores.sessions.find
    assert find(tenant, account.id, "login_1") == SignedIn(account, session)
    assert find(tenant, account.id, "login_2") == SignedIn(account, None)
    assert find(tenant, account.id, None) == SignedIn(account, None)
    assert find(tenant, "nobody", "login_1") == SignedIn(None, None)
    assert find(other, account.id, "login_1") == SignedIn(None, None)


def test_the_sessions_of_an_account_are_listed(stores: CredentialStores, tenant: str, other: str) -> None:
    account = an_account(tenant)
    stores.accounts.create(account, token=token())
    mine = [LoginSession(tenant, account.id, f"login_{number}", 0, START, START + HOUR) for number in (1, 2)]
    theirs = [replace(mine[0], tenant_id=other), replace(mine[0], account_id="bob")]
    for session in [*mine, *theirs]:
        stores.sessions.put(session)
    assert stores.sessions.of_account(tenant, account.id) == mine
    assert stores.sessions.of_account(tenant, "nobody") == []


def test_none_survives_that_was_begun_before_all_were_ended(stores: CredentialStores, tenant: str) -> None:
    """Sessions are begun all the time while all are ended: each lives only if it was begun after the last end."""
    account = an_account(tenant)
    stores.accounts.create(account, token=token())
    sessions = LoginSessions(stores.sessions, stores.accounts, clock=ManualClock(), ids=RandomIds())

    def begin(_: int) -> LoginSession:
        return sessions.create(tenant, account.id, START + HOUR)

    before = begin(0)
    with ThreadPoolExecutor(16) as pool:
        begun = pool.map(begin, range(40))
        ended = pool.submit(sessions.destroy_all, tenant, account.id)
        meanwhile = list(begun)
        ended.result()
    after = begin(0)
    live = [one for one in [before, *meanwhile, after] if sessions.active(tenant, account.id, one.id)]
    assert before not in live
    assert after in live
    assert all(one.epoch == 1 for one in live)
    sessions.destroy_all(tenant, account.id)
    assert not any(sessions.active(tenant, account.id, one.id) for one in live)


# Issuers.


def issuers_of(tenant_id: str) -> list[Issuer]:
    secret = Issuer(tenant_id, "https://a.example", "secret", "chat", ("HS256",), 5, sealed_secret=b"\x00\xff")
    jwks = Issuer(
        tenant_id, "https://b.example", "jwks", "chat", ("RS256", "ES256"), 6, jwks_url="https://b.example/keys"
    )
    return [secret, jwks]


def test_issuers_are_registered_found_and_removed(stores: CredentialStores, tenant: str, other: str) -> None:
    for issuer in issuers_of(tenant):
        stores.issuers.create(issuer, token=token())
        assert stores.issuers.find(tenant, issuer.url) == issuer
        assert stores.issuers.find(other, issuer.url) is None
        with pytest.raises(AlreadyExistsError):
            stores.issuers.create(issuer, token=token())
    assert stores.issuers.of_tenant(tenant) == issuers_of(tenant)
    assert stores.issuers.of_tenant(other) == []
    stores.issuers.remove(tenant, "https://a.example")
    stores.issuers.remove(other, "https://b.example")
    stores.issuers.remove(tenant, "https://a.example")
    assert stores.issuers.of_tenant(tenant) == issuers_of(tenant)[1:]


def test_an_issuer_needs_a_tenant_and_any_text_may_be_looked_up(stores: CredentialStores, tenant: str) -> None:
    with pytest.raises(NotFoundError, match="Tenant"):
        stores.issuers.create(issuers_of("nobody")[0], token=token())
    for url in ("x", "\udc80", "ü" * 9000):
        assert stores.issuers.find(tenant, url) is None
