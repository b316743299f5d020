"""`POST /ecdsa_helper`: seals and opens envelopes with a private key that the caller sends.

HAZARD. A private key that was sent anywhere is a private key that somebody else has had. This exists because the
dialect has it, for trying a client out. It is off unless the deployment turns it on; nothing of what it is sent is
logged or stored.
"""

from collections.abc import Mapping
from typing import Any

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.envelope import Envelope, IvSource, random_iv
from parlance.ecdsa.keys import PrivateKey, PublicKey
from parlance.errors import InvalidInputError
from parlance.http.answers import Answer, NoRouteError
from parlance.http.requests import Request
from parlance.http.routes import Admission, Route
from parlance.identity.service_keys import ServiceKey
from parlance.kosmos import ROOT
from parlance.kosmos.gates import ServiceKeyGate

_PATH = f"{ROOT}/ecdsa_helper"
_HEADERS = {"Cache-Control": "no-store"}


class HelperGate:
    """A service key where the helper is on; where it is off there is nothing at its paths, for nobody."""

    def __init__(self, keys: ServiceKeyGate, *, enabled: bool) -> None:
        self._keys = keys
        self._enabled = enabled

    def __call__(self, request: Request) -> Admission[ServiceKey]:
        """Raises UnauthenticatedError, NoRouteError."""
        if not self._enabled:
            raise NoRouteError
        return self._keys(request)


class EcdsaHelper:
    """The group's routes."""

    def __init__(self, curve: Curve, *, ivs: IvSource = random_iv) -> None:
        self._curve = curve
        self._ivs = ivs

    def routes(self) -> list[Route[ServiceKey]]:
        return [Route("POST", _PATH, self.help), Route("POST", f"{_PATH}/<method>", self.help)]

    def help(self, request: Request, _: ServiceKey, method: str = "encrypt") -> Answer:
        """`publicKey` in the answer is the one that was sent, in the spelling that we emit."""
        if method not in {"encrypt", "decrypt"}:
            raise InvalidInputError("The method is encrypt or decrypt.")
        body = request.json_object()
        public_key = PublicKey.parse(_text(body, "publicKey"), self._curve)
        shared_key = PrivateKey.parse(_text(body, "privateKey"), self._curve).shared_key(public_key)
        data = _data(body)
        if method == "encrypt":
            done = Envelope.seal(data, shared_key, self._ivs()).text
        else:
            done = Envelope.parse(data).open(shared_key)
        return Answer(200, {"data": done, "publicKey": public_key.text}, _HEADERS)


def _data(body: Mapping[str, Any]) -> str:
    """Either name will do. The empty text is a text."""
    found = [body[name] for name in ("data", "dataStr") if body.get(name) is not None]
    if not found or not isinstance(found[0], str) or any(one != found[0] for one in found):
        raise InvalidInputError("data, or dataStr, must be a text.")
    return found[0]


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} must be a text.")
    return value
