"""Secrets at rest: readable again only where they belong."""

import base64

import pytest

from parlance.identity.vault import KmsVault, LocalVault, Vault, VaultError, VaultKeyError
from parlance.storage.vaults import vault_of
from tests.fakes.clock import ManualClock
from tests.fakes.credentials import CountingDataKeys

CONTEXT = {"tenant": "t", "key": "k"}
SECRET = "gehéim".encode()


@pytest.fixture(params=["local", "kms"])
def vault(request: pytest.FixtureRequest) -> Vault:
    return LocalVault(bytes(range(32))) if request.param == "local" else KmsVault(CountingDataKeys(), ManualClock())


@pytest.mark.parametrize("secret", [b"", SECRET, b"x" * 10_000])
def test_what_was_encrypted_is_decrypted(vault: Vault, secret: bytes) -> None:
    assert vault.decrypt(vault.encrypt(secret, CONTEXT), {"key": "k", "tenant": "t"}) == secret


def test_the_same_secret_is_never_encrypted_alike(vault: Vault) -> None:
    assert len({vault.encrypt(SECRET, CONTEXT) for _ in range(50)}) == 50


@pytest.mark.parametrize("context", [{}, {"tenant": "t"}, CONTEXT | {"key": "other"}, CONTEXT | {"more": ""}])
def test_another_context_reads_nothing(vault: Vault, context: dict[str, str]) -> None:
    with pytest.raises(VaultError):
        vault.decrypt(vault.encrypt(SECRET, CONTEXT), context)


def test_every_altered_byte_is_noticed(vault: Vault) -> None:
    sealed = vault.encrypt(SECRET, CONTEXT)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(VaultError):
            vault.decrypt(bytes(altered), CONTEXT)


def test_what_was_cut_is_noticed(vault: Vault) -> None:
    sealed = vault.encrypt(SECRET, CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(VaultError):
            vault.decrypt(sealed[:length], CONTEXT)


def test_a_vault_reads_nothing_of_another_kind_or_key() -> None:
    first, second = LocalVault(bytes(32)), LocalVault(b"\x01" * 32)
    kms = KmsVault(CountingDataKeys(), ManualClock())
    pairs: list[tuple[Vault, Vault]] = [(second, first), (kms, first), (first, kms)]
    for reader, writer in pairs:
        with pytest.raises(VaultError):
            reader.decrypt(writer.encrypt(SECRET, CONTEXT), CONTEXT)


@pytest.mark.parametrize("text", ["", "x", "A" * 43, base64.b64encode(bytes(31)).decode(), "ü" * 44, "*" * 44])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(VaultKeyError):
        LocalVault.from_base64(text)


def test_a_key_is_configured_as_base64() -> None:
    key = bytes(range(32))
    sealed = LocalVault(key).encrypt(SECRET, CONTEXT)
    assert LocalVault.from_base64(base64.b64encode(key).decode()).decrypt(sealed, CONTEXT) == SECRET


def test_a_data_key_serves_for_an_hour_and_is_asked_for_once() -> None:
    clock, keys = ManualClock(), CountingDataKeys()
    vault = KmsVault(keys, clock)
    sealed = [vault.encrypt(SECRET, CONTEXT) for _ in range(3)]
    clock.advance(3599)
    sealed.append(vault.encrypt(SECRET, CONTEXT))
    assert keys.generated == 1
    clock.advance(1)
    sealed.append(vault.encrypt(SECRET, CONTEXT))
    assert keys.generated == 2
    assert [vault.decrypt(one, CONTEXT) for one in sealed] == [SECRET] * 5
    assert keys.unwrapped == 0


def test_another_process_unwraps_each_data_key_once() -> None:
    keys = CountingDataKeys()
    sealed = KmsVault(keys, ManualClock()).encrypt(SECRET, CONTEXT)
    reader = KmsVault(keys, ManualClock())
    assert [reader.decrypt(sealed, CONTEXT) for _ in range(3)] == [SECRET] * 3
    assert keys.unwrapped == 1


def test_no_key_is_printed() -> None:
    keys = CountingDataKeys()
    vault = KmsVault(keys, ManualClock())
    vault.encrypt(SECRET, CONTEXT)
    assert repr(keys.generate().plaintext) not in repr([keys, keys.generate(), vault, LocalVault(bytes(32))])


# The vault that a deployment is configured with.


def test_a_local_key_is_given_itself() -> None:
    key = base64.b64encode(bytes(32)).decode()
    vault = vault_of(f"local:{key}", ManualClock())
    assert LocalVault(bytes(32)).decrypt(vault.encrypt(b"secret", {"a": "b"}), {"a": "b"}) == b"secret"


@pytest.mark.parametrize("text", ["local:", "local:x", "local:AAAA"])
def test_a_local_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(VaultKeyError):
        vault_of(text, ManualClock())


def test_anything_else_is_a_kms_key_that_nobody_asks_before_it_is_needed() -> None:
    asked: list[str] = []
    vault = vault_of("arn:aws:kms:us-east-1:1:key/x", ManualClock(), lambda: asked.append("client"))
    assert isinstance(vault, KmsVault)
    assert asked == []
