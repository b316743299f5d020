"""Widget and admin keys: the same for every store."""

from contextlib import suppress
from dataclasses import replace

import pytest

from parlance.errors import NotFoundError
from parlance.identity.model import Tenant
from parlance.identity.port import AlreadyExistsError
from parlance.identity.web_keys import AdminKey, WebKeyStore, WidgetKey, WidgetLimits
from parlance.ids import RandomIds
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.web_keys import admin_key_store, widget_key_store
from tests.fakes.identity import MemoryWebKeyStore

pytestmark = pytest.mark.storage

WIDGET = WidgetKey(
    "k1", "t", "shop", "abcd", 5, "guide", ("https://a.example", "http://localhost:*"), WidgetLimits(7, 3)
)
ADMIN = AdminKey("k1", "t", "support", "abcd", 5)
type Key = WidgetKey | AdminKey


@pytest.fixture(params=["dynamodb", "memory"])
def stores(request: pytest.FixtureRequest) -> tuple[WebKeyStore[WidgetKey], WebKeyStore[AdminKey]]:
    if request.param == "memory":
        return MemoryWebKeyStore({"t"}), MemoryWebKeyStore({"t"})
    table = request.getfixturevalue("table")
    with suppress(AlreadyExistsError):
        DynamoTenantStore(table).create_tenant(Tenant("t", "T", 1))
    return widget_key_store(table), admin_key_store(table)


def token() -> str:
    return RandomIds().random()


def test_keys_of_both_kinds_are_found_listed_and_revoked(
    stores: tuple[WebKeyStore[WidgetKey], WebKeyStore[AdminKey]],
) -> None:
    widgets, admins = stores
    other = replace(WIDGET, id="k2", name="blog", origins=())
    widgets.create(WIDGET, "h1", token=token())
    widgets.create(other, "h2", token=token())
    admins.create(ADMIN, "h1", token=token())
    assert widgets.find("h1") == WIDGET
    assert admins.find("h1") == ADMIN
    assert (widgets.find("h3"), admins.find("h2")) == (None, None)
    assert (widgets.of_tenant("t"), admins.of_tenant("t")) == ([WIDGET, other], [ADMIN])
    assert widgets.of_tenant("other") == []
    assert widgets.revoke("t", "k1", now=9, token=token()) == replace(WIDGET, revoked_at=9)
    assert widgets.revoke("t", "k1", now=11, token=token()).revoked_at == 9
    assert widgets.find("h1") == replace(WIDGET, revoked_at=9)
    assert widgets.of_tenant("t")[0].revoked_at == 9
    assert admins.find("h1") == ADMIN


def test_what_is_not_there(stores: tuple[WebKeyStore[WidgetKey], WebKeyStore[AdminKey]]) -> None:
    widgets, admins = stores
    with pytest.raises(NotFoundError):
        widgets.create(replace(WIDGET, tenant_id="nobody"), "h", token=token())
    with pytest.raises(NotFoundError):
        admins.revoke("t", "none", now=9, token=token())
    widgets.create(replace(WIDGET, id="k9"), "h9", token=token())
    with pytest.raises(NotFoundError):
        widgets.revoke("other", "k9", now=9, token=token())
