"""Accounts: the people of a tenant who sign in. (A chat's user is only a name that a tenant's backend gives.)"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from parlance.clock import Clock
from parlance.errors import ConflictError, InvalidInputError, NotFoundError
from parlance.identity.persistence import patiently
from parlance.identity.port import AlreadyExistsError
from parlance.ids import IdSource

type AccountStatus = Literal["active", "disabled"]

CHATBOT = "chatbot"
"""The permission to use the chatbot."""

DEFAULT_COMMUNITY = "default"
_ID_BYTES = 256
_NAME_MAX = 256
_PERMISSIONS_MAX = 100


@dataclass(frozen=True, slots=True)
class Account:
    """`epoch` counts how often all login sessions were ended: a session lives only under the epoch it began in."""

    tenant_id: str
    id: str
    community_id: str
    username: str
    status: AccountStatus
    permissions: frozenset[str]
    created_at: int
    epoch: int = 0

    @property
    def active(self) -> bool:
        return self.status == "active"


class AccountStore(Protocol):
    """Accounts by tenant and id. Whatever changes one raises NotFoundError("user") if it is not there."""

    def create(self, account: Account, *, token: str) -> None:
        """Raises AlreadyExistsError, and NotFoundError("tenant")."""
        ...

    def get(self, tenant_id: str, account_id: str) -> Account | None: ...

    def of_tenant(self, tenant_id: str) -> Sequence[Account]: ...

    def disable(self, tenant_id: str, account_id: str) -> Account:
        """In one write the account is disabled and its epoch raised."""
        ...

    def enable(self, tenant_id: str, account_id: str) -> Account: ...

    def grant(self, tenant_id: str, account_id: str, permissions: frozenset[str]) -> Account:
        """Add to what is allowed already; `permissions` is not empty."""
        ...

    def raise_epoch(self, tenant_id: str, account_id: str) -> Account:
        """In one write every login session that exists ends."""
        ...


class Accounts:
    """Creates accounts and changes what they may do."""

    def __init__(self, store: AccountStore, *, clock: Clock, ids: IdSource) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def create(
        self,
        tenant_id: str,
        username: str,
        *,
        account_id: str | None = None,
        community_id: str = DEFAULT_COMMUNITY,
        permissions: Iterable[str] = (CHATBOT,),
    ) -> Account:
        """`account_id` is what tokens name in `sub`; one is made up if there is none.

        Raises InvalidInputError, ConflictError for an id that is taken, NotFoundError("tenant").
        """
        allowed = _checked_permissions(permissions)
        for name in (username, community_id):
            _check_name(name)
        if account_id is not None and not fits_an_account(account_id):
            raise InvalidInputError(f"The id of a user has 1 to {_ID_BYTES} bytes.")
        identifier = account_id or f"user_{self._ids.random()}"
        account = Account(tenant_id, identifier, community_id, username, "active", allowed, self._clock.now())
        token = self._ids.random()
        try:
            patiently(lambda: self._store.create(account, token=token), self._clock)
        except AlreadyExistsError as error:
            raise ConflictError("There is a user of that id.", details={"user_id": identifier}) from error
        return account

    def get(self, tenant_id: str, account_id: str) -> Account:
        """Raises NotFoundError("user")."""
        _require_fitting(account_id)
        found = self._store.get(tenant_id, account_id)
        if found is None:
            raise NotFoundError("user")
        return found

    def of_tenant(self, tenant_id: str) -> Sequence[Account]:
        return self._store.of_tenant(tenant_id)

    def disable(self, tenant_id: str, account_id: str) -> Account:
        """Lets them in no more, and ends their login sessions for good: enabling revives none."""
        _require_fitting(account_id)
        return patiently(lambda: self._store.disable(tenant_id, account_id), self._clock)

    def enable(self, tenant_id: str, account_id: str) -> Account:
        _require_fitting(account_id)
        return patiently(lambda: self._store.enable(tenant_id, account_id), self._clock)

    def grant(self, tenant_id: str, account_id: str, permissions: Iterable[str]) -> Account:
        """Allow more than before. Raises InvalidInputError and NotFoundError("user")."""
        allowed = _checked_permissions(permissions)
        account = self.get(tenant_id, account_id)
        if not allowed:
            return account
        return patiently(lambda: self._store.grant(tenant_id, account_id, allowed), self._clock)


def fits_an_account(identifier: str) -> bool:
    """Whether this can be an account's id: any text that issuers put into `sub`, within bounds."""
    try:
        return 0 < len(identifier.encode()) <= _ID_BYTES
    except UnicodeEncodeError:
        return False


def _require_fitting(account_id: str) -> None:
    if not fits_an_account(account_id):
        raise NotFoundError("user")


def _checked_permissions(permissions: Iterable[str]) -> frozenset[str]:
    found = frozenset(permissions)
    if len(found) > _PERMISSIONS_MAX or not all(0 < len(one) <= _NAME_MAX for one in found):
        raise InvalidInputError(f"A user has up to {_PERMISSIONS_MAX} permissions, none without a name.")
    return found


def _check_name(name: str) -> None:
    if not 0 < len(name) <= _NAME_MAX:
        raise InvalidInputError(f"A user's name and community have 1 to {_NAME_MAX} characters.")
