"""Secrets from the operating system."""

import secrets


class RandomSecrets:
    """`parlance.identity.keys.SecretSource` for everything but tests."""

    def secret(self) -> str:
        return secrets.token_urlsafe(32)
