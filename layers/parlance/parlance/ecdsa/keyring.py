"""The server's keys: the current one seals, and every one opens, so that a rotation interrupts nobody."""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from parlance.ecdsa.envelope import Envelope, IvSource, random_iv
from parlance.ecdsa.errors import InvalidEnvelopeError
from parlance.ecdsa.keys import PrivateKey, PublicKey


class Keyring:
    """Seals and opens envelopes between the server and its clients.

    An agreement on secp256k1 costs about half a millisecond, so the shared keys of the last `remembered` pairs of
    client key and server key are kept in memory. Thread-safe.
    """

    def __init__(
        self,
        current: PrivateKey,
        previous: Sequence[PrivateKey] = (),
        *,
        remembered: int = 1024,
        ivs: IvSource = random_iv,
    ) -> None:
        """`previous` are the keys that were rotated away and still open envelopes, all of the current one's curve."""
        if any(key.curve is not current.curve for key in previous):
            raise ValueError("the keys of a keyring are of one curve")
        self._current = current
        self._keys = (current, *previous)
        self._ivs = ivs
        self._shared_key = lru_cache(maxsize=remembered)(_shared_key)

    @property
    def public_key(self) -> PublicKey:
        """The key that clients are told to use."""
        return self._current.public_key

    def encrypt(self, plaintext: str, client: PublicKey) -> str:
        """Seal a text for a client with the current key.

        Raises InvalidPlaintextError, and InvalidKeyError for a key of another curve.
        """
        return Envelope.seal(plaintext, self._shared_key(self._current, client), self._ivs()).text

    def decrypt(self, text: str, client: PublicKey) -> str:
        """Open an envelope that a client sealed for any of the keys.

        Raises InvalidEnvelopeError, and InvalidKeyError for a key of another curve.
        """
        envelope = Envelope.parse(text)
        for key in self._keys[:-1]:
            with suppress(InvalidEnvelopeError):
                return envelope.open(self._shared_key(key, client))
        return envelope.open(self._shared_key(self._keys[-1], client))


def _shared_key(server: PrivateKey, client: PublicKey) -> bytes:
    return server.shared_key(client)
