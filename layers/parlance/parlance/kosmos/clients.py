"""The clients of the dialect: each shows a public key, and is spoken to in envelopes for that key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PublicKey
from parlance.errors import InvalidInputError
from parlance.http.requests import Request, parse_object


@dataclass(frozen=True, slots=True)
class Client:
    """Whoever holds the private half of `key`. That they do is shown only by an envelope that opens."""

    key: PublicKey
    keyring: Keyring = field(repr=False)

    @property
    def name(self) -> str:
        """One for the key, its every spelling and its mirror image, which all agree on the same envelopes."""
        return self.key.x.hex()

    def open(self, text: str) -> str:
        """Raises EcdsaError."""
        return self.keyring.decrypt(text, self.key)

    def seal(self, value: object) -> dict[str, str]:
        """A value as a sealed answer holds it."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return {"data": self.keyring.encrypt(text, self.key), "publicKey": self.keyring.public_key.text}


class Clients:
    """Reads who a request shows itself to be. `keyring` is called when an envelope may have to be opened."""

    def __init__(self, keyring: Callable[[], Keyring], curve: Curve) -> None:
        self._keyring = keyring
        self._curve = curve

    def of(self, request: Request) -> Client:
        """Raises EcdsaError when the header `publickey` is missing or holds no key."""
        return Client(PublicKey.parse(request.header("publickey") or "", self._curve), self._keyring())


@dataclass(frozen=True, slots=True)
class Data:
    """What a body's `data` holds. `client` is set when it came sealed, and the answer is sealed for them then."""

    fields: Mapping[str, Any] = field(repr=False)
    client: Client | None

    def text(self, name: str) -> str | None:
        """None where it is absent, null or empty. Raises InvalidInputError for anything but a text."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise InvalidInputError(f"{name} must be a text.")
        return value

    def required_text(self, name: str) -> str:
        """Raises InvalidInputError."""
        value = self.text(name)
        if value is None:
            raise InvalidInputError(f"{name} is required.")
        return value


def data_of(body: Mapping[str, Any], client: Callable[[], Client]) -> Data:
    """The `data` of a body, an object or the envelope of one. `client` is asked for only where there is an envelope.

    Raises InvalidInputError, of which EcdsaError is one.
    """
    match body.get("data"):
        case dict(fields):
            return Data(fields, None)
        case str(envelope):
            sender = client()
            return Data(parse_object(sender.open(envelope), what="The data"), sender)
    raise InvalidInputError("data must be an object or an envelope of one.")
