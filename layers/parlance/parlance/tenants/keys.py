"""The REST calls with which a tenant looks after its keys: those of its backends, and those of its pages."""

import re
from typing import Any

from parlance.agents.definitions import AgentReader
from parlance.chats.models import read
from parlance.clock import iso
from parlance.errors import ConflictError, NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.identity.administration import Administration
from parlance.identity.keys import PLATFORM_PREFIX, PREFIX
from parlance.identity.model import ApiKey, Principal
from parlance.identity.web_keys import WidgetKey, WidgetKeys, WidgetLimits
from parlance.tenants.models import NewKey, NewWidgetKey

ROOT = "/api/v1/tenant"
_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,64}\Z", re.ASCII)
_PREFIXES = {"chats": PREFIX, "platform": PLATFORM_PREFIX}
_KINDS = {prefix: kind for kind, prefix in _PREFIXES.items()}


class KeyRest:
    """Lists, makes and revokes keys of the caller's own tenant. Only the call that makes a key tells its text."""

    def __init__(self, keys: Administration, widget_keys: WidgetKeys, agents: AgentReader) -> None:
        self._keys = keys
        self._widget_keys = widget_keys
        self._agents = agents

    def routes(self) -> list[Route[Principal]]:
        return [
            Route("GET", f"{ROOT}/keys", self.list),
            Route("POST", f"{ROOT}/keys", self.create),
            Route("DELETE", f"{ROOT}/keys/<key_id>", self.revoke),
            Route("GET", f"{ROOT}/widget-keys", self.list_for_pages),
            Route("POST", f"{ROOT}/widget-keys", self.create_for_pages),
            Route("DELETE", f"{ROOT}/widget-keys/<key_id>", self.revoke_for_pages),
        ]

    def list(self, _: Request, caller: Principal) -> Answer:
        return Answer(200, {"keys": [_key(one, caller) for one in self._keys.keys(caller.tenant_id)]})

    def create(self, request: Request, caller: Principal) -> Answer:
        wanted = read(NewKey, request.json_object())
        issued = self._keys.issue_key(caller.tenant_id, wanted.name, prefix=_PREFIXES[wanted.kind])
        return _once(_key(issued.key, caller), issued.secret)

    def revoke(self, _: Request, caller: Principal, key_id: str) -> Answer:
        """Raises NotFoundError("key"), and ConflictError for the call's own key: one must be left to make others."""
        _check_id(key_id)
        if key_id == caller.key_id:
            raise ConflictError("This is the key of the call itself. Revoke it with another one.")
        return Answer(200, _key(self._keys.revoke_key(caller.tenant_id, key_id), caller))

    def list_for_pages(self, _: Request, caller: Principal) -> Answer:
        return Answer(200, {"keys": [_widget_key(one) for one in self._widget_keys.of_tenant(caller.tenant_id)]})

    def create_for_pages(self, request: Request, caller: Principal) -> Answer:
        """Raises NotFoundError("agent"), and InvalidInputError for an origin that cannot be one."""
        wanted = read(NewWidgetKey, request.json_object())
        if self._agents.get(caller.tenant_id, wanted.agent_id) is None:
            raise NotFoundError("agent")
        issued = self._widget_keys.create(
            caller.tenant_id,
            wanted.name,
            agent_id=wanted.agent_id,
            origins=wanted.origins,
            limits=WidgetLimits(wanted.per_minute, wanted.address_per_minute),
        )
        return _once(_widget_key(issued.key), issued.secret)

    def revoke_for_pages(self, _: Request, caller: Principal, key_id: str) -> Answer:
        """Raises NotFoundError("key")."""
        _check_id(key_id)
        return Answer(200, _widget_key(self._widget_keys.revoke(caller.tenant_id, key_id)))


def _check_id(key_id: str) -> None:
    """Raises NotFoundError("key") for a text that is no id, before anything is asked of storage."""
    if not _KEY_ID.match(key_id):
        raise NotFoundError("key")


def _once(shown: dict[str, Any], secret: str) -> Answer:
    """The only answer that ever holds the text of a key, so nobody on the way may keep it."""
    return Answer(201, {**shown, "key": secret}, {"Cache-Control": "no-store"})


def _key(one: ApiKey, caller: Principal) -> dict[str, Any]:
    return {**_known(one), "kind": _KINDS[one.prefix], "current": one.id == caller.key_id}


def _widget_key(one: WidgetKey) -> dict[str, Any]:
    return {
        **_known(one),
        "agent_id": one.agent_id,
        "origins": list(one.origins),
        "per_minute": one.limits.per_minute,
        "address_per_minute": one.limits.address_per_minute,
    }


def _known(one: ApiKey | WidgetKey) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "hint": one.hint,
        "created_at": iso(one.created_at),
        "revoked_at": None if one.revoked_at is None else iso(one.revoked_at),
    }
