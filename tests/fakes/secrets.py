"""Secrets that are known beforehand."""

from collections.abc import Mapping

from parlance.agents.secrets import NAME, SecretMissingError


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

    def set(self, tenant_id: str, name: str, secret: str) -> None:
        if not NAME.match(name):
            raise SecretMissingError(name)
        self._known[tenant_id, name] = secret

    def remove(self, tenant_id: str, name: str) -> None:
        if self._known.pop((tenant_id, name), None) is None:
            raise SecretMissingError(name)

    def names(self, tenant_id: str) -> list[str]:
        return sorted(name for tenant, name in self._known if tenant == tenant_id)
