"""Accounts and their login sessions."""

import pytest

from parlance.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from parlance.identity.login_sessions import LoginSession, LoginSessions, SignedIn
from parlance.identity.model import Tenant
from parlance.identity.users import Account, Accounts
from parlance.storage.table import UnansweredError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.credentials import MemoryAccountStore, MemoryLoginSessionStore
from tests.fakes.identity import MemoryTenantStore

HOUR = 3_600_000


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        tenants = MemoryTenantStore()
        for tenant_id in ("t", "t2"):
            tenants.create_tenant(Tenant(tenant_id, "T", 1))
        self.account_store = MemoryAccountStore(tenants)
        self.accounts = Accounts(self.account_store, clock=self.clock, ids=CountingIds())
        self.session_store = MemoryLoginSessionStore(self.account_store)
        self.sessions = LoginSessions(self.session_store, self.account_store, clock=self.clock, ids=CountingIds())

    def account(self, account_id: str = "ann") -> Account:
        return self.accounts.create("t", "Ann", account_id=account_id)

    def session(self, account_id: str = "ann") -> LoginSession:
        return self.sessions.create("t", account_id, self.clock.now() + HOUR)


class TestAccounts:
    def test_an_account_may_use_the_chatbot_unless_told_otherwise(self) -> None:
        accounts = Bench().accounts
        made = accounts.create("t", "Ann")
        assert (sorted(made.permissions), made.community_id, made.active) == (["chatbot"], "default", True)
        assert accounts.get("t", made.id) == made
        assert accounts.create("t", "Bob", community_id="c", permissions=()).permissions == frozenset()

    def test_an_id_is_taken_once_in_a_tenant(self) -> None:
        bench = Bench()
        bench.account()
        with pytest.raises(ConflictError):
            bench.account()
        assert bench.accounts.create("t2", "Ann", account_id="ann").tenant_id == "t2"

    @pytest.mark.parametrize("account_id", ["", "x" * 257, "ü" * 129, "\udc80"])
    def test_an_id_that_cannot_be_one(self, account_id: str) -> None:
        bench = Bench()
        with pytest.raises(InvalidInputError):
            bench.account(account_id)
        accounts, sessions = bench.accounts, bench.sessions
        for call in (accounts.get, accounts.enable, accounts.disable, sessions.destroy_all):
            with pytest.raises(NotFoundError):
                call("t", account_id)
        with pytest.raises(NotFoundError):
            bench.session(account_id)
        assert sessions.find("t", account_id, "login_1") == SignedIn(None, None)

    def test_other_bad_input(self) -> None:
        accounts = Bench().accounts
        with pytest.raises(InvalidInputError):
            accounts.create("t", "")
        with pytest.raises(InvalidInputError):
            accounts.create("t", "A", community_id="x" * 257)
        for permissions in ([""], ["x" * 257], [str(number) for number in range(101)]):
            with pytest.raises(InvalidInputError):
                accounts.create("t", "A", permissions=permissions)
        with pytest.raises(NotFoundError):
            accounts.create("nobody", "A")

    def test_permissions_are_granted(self) -> None:
        bench = Bench()
        bench.account()
        assert bench.accounts.grant("t", "ann", ["admin"]).permissions == {"chatbot", "admin"}
        assert bench.accounts.grant("t", "ann", []).permissions == {"chatbot", "admin"}
        with pytest.raises(NotFoundError):
            bench.accounts.grant("t2", "ann", ["admin"])


class TestLoginSessions:
    def test_a_session_lives_until_it_expires(self) -> None:
        bench = Bench()
        bench.account()
        session = bench.session()
        bench.clock.advance(3599.999)
        assert bench.sessions.active("t", "ann", session.id) == session
        bench.clock.advance(0.001)
        assert bench.sessions.active("t", "ann", session.id) is None

    def test_a_session_is_its_accounts_own(self) -> None:
        bench = Bench()
        bench.account()
        bench.account("bob")
        bench.accounts.create("t2", "Ann", account_id="ann")
        session = bench.session()
        assert bench.sessions.active("t", "bob", session.id) is None
        assert bench.sessions.active("t2", "ann", session.id) is None

    @pytest.mark.parametrize("session_id", ["", "none", "x" * 129, "ü", "\udc80", None, 5, ["login_1"], {}, True])
    def test_a_session_that_cannot_be(self, session_id: object) -> None:
        bench = Bench()
        account = bench.account()
        bench.session()
        assert bench.sessions.find("t", "ann", session_id) == SignedIn(account, None)

    def test_all_sessions_of_one_account_end_at_once(self) -> None:
        bench = Bench()
        bench.account()
        bench.account("bob")
        mine, theirs = [bench.session() for _ in range(3)], bench.session("bob")
        bench.sessions.destroy_all("t", "ann")
        assert not any(bench.sessions.active("t", "ann", session.id) for session in mine)
        assert bench.sessions.active("t", "bob", theirs.id) == theirs
        later = bench.session()
        assert bench.sessions.active("t", "ann", later.id) == later

    def test_only_live_sessions_are_listed(self) -> None:
        bench = Bench()
        bench.account()
        bench.session()
        bench.sessions.destroy_all("t", "ann")
        first = bench.session()
        bench.clock.advance(1800)
        second = bench.session()
        assert bench.sessions.live("t", "ann") == [first, second]
        bench.clock.advance(1800)
        assert bench.sessions.live("t", "ann") == [second]
        bench.accounts.disable("t", "ann")
        assert bench.sessions.live("t", "ann") == []
        for account_id in ("nobody", ""):
            with pytest.raises(NotFoundError):
                bench.sessions.live("t", account_id)

    def test_a_session_that_was_being_begun_ends_with_the_others(self) -> None:
        bench = Bench()
        bench.account()

        class Slow(MemoryLoginSessionStore):
            def put(self, session: LoginSession) -> None:
                bench.sessions.destroy_all("t", "ann")
                super().put(session)

        slow = LoginSessions(Slow(bench.account_store), bench.account_store, clock=bench.clock, ids=CountingIds())
        session = slow.create("t", "ann", bench.clock.now() + HOUR)
        assert slow.active("t", "ann", session.id) is None

    def test_disabling_ends_sessions_for_good(self) -> None:
        bench = Bench()
        bench.account()
        session = bench.session()
        bench.accounts.disable("t", "ann")
        assert bench.sessions.active("t", "ann", session.id) is None
        with pytest.raises(ForbiddenError):
            bench.session()
        bench.accounts.enable("t", "ann")
        assert bench.sessions.active("t", "ann", session.id) is None
        assert bench.session().epoch == 1

    def test_what_cannot_be_begun(self) -> None:
        bench = Bench()
        bench.account()
        with pytest.raises(InvalidInputError):
            bench.sessions.create("t", "ann", bench.clock.now())
        with pytest.raises(NotFoundError):
            bench.session("nobody")
        with pytest.raises(NotFoundError):
            bench.sessions.destroy_all("t", "nobody")

    def test_a_store_that_stays_silent_is_not_a_session_that_is_missing(self) -> None:
        class Silent(MemoryLoginSessionStore):
            def find(self, tenant_id: str, account_id: str, session_id: str | None) -> SignedIn:
                raise UnansweredError

        bench = Bench()
        silent = LoginSessions(Silent(bench.account_store), bench.account_store, clock=bench.clock, ids=CountingIds())
        with pytest.raises(UnavailableError):
            silent.active("t", "ann", "login_1")
