"""Issuers in the Identity table, in one partition for each tenant, under the hash of their URL."""

import hashlib
from collections.abc import Sequence

from parlance.errors import NotFoundError
from parlance.identity.issuers import Issuer
from parlance.identity.port import AlreadyExistsError
from parlance.storage import keys
from parlance.storage.table import (
    Check,
    Delete,
    Item,
    Key,
    Put,
    Table,
    TransactionCancelledError,
)

_EXISTS = "attribute_exists(pk)"
_IS_NEW = "attribute_not_exists(pk)"


class DynamoIssuerStore:
    """`parlance.identity.issuers.IssuerStore` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, issuer: Issuer, *, token: str) -> None:
        put = Put(_item(issuer), when=_IS_NEW)
        try:
            self._table.transact([Check(keys.tenant(issuer.tenant_id), when=_EXISTS), put], token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("tenant") from error
            raise AlreadyExistsError(issuer.url) from error

    def find(self, tenant_id: str, url: str) -> Issuer | None:
        item = self._table.get(_key(tenant_id, url))
        return _issuer(item) if item else None

    def of_tenant(self, tenant_id: str) -> Sequence[Issuer]:
        found = self._table.query_all(keys.issuers_pk(tenant_id), first="issuer#", last=f"issuer#{keys.HIGHEST}")
        return sorted((_issuer(item) for item in found), key=lambda issuer: issuer.url)

    def remove(self, tenant_id: str, url: str) -> None:
        self._table.delete(Delete(_key(tenant_id, url)))


def _key(tenant_id: str, url: str) -> Key:
    # What a token says of itself comes here before anything of it is believed, so it may hold lone surrogates.
    return keys.issuer(tenant_id, hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest())


def _item(issuer: Issuer) -> Item:
    key = _key(issuer.tenant_id, issuer.url)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": issuer.tenant_id,
        "url": issuer.url,
        "kind": issuer.kind,
        "audience": issuer.audience,
        "algorithms": list(issuer.algorithms),
        "created_at": issuer.created_at,
        "jwks_url": issuer.jwks_url,
        "sealed_secret": issuer.sealed_secret,
    }


def _issuer(item: Item) -> Issuer:
    sealed = item.get("sealed_secret")
    return Issuer(
        tenant_id=item["tenant_id"],
        url=item["url"],
        kind=item["kind"],
        audience=item["audience"],
        algorithms=tuple(item["algorithms"]),
        created_at=item["created_at"],
        jwks_url=item.get("jwks_url"),
        sealed_secret=sealed.value if sealed is not None else None,
    )
