"""Accounts in the Identity table, in one partition for each tenant."""

from collections.abc import Sequence

from parlance.errors import NotFoundError
from parlance.identity.port import AlreadyExistsError
from parlance.identity.users import Account
from parlance.storage import keys
from parlance.storage.table import (
    Check,
    ConditionFailedError,
    Item,
    Put,
    Table,
    TransactionCancelledError,
    Update,
)

_EXISTS = "attribute_exists(pk)"
_IS_NEW = "attribute_not_exists(pk)"


class DynamoAccountStore:
    """`parlance.identity.users.AccountStore` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, account: Account, *, token: str) -> None:
        put = Put(_item(account), when=_IS_NEW)
        try:
            self._table.transact([Check(keys.tenant(account.tenant_id), when=_EXISTS), put], token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("tenant") from error
            raise AlreadyExistsError(account.id) from error

    def get(self, tenant_id: str, account_id: str) -> Account | None:
        item = self._table.get(keys.account(tenant_id, account_id))
        return account_from(item) if item else None

    def of_tenant(self, tenant_id: str) -> Sequence[Account]:
        found = self._table.query_all(keys.accounts_pk(tenant_id), first="account#", last=f"account#{keys.HIGHEST}")
        return [account_from(item) for item in found]

    def disable(self, tenant_id: str, account_id: str) -> Account:
        return self._change(
            tenant_id, account_id, "SET #status = :status, epoch = epoch + :one", status="disabled", one=1
        )

    def enable(self, tenant_id: str, account_id: str) -> Account:
        return self._change(tenant_id, account_id, "SET #status = :status", status="active")

    def grant(self, tenant_id: str, account_id: str, permissions: frozenset[str]) -> Account:
        return self._change(tenant_id, account_id, "ADD allowed :allowed", allowed=permissions)

    def raise_epoch(self, tenant_id: str, account_id: str) -> Account:
        return self._change(tenant_id, account_id, "SET epoch = epoch + :one", one=1)

    def _change(self, tenant_id: str, account_id: str, expression: str, **values: object) -> Account:
        key = keys.account(tenant_id, account_id)
        try:
            return account_from(self._table.update(Update(key, expression, when=_EXISTS, values=values)))
        except ConditionFailedError as error:
            raise NotFoundError("user") from error


def _item(account: Account) -> Item:
    key = keys.account(account.tenant_id, account.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": account.tenant_id,
        "id": account.id,
        "community_id": account.community_id,
        "username": account.username,
        "status": account.status,
        # DynamoDB knows no empty set.
        "allowed": account.permissions or None,
        "created_at": account.created_at,
        "epoch": account.epoch,
    }


def account_from(item: Item) -> Account:
    return Account(
        tenant_id=item["tenant_id"],
        id=item["id"],
        community_id=item["community_id"],
        username=item["username"],
        status=item["status"],
        permissions=frozenset(item.get("allowed", ())),
        created_at=item["created_at"],
        epoch=item["epoch"],
    )
