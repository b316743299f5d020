"""Secrets that are known beforehand."""

from collections.abc import Mapping

from parlance.agents.secrets import SecretMissingError


class KnownSecrets:
    """By tenant and name; remembers who was asked for."""

    def __init__(self, known: Mapping[tuple[str, str], str]) -> None:
        self._known = dict(known)
        self.asked: list[tuple[str, str]] = []

    def get(self, tenant_id: str, name: str) -> str:
        self.asked.append((tenant_id, name))
        try:
            return self._known[tenant_id, name]
        except KeyError as error:
            raise SecretMissingError(name) from error
