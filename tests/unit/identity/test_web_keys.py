"""Who is behind a widget or an admin key."""

import pytest

from parlance.errors import UnauthenticatedError
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Tenant
from parlance.identity.web_keys import AdminKey, AdminKeys, TicketKeys, WidgetKey, WidgetKeys, hash_of
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.identity import CountingSecrets, MemoryTenantStore, MemoryWebKeyStore


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.widget_store: MemoryWebKeyStore[WidgetKey] = MemoryWebKeyStore()
        self.admin_store: MemoryWebKeyStore[AdminKey] = MemoryWebKeyStore()
        ids, secrets = CountingIds(), CountingSecrets()
        self.widgets = WidgetKeys(self.widget_store, clock=self.clock, ids=ids, secrets=secrets)
        self.admins = AdminKeys(self.admin_store, clock=self.clock, ids=ids, secrets=secrets)

    def widget(self) -> tuple[WidgetKey, str]:
        issued = self.widgets.create("t", "shop", agent_id="guide", origins=["https://a.example"])
        return issued.key, issued.secret


def test_a_key_is_known_by_its_text_and_remembered() -> None:
    bench = Bench()
    key, text = bench.widget()
    assert bench.widgets.verify(text) == key
    bench.clock.advance(59)
    assert bench.widgets.verify(text) == key
    assert bench.widget_store.look_ups == 1
    assert text not in repr(bench.widget_store.__dict__)


def test_a_revoked_key_works_a_minute_at_most() -> None:
    bench = Bench()
    key, text = bench.widget()
    bench.widgets.verify(text)
    bench.widgets.revoke("t", key.id)
    bench.clock.advance(61)
    with pytest.raises(UnauthenticatedError):
        bench.widgets.verify(text)


@pytest.mark.parametrize("text", [None, "", "wk_", "wk_" + "a" * 42, "wk_" + "é" * 43, "pk_" + "a" * 43, "x" * 9999])
def test_garbage_is_refused_without_a_look_up(text: str | None) -> None:
    bench = Bench()
    with pytest.raises(UnauthenticatedError):
        bench.widgets.verify(text)
    assert bench.widget_store.look_ups == 0


def test_no_kind_of_key_opens_what_another_opens() -> None:
    bench = Bench()
    _, widget = bench.widget()
    admin = bench.admins.create("t", "support").secret
    with pytest.raises(UnauthenticatedError):
        bench.admins.verify(widget)
    with pytest.raises(UnauthenticatedError):
        bench.widgets.verify(admin)


def test_a_ticket_leads_to_a_widget_key_but_its_text_is_no_api_key() -> None:
    bench = Bench()
    key, text = bench.widget()
    tenants = MemoryTenantStore()
    tenants.create_tenant(Tenant("t", "T", 1))
    authenticator = Authenticator(TicketKeys(tenants, bench.widget_store), bench.clock)
    principal = authenticator.authenticate_hash(hash_of(text))
    assert (principal.tenant_id, principal.key_id) == ("t", key.id)
    with pytest.raises(UnauthenticatedError):
        authenticator.authenticate(text)
    with pytest.raises(UnauthenticatedError):
        authenticator.authenticate_hash(hash_of("wk_other"))
