"""Who is behind a key, and for how long that may be believed."""

import pytest

from parlance.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from parlance.identity.administration import Administration
from parlance.identity.authentication import Authenticator
from parlance.identity.keys import hash_of
from parlance.identity.model import Limits
from parlance.identity.secrets import RandomSecrets
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.identity import CountingSecrets, MemoryTenantStore


class Bench:
    def __init__(self, *, capacity: int = 1000) -> None:
        self.clock = ManualClock()
        self.store = MemoryTenantStore()
        self.administration = Administration(self.store, clock=self.clock, ids=CountingIds(), secrets=CountingSecrets())
        self.authenticator = Authenticator(self.store, self.clock, capacity=capacity)
        self.tenant = self.administration.create_tenant("T", limits=Limits(connections=7))

    def key(self) -> str:
        return self.administration.issue_key(self.tenant.id, "k").secret


def test_a_key_leads_to_its_tenant() -> None:
    bench = Bench()
    issued = bench.administration.issue_key(bench.tenant.id, "web")
    principal = bench.authenticator.authenticate(issued.secret)
    assert (principal.tenant_id, principal.key_id) == (bench.tenant.id, issued.key.id)
    assert principal.limits.connections == 7
    assert bench.authenticator.authenticate_hash(principal.key_hash) == principal


@pytest.mark.parametrize(
    "key", [None, "", "pk_", "pk_" + "a" * 42, "pk_" + "a" * 44, "pk_" + "é" * 43, "x" * 10_240, "\x00", "\udc80"]
)
def test_garbage_is_refused_without_a_look_up(key: str | None) -> None:
    bench = Bench()
    with pytest.raises(UnauthenticatedError):
        bench.authenticator.authenticate(key)
    assert bench.store.look_ups == 0


def test_a_good_answer_is_remembered_for_a_minute() -> None:
    bench = Bench()
    key = bench.key()
    bench.authenticator.authenticate(key)
    bench.clock.advance(59.9)
    bench.authenticator.authenticate(key)
    assert bench.store.look_ups == 1
    bench.clock.advance(0.1)
    bench.authenticator.authenticate(key)
    assert bench.store.look_ups == 2


def test_a_revoked_key_is_refused_within_a_minute() -> None:
    bench = Bench()
    issued = bench.administration.issue_key(bench.tenant.id, "web")
    bench.authenticator.authenticate(issued.secret)
    bench.administration.revoke_key(bench.tenant.id, issued.key.id)
    bench.clock.advance(60)
    with pytest.raises(UnauthenticatedError):
        bench.authenticator.authenticate(issued.secret)


def test_a_refusal_is_not_remembered() -> None:
    bench = Bench()
    unknown = "pk_" + RandomSecrets().secret()
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            bench.authenticator.authenticate(unknown)
    assert bench.store.look_ups == 2


def test_only_so_many_are_remembered() -> None:
    bench = Bench(capacity=2)
    keys = [bench.key() for _ in range(3)]
    for key in keys:
        bench.authenticator.authenticate(key)
    bench.authenticator.authenticate(keys[2])
    assert bench.store.look_ups == 3
    bench.authenticator.authenticate(keys[0])
    assert bench.store.look_ups == 4


def test_nothing_secret_is_printed() -> None:
    bench = Bench()
    issued = bench.administration.issue_key(bench.tenant.id, "web")
    principal = bench.authenticator.authenticate(issued.secret)
    assert issued.secret not in repr([issued, principal, bench.authenticator])
    assert issued.key.hint == issued.secret[-4:]


def test_a_new_key_is_long_random_and_fit_for_a_url() -> None:
    secrets = {RandomSecrets().secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(hash_of(f"pk_{secret}") for secret in secrets)


class TestAdministration:
    def test_a_tenant_may_be_given_its_id(self) -> None:
        administration = Bench().administration
        assert administration.create_tenant("Demo", tenant_id="demo").id == "demo"
        with pytest.raises(ConflictError):
            administration.create_tenant("Demo", tenant_id="demo")
        with pytest.raises(InvalidInputError):
            administration.create_tenant("Demo", tenant_id="de#mo")

    def test_a_key_needs_a_tenant(self) -> None:
        with pytest.raises(NotFoundError):
            Bench().administration.issue_key("nobody", "k")

    def test_keys_and_tenants_are_listed(self) -> None:
        bench = Bench()
        bench.key()
        assert [key.name for key in bench.administration.keys(bench.tenant.id)] == ["k"]
        assert bench.administration.tenants() == [bench.tenant]
