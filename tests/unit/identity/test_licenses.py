"""Licenses: shown once, believed for a minute."""

import hashlib
from typing import cast

import pytest

from parlance.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from parlance.identity.licenses import AUTH_LEVELS, AuthLevel, Licenses
from parlance.identity.model import Tenant
from parlance.identity.secrets import RandomSecrets
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.credentials import MemoryLicenseStore
from tests.fakes.identity import CountingSecrets, MemoryTenantStore


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        tenants = MemoryTenantStore()
        tenants.create_tenant(Tenant("t", "T", 1))
        self.store = MemoryLicenseStore(tenants)
        self.licenses = Licenses(self.store, clock=self.clock, ids=CountingIds(), secrets=CountingSecrets())


def test_a_license_leads_to_its_tenant_and_level() -> None:
    bench = Bench()
    for level in AUTH_LEVELS:
        issued = bench.licenses.create("t", "web", level)
        found = bench.licenses.verify(issued.text)
        assert found == issued.license
        assert (found.tenant_id, found.auth_level) == ("t", level)
        assert issued.license.hint == issued.text[-4:]


def test_only_the_hash_is_stored() -> None:
    bench = Bench()
    issued = bench.licenses.create("t", "web", "user")
    assert bench.store.find(hashlib.sha256(issued.text.encode()).hexdigest()) == issued.license
    assert bench.store.find(issued.text) is None
    assert issued.text not in repr([issued, bench.licenses.of_tenant("t")])


@pytest.mark.parametrize(
    "text",
    [None, "", "lk_", "lk_" + "a" * 42, "lk_" + "a" * 44, "pk_" + "a" * 43, "lk_" + "é" * 43, "lk_" + "a" * 43 + "\n",
     "x" * 100_000, "\x00", "\udc80"],
)  # fmt: skip
def test_garbage_is_refused_without_a_look_up(text: str | None) -> None:
    bench = Bench()
    with pytest.raises(UnauthenticatedError):
        bench.licenses.verify(text)
    assert bench.store.look_ups == 0


def test_a_good_answer_is_believed_for_a_minute_and_a_refusal_never() -> None:
    bench = Bench()
    text = bench.licenses.create("t", "web", "user").text
    bench.licenses.verify(text)
    bench.clock.advance(59.9)
    bench.licenses.verify(text)
    assert bench.store.look_ups == 1
    bench.clock.advance(0.1)
    bench.licenses.verify(text)
    assert bench.store.look_ups == 2
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            bench.licenses.verify("lk_" + RandomSecrets().secret())
    assert bench.store.look_ups == 4


def test_a_revoked_license_is_refused_within_a_minute() -> None:
    bench = Bench()
    issued = bench.licenses.create("t", "web", "user")
    bench.licenses.verify(issued.text)
    assert bench.licenses.revoke("t", issued.license.id).revoked_at == bench.clock.now()
    bench.clock.advance(60)
    with pytest.raises(UnauthenticatedError):
        bench.licenses.verify(issued.text)


def test_what_cannot_be_issued() -> None:
    licenses = Bench().licenses
    with pytest.raises(InvalidInputError):
        licenses.create("t", "web", cast("AuthLevel", "root"))
    with pytest.raises(NotFoundError):
        licenses.create("nobody", "web", "user")
    with pytest.raises(NotFoundError):
        licenses.revoke("t", "license_none")
