"""Login sessions in the Identity table, in one partition for each account."""

from collections.abc import Sequence

from parlance.identity.login_sessions import LoginSession, SignedIn
from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.table import Item, Put, Table
from parlance.storage.users_directory import account_from


class DynamoLoginSessionStore:
    """`parlance.identity.login_sessions.LoginSessionStore` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, session: LoginSession) -> None:
        self._table.put(Put(_item(session)))

    def find(self, tenant_id: str, account_id: str, session_id: str | None) -> SignedIn:
        of_account = keys.account(tenant_id, account_id)
        if session_id is None:
            item = self._table.get(of_account)
            return SignedIn(account_from(item) if item else None, None)
        of_session = keys.login_session(tenant_id, account_id, session_id)
        found = self._table.batch_get([of_account, of_session])
        return SignedIn(
            account_from(found[of_account]) if of_account in found else None,
            _session(found[of_session]) if of_session in found else None,
        )

    def of_account(self, tenant_id: str, account_id: str) -> Sequence[LoginSession]:
        pk = keys.login_sessions_pk(tenant_id, account_id)
        return [_session(item) for item in self._table.query_all(pk, first="session#", last=f"session#{keys.HIGHEST}")]


def _item(session: LoginSession) -> Item:
    key = keys.login_session(session.tenant_id, session.account_id, session.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": session.tenant_id,
        "account_id": session.account_id,
        "id": session.id,
        "epoch": session.epoch,
        "created_at": session.created_at,
        "valid_until": session.expires_at,
        "expires_at": ttl_seconds(session.expires_at),
    }


def _session(item: Item) -> LoginSession:
    return LoginSession(
        tenant_id=item["tenant_id"],
        account_id=item["account_id"],
        id=item["id"],
        epoch=item["epoch"],
        created_at=item["created_at"],
        expires_at=item["valid_until"],
    )
