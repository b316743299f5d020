"""The gates of those groups whose clients send a request id, and of those whose callers hold a service key.

Whatever is wrong with a request id, a license or a key beside them, the refusal is the same to the byte.
"""

from dataclasses import dataclass

from parlance.ecdsa.envelope import Envelope
from parlance.ecdsa.errors import EcdsaError
from parlance.errors import UnauthenticatedError
from parlance.http.requests import Request
from parlance.http.routes import Admission
from parlance.identity.licenses import License, Licenses
from parlance.identity.request_ids import RequestId, RequestIds, refusal
from parlance.identity.service_keys import ServiceKey, ServiceKeyVerifier
from parlance.kosmos.clients import Client, Clients


@dataclass(frozen=True, slots=True)
class LicensedClient:
    """A client that holds a license, in a request that has not been seen before."""

    client: Client
    license: License


@dataclass(frozen=True, slots=True)
class FreshClient:
    """A client in a request whose envelope has not been seen before. Its uuid is yet to be spent with a tenant."""

    client: Client
    request_id: RequestId


class LicensedGate:
    """`licensekey`, `requestid` and `publickey`."""

    def __init__(self, clients: Clients, licenses: Licenses, request_ids: RequestIds) -> None:
        self._clients = clients
        self._licenses = licenses
        self._request_ids = request_ids

    def __call__(self, request: Request) -> Admission[LicensedClient]:
        """Raises UnauthenticatedError."""
        try:
            client = self._clients.of(request)
            held = self._licenses.verify(client.open(request.header("licensekey") or ""))
            request_id = _received(request, client, self._request_ids)
            self._request_ids.spend(held.tenant_id, client.name, request_id)
        except (EcdsaError, UnauthenticatedError) as error:
            raise refusal() from error
        return Admission(LicensedClient(client, held), {})


class FreshGate:
    """`requestid` and `publickey`."""

    def __init__(self, clients: Clients, request_ids: RequestIds) -> None:
        self._clients = clients
        self._request_ids = request_ids

    def __call__(self, request: Request) -> Admission[FreshClient]:
        """Raises UnauthenticatedError."""
        try:
            client = self._clients.of(request)
            return Admission(FreshClient(client, _received(request, client, self._request_ids)), {})
        except EcdsaError as error:
            raise refusal() from error


class ServiceKeyGate:
    """`keyId` and `keySecret`."""

    def __init__(self, keys: ServiceKeyVerifier) -> None:
        self._keys = keys

    def __call__(self, request: Request) -> Admission[ServiceKey]:
        """Raises UnauthenticatedError."""
        return Admission(self._keys.verify(request.header("keyid"), request.header("keysecret")), {})


def _received(request: Request, client: Client, request_ids: RequestIds) -> RequestId:
    sealed = request.header("requestid") or ""
    return request_ids.receive(client.name, Envelope.parse(sealed).text, client.open(sealed))
