"""`GET /servicekeys` and `DELETE /servicekey/{keyId}`: a tenant's service keys, for those with a `system` license."""

from collections.abc import Sequence
from typing import Any

from parlance.errors import ForbiddenError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.identity.service_keys import ServiceKey, ServiceKeys
from parlance.kosmos import ROOT
from parlance.kosmos.gates import LicensedClient

ENVELOPE_TYPE = "application/vnd.parlance.envelope+json"
_KEY = f"{ROOT}/servicekey/"


class ServiceKeyRoutes:
    """The group's routes. Every answer holds secrets, so none may be kept on the way."""

    def __init__(self, keys: ServiceKeys) -> None:
        self._keys = keys

    def routes(self) -> list[Route[LicensedClient]]:
        # A key's id is base64 and may hold slashes, so its route takes the whole rest of the path.
        return [Route("GET", f"{ROOT}/servicekeys", self.all), Route("DELETE", f"{_KEY}.+", self.reset)]

    def all(self, request: Request, caller: LicensedClient) -> Answer:
        _require_system(caller)
        return _answer(request, caller, self._keys.of_tenant(caller.license.tenant_id))

    def reset(self, request: Request, caller: LicensedClient) -> Answer:
        """Delete a key and create another of its type and tag: the old secret stops working with this answer."""
        _require_system(caller)
        key = self._keys.reset(caller.license.tenant_id, request.path_after(_KEY))
        return _answer(request, caller, [key])


def _require_system(caller: LicensedClient) -> None:
    if caller.license.auth_level != "system":
        raise ForbiddenError("The license does not have the authLevel system.")


def _answer(request: Request, caller: LicensedClient, keys: Sequence[ServiceKey]) -> Answer:
    shown = [_shown(key) for key in keys]
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if not _wants_envelope(request):
        return Answer(200, shown, headers)
    return Answer(200, caller.client.seal(shown), headers | {"Content-Type": ENVELOPE_TYPE})


def _wants_envelope(request: Request) -> bool:
    accepted = (request.header("accept") or "").lower().split(",")
    return any(one.partition(";")[0].strip() == ENVELOPE_TYPE for one in accepted)


def _shown(key: ServiceKey) -> dict[str, Any]:
    return {"tag": key.tag, "keyId": key.key_id, "keySecret": key.secret, "type": key.type}
