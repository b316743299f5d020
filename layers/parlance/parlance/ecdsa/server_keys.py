"""The server's key pairs: one for each key version, all kept together as one secret, none ever taken out of it.

    deploy (version n) ──> ensure: there is a pair n, made now if there was none ──> its public half is configuration
    function ──> keyring: the pair of the configured public half seals, and every pair opens

So the deploy that names the next version rotates the key, a repeated deploy changes nothing, and one that is rolled
back goes on with the pair before. The secret's text is `{"keys": [{"version", "curve", "private_key"}]}`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID, uuid5

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.errors import InvalidKeyError
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey, PublicKey

_NAMESPACE = UUID("6f0f2e1c-5d0b-4b52-8f6e-0a2a5f1f6d3e")


class ServerKeysError(Exception):
    """The stored keys are not what the configuration says. The text holds no key."""


class AlreadyWrittenError(Exception):
    """Another text was written under this token before."""


class SecretText(Protocol):
    """One secret."""

    def read(self) -> str | None:
        """None while nothing has been written. Raises UnavailableError."""
        ...

    def write(self, text: str, *, token: str) -> None:
        """Replace the text. The same token (a UUID) writes only once: raises AlreadyWrittenError for another text."""
        ...


@dataclass(frozen=True, slots=True)
class _Pair:
    version: int
    private_key: PrivateKey = field(repr=False)

    def named(self, version: int, curve: Curve) -> bool:
        return (self.version, self.private_key.curve) == (version, curve)

    def stored(self) -> dict[str, Any]:
        curve = self.private_key.curve.value
        return {"version": self.version, "curve": curve, "private_key": self.private_key.text}


class ServerKeys:
    """Makes the pairs and hands them out as a keyring."""

    def __init__(self, secret: SecretText, curve: Curve) -> None:
        self._secret = secret
        self._curve = curve

    def ensure(self, version: int) -> PublicKey:
        """The public key of that version, of which there is one ever. Raises ServerKeysError, UnavailableError."""
        pairs = self._pairs()
        found = self._find(pairs, version)
        if found is None:
            self._add(pairs, version)
            # Read back: another run of the same deploy may have been first.
            found = self._find(self._pairs(), version)
        if found is None:
            raise ServerKeysError(f"key version {version} was written and is not there")
        return found.private_key.public_key

    def keyring(self, public_key: str) -> Keyring:
        """Seals with the pair of that public key. Raises ServerKeysError, UnavailableError."""
        keys = [pair.private_key for pair in self._pairs() if pair.private_key.curve is self._curve]
        current = [key for key in keys if key.public_key.text == public_key]
        if not current:
            raise ServerKeysError("the configured public key has no private half")
        newest_first = [key for key in reversed(keys) if key != current[0]]
        return Keyring(current[0], newest_first)

    def _find(self, pairs: Sequence[_Pair], version: int) -> _Pair | None:
        return next((pair for pair in pairs if pair.named(version, self._curve)), None)

    def _add(self, pairs: Sequence[_Pair], version: int) -> None:
        text = json.dumps(
            {"keys": [one.stored() for one in (*pairs, _Pair(version, PrivateKey.generate(self._curve)))]}
        )
        try:
            self._secret.write(text, token=str(uuid5(_NAMESPACE, f"{self._curve.value} {version}")))
        except AlreadyWrittenError:
            return

    def _pairs(self) -> list[_Pair]:
        text = self._secret.read()
        if not text:
            return []
        try:
            return [
                _Pair(one["version"], PrivateKey.parse(one["private_key"], Curve(one["curve"])))
                for one in json.loads(text)["keys"]
            ]
        except (ValueError, KeyError, TypeError, InvalidKeyError):
            # Without the cause, whose text might show what was parsed.
            raise ServerKeysError("the stored server keys cannot be read") from None
