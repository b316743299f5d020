"""The vault that a deployment is configured with."""

from collections.abc import Callable
from typing import Any

from parlance.clock import Clock
from parlance.identity.vault import KmsVault, LocalVault, Vault
from parlance.storage.data_keys import KmsDataKeys

LOCAL = "local:"


def vault_of(vault_key: str, clock: Clock, client: Callable[[], Any] | None = None) -> Vault:
    """`vault_key` is the ARN of a KMS key, or `local:` and 32 bytes in base64. Raises VaultKeyError.

    `client` makes the client of KMS; without it, one of the process's own credentials is made when it is needed.
    """
    if vault_key.startswith(LOCAL):
        return LocalVault.from_base64(vault_key.removeprefix(LOCAL))
    return KmsVault(KmsDataKeys(vault_key, client), clock)
