"""A client of the identity dialect: it signs requests to an agent, and seals them for the server's key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from parlance.clock import Clock
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.errors import EcdsaError, InvalidKeyError
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey, PublicKey
from parlance_cli.chat.api import is_loopback
from parlance_cli.errors import CliError

_APP = "parlance-cli"
# An agent may take its time: as long as the server lets it.
_TIMEOUT = httpx.Timeout(900, connect=10)


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request shows: a service key with a license, a user's token, or both."""

    key_id: str | None = None
    key_secret: str | None = field(default=None, repr=False)
    license: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent said, and the session in which it goes on."""

    response: str
    session_id: str


class IdentityClient:
    """Calls one server as one caller, under a key pair made for it. A refusal is a CliError in the server's words."""

    def __init__(
        self, base_url: str, caller: Caller, *, clock: Clock, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._caller = caller
        self._clock = clock
        self._client = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/chatapi",
            timeout=_TIMEOUT,
            trust_env=not is_loopback(base_url),
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def query(self, agent_id: str, data: Mapping[str, str], *, plain: bool = False) -> Reply:
        """Ask an agent. `data` holds `userInput` and whatever else the dialect knows of a query."""
        path = f"/query/agent/{quote(agent_id, safe='')}"
        if plain:
            answer = self._call("POST", path, headers=self._headers(), json={"data": data})
            return _reply(answer)
        server = self._server_key()
        own = Keyring(PrivateKey.generate(server.curve))
        headers = self._headers(own, server)
        answer = self._call("POST", path, headers=headers, json={"data": own.encrypt(json.dumps(data), server)})
        return _reply(_opened(answer, own, server.curve))

    def _server_key(self) -> PublicKey:
        return _key(self._call("GET", "/publickeys").get("publicKey"))

    def _headers(self, own: Keyring | None = None, server: PublicKey | None = None) -> dict[str, str]:
        """What shows who calls; with keys, the token sealed, and the request signed."""
        caller = self._caller
        headers = {"keyId": caller.key_id, "keySecret": caller.key_secret, "license": caller.license}
        token = caller.token
        if own is not None and server is not None:
            headers["publickey"] = own.public_key.text
            headers["requestid"] = own.encrypt(self._request_id(), server)
            token = own.encrypt(token, server) if token else None
        headers["Authorization"] = f"Bearer {token}" if token else None
        return {name: value for name, value in headers.items() if value}

    def _request_id(self) -> str:
        return json.dumps({"appid": _APP, "uuid": str(uuid4()), "ts": self._clock.now() // 1000})

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        response = self._client.request(method, path, **arguments)
        try:
            body = response.json()
        except ValueError:
            body = None
        if response.is_success and isinstance(body, dict):
            return body
        raise CliError(_refusal(response.status_code, body))


def _key(text: object) -> PublicKey:
    """A key on whichever curve it lies; the chance that it lies on both is none."""
    for curve in Curve:
        try:
            return PublicKey.parse(str(text), curve)
        except InvalidKeyError:
            continue
    raise CliError("The server shows no public key.")


def _opened(answer: Mapping[str, Any], own: Keyring, curve: Curve) -> object:
    """Sealed under the key that the answer names, which may be newer than the one that was asked for."""
    try:
        return json.loads(own.decrypt(str(answer.get("data")), PublicKey.parse(str(answer.get("publicKey")), curve)))
    except (EcdsaError, ValueError) as error:
        raise CliError("The server's answer cannot be opened.") from error


def _reply(answer: object) -> Reply:
    match answer:
        case {"response": str(response), "sessionId": str(session_id)}:
            return Reply(response, session_id)
    raise CliError("The server's answer is not one of the identity dialect.")


def _refusal(status: int, body: object) -> str:
    match body:
        case {"message": str(message)} if message:
            return message
    return f"The server answered with status {status}."
