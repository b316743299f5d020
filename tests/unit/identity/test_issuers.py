"""Registering whose tokens are trusted."""

import pytest

from parlance.errors import ConflictError, InvalidInputError, NotFoundError
from parlance.identity.issuers import Issuers, secret_of
from parlance.identity.model import Tenant
from parlance.identity.vault import LocalVault, VaultError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.credentials import MemoryIssuerStore
from tests.fakes.identity import CountingSecrets, MemoryTenantStore

URL = "https://issuer.example/"
VAULT = LocalVault(bytes(32))


def issuers(*, allow_loopback: bool = False) -> Issuers:
    tenants = MemoryTenantStore()
    for tenant_id in ("t", "t2"):
        tenants.create_tenant(Tenant(tenant_id, "T", 1))
    return Issuers(
        MemoryIssuerStore(tenants),
        VAULT,
        clock=ManualClock(),
        ids=CountingIds(),
        secrets=CountingSecrets(),
        allow_loopback=allow_loopback,
    )


def test_a_secret_is_made_up_or_given_and_kept_sealed() -> None:
    registry = issuers()
    made = registry.add_secret("t", URL, "chat")
    given = registry.add_secret("t2", URL, "chat", secret="ü" * 16)
    assert secret_of(made.issuer, VAULT) == made.secret.encode()
    assert secret_of(given.issuer, VAULT) == ("ü" * 16).encode()
    assert registry.of_tenant("t") == [made.issuer]
    assert made.issuer.algorithms == ("HS256",)
    printed = repr([made, given, registry.of_tenant("t2")])
    assert made.secret not in printed
    assert given.secret not in printed
    assert repr(made.issuer.sealed_secret) not in printed
    with pytest.raises(VaultError):
        secret_of(made.issuer, LocalVault(b"\x01" * 32))


def test_public_keys_are_fetched_from_where_the_registration_says() -> None:
    registry = issuers()
    made = registry.add_jwks("t", URL, "chat", jwks_url=f"{URL}keys", algorithms=["ES256", "RS256", "ES256"])
    assert (made.algorithms, made.jwks_url) == (("ES256", "RS256"), f"{URL}keys")
    assert registry.find("t", URL) == made
    assert registry.find("t2", URL) is None
    with pytest.raises(ValueError, match="secret"):
        secret_of(made, VAULT)


def test_an_issuer_is_registered_once_and_can_be_removed() -> None:
    registry = issuers()
    registry.add_secret("t", URL, "chat")
    with pytest.raises(ConflictError):
        registry.add_jwks("t", URL, "chat", jwks_url=f"{URL}keys")
    registry.remove("t", URL)
    with pytest.raises(NotFoundError):
        registry.remove("t", URL)
    registry.add_jwks("t", URL, "chat", jwks_url=f"{URL}keys")
    with pytest.raises(NotFoundError):
        registry.add_secret("nobody", URL, "chat")


@pytest.mark.parametrize("algorithms", [[], ["none"], ["HS256"], ["RS256", "HS256"], ["ES384"], ["rs256"]])
def test_only_algorithms_with_public_keys_go_with_public_keys(algorithms: list[str]) -> None:
    with pytest.raises(InvalidInputError):
        issuers().add_jwks("t", URL, "chat", jwks_url=f"{URL}keys", algorithms=algorithms)


@pytest.mark.parametrize(
    "url", ["", "issuer", "https://a b/", "https://x/\n", "http://[", "https://ü.example", "x:" * 300]
)
def test_an_issuer_is_an_absolute_url(url: str) -> None:
    with pytest.raises(InvalidInputError):
        issuers().add_secret("t", url, "chat")


@pytest.mark.parametrize("audience", ["", "a b", "x" * 513, "\udc80"])
def test_an_audience_is_a_short_text(audience: str) -> None:
    with pytest.raises(InvalidInputError):
        issuers().add_secret("t", URL, audience)


@pytest.mark.parametrize("secret", ["", "x" * 31, "x" * 1025, "\udc80"])
def test_a_secret_is_long_enough_for_its_algorithm(secret: str) -> None:
    with pytest.raises(InvalidInputError):
        issuers().add_secret("t", URL, "chat", secret=secret)


def test_keys_come_over_https_except_on_this_machine_in_the_local_run() -> None:
    here = "http://127.0.0.1:1/keys"
    assert issuers(allow_loopback=True).add_jwks("t", URL, "chat", jwks_url=here).jwks_url == here
    for url in (here, "http://issuer.example/keys", "https://x/" + "k" * 512):
        with pytest.raises(InvalidInputError):
            issuers().add_jwks("t", URL, "chat", jwks_url=url)
