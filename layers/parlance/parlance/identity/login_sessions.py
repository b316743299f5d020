"""Login sessions: a token is good only while the session that it names lives.

    live ──expires, or the account's epoch is raised──> ended, for good

A session remembers the epoch of its account at its birth. Ending all of them is one write to the account, so it is
exact also while others are being created, and nothing needs to be swept; items go by their time to live.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parlance.clock import Clock
from parlance.errors import ForbiddenError, InvalidInputError, NotFoundError
from parlance.identity.persistence import patiently
from parlance.identity.users import Account, AccountStore, fits_an_account
from parlance.ids import IdSource

_ID_MAX = 128


@dataclass(frozen=True, slots=True)
class LoginSession:
    """It lives before `expires_at` (ms). Its id is no secret: a token names it, and the token is signed."""

    tenant_id: str
    account_id: str
    id: str
    epoch: int
    created_at: int
    expires_at: int

    def lives(self, account: Account, now: int) -> bool:
        return self.epoch == account.epoch and now < self.expires_at


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account and the session that was asked for; None for what is not there. Live or not."""

    account: Account | None
    session: LoginSession | None


class LoginSessionStore(Protocol):
    """Login sessions beside their accounts."""

    def put(self, session: LoginSession) -> None: ...

    def find(self, tenant_id: str, account_id: str, session_id: str | None) -> SignedIn:
        """Both in one round trip, and as they are at this moment."""
        ...

    def of_account(self, tenant_id: str, account_id: str) -> Sequence[LoginSession]:
        """All that were not cleaned up yet, ended or not."""
        ...


class LoginSessions:
    """Begins login sessions, finds the live ones and ends them."""

    def __init__(self, store: LoginSessionStore, accounts: AccountStore, *, clock: Clock, ids: IdSource) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    def create(self, tenant_id: str, account_id: str, expires_at: int) -> LoginSession:
        """Raises NotFoundError("user"), ForbiddenError for a disabled one, InvalidInputError for a time gone by."""
        now = self._clock.now()
        if expires_at <= now:
            raise InvalidInputError("A login session ends in the future.")
        account = self._accounts.get(tenant_id, account_id) if fits_an_account(account_id) else None
        if account is None:
            raise NotFoundError("user")
        if not account.active:
            raise ForbiddenError("The user is disabled.")
        # If all sessions are ended from here on, this one bears an old epoch and is ended with them.
        session = LoginSession(tenant_id, account_id, f"login_{self._ids.random()}", account.epoch, now, expires_at)
        patiently(lambda: self._store.put(session), self._clock)
        return session

    def find(self, tenant_id: str, account_id: str, session_id: object) -> SignedIn:
        """The account, and its session if that lives. Ids may be anything that a token holds."""
        if not fits_an_account(account_id):
            return SignedIn(None, None)
        wanted = session_id if isinstance(session_id, str) and _fits(session_id) else None
        found = patiently(lambda: self._store.find(tenant_id, account_id, wanted), self._clock)
        if found.account and found.session and found.session.lives(found.account, self._clock.now()):
            return found
        return SignedIn(found.account, None)

    def active(self, tenant_id: str, account_id: str, session_id: str) -> LoginSession | None:
        """The session if it lives and its account is not disabled."""
        found = self.find(tenant_id, account_id, session_id)
        return found.session if found.account and found.account.active else None

    def live(self, tenant_id: str, account_id: str) -> Sequence[LoginSession]:
        """The sessions that an account is signed in by, oldest first. Raises NotFoundError("user")."""
        account = self._accounts.get(tenant_id, account_id) if fits_an_account(account_id) else None
        if account is None:
            raise NotFoundError("user")
        now = self._clock.now()
        found = self._store.of_account(tenant_id, account_id)
        alive = (session for session in found if account.active and session.lives(account, now))
        return sorted(alive, key=lambda session: (session.created_at, session.id))

    def destroy_all(self, tenant_id: str, account_id: str) -> None:
        """End every login session that was begun so far. Raises NotFoundError("user"), UnavailableError."""
        if not fits_an_account(account_id):
            raise NotFoundError("user")
        patiently(lambda: self._accounts.raise_epoch(tenant_id, account_id), self._clock)


def _fits(session_id: str) -> bool:
    return 0 < len(session_id) <= _ID_MAX and session_id.isascii()
