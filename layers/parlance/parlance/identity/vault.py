"""Secrets that must be readable again, encrypted at rest.

The context says whose secret it is and what for. It is authenticated, not stored: a secret that was moved into
another item is not decrypted there.
"""

import base64
import binascii
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parlance.clock import Clock

_NONCE = 12
_TAG = 16
_KEY = 32
_LENGTH = 2
_LOCAL_FORMAT = b"\x01"
_ENVELOPE_FORMAT = b"\x02"
_KEY_LIFETIME = 3600.0
_KEY_USES = 2**20
_KEYS_KNOWN = 100


class VaultError(Exception):
    """A secret cannot be read: it was altered, belongs to another context, or was encrypted under another key."""


class VaultKeyError(Exception):
    """The key that was configured is none."""


class Vault(Protocol):
    """Encrypts small secrets for the store."""

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes: ...

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Raises VaultError."""
        ...


class LocalVault:
    """AES-256-GCM under one configured key: for the local run and for tests.

    The ciphertext is `01 ‖ nonce (12) ‖ ciphertext ‖ tag (16)`.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            raise VaultKeyError("A vault's key has 32 bytes.")
        self._cipher = AESGCM(key)

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """Raises VaultKeyError for anything but 32 bytes in base64."""
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise VaultKeyError("A vault's key is 32 bytes in base64.") from error
        return cls(key)

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        return _LOCAL_FORMAT + _sealed(self._cipher, plaintext, _LOCAL_FORMAT, context)

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        if not ciphertext.startswith(_LOCAL_FORMAT):
            raise VaultError("not encrypted by a local key")
        return _opened(self._cipher, ciphertext[1:], _LOCAL_FORMAT, context)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key in clear, and the same key as the key service wrapped it."""

    plaintext: bytes = field(repr=False)
    wrapped: bytes


class DataKeys(Protocol):
    """The key service: it makes data keys and unwraps those that it made."""

    def generate(self) -> DataKey:
        """A new key of 32 bytes."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises VaultError for what it did not wrap."""
        ...


@dataclass(slots=True)
class _Current:
    key: DataKey
    until: float
    uses: int = 0


class KmsVault:
    """AES-256-GCM under data keys of a key service (envelope encryption). Thread-safe.

    The ciphertext is `02 ‖ length of the wrapped key (2) ‖ wrapped key ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. A data
    key encrypts for an hour at most; keys that decrypt are remembered, so most reads need no call.
    """

    def __init__(self, data_keys: DataKeys, clock: Clock) -> None:
        self._data_keys = data_keys
        self._clock = clock
        self._current: _Current | None = None
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def encrypt(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        key = self._current_key()
        head = _ENVELOPE_FORMAT + len(key.wrapped).to_bytes(_LENGTH) + key.wrapped
        return head + _sealed(AESGCM(key.plaintext), plaintext, head, context)

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        if not ciphertext.startswith(_ENVELOPE_FORMAT):
            raise VaultError("not an envelope")
        start = 1 + _LENGTH
        end = start + int.from_bytes(ciphertext[1:start])
        head, wrapped = ciphertext[:end], ciphertext[start:end]
        if not wrapped or len(ciphertext) < end + _NONCE + _TAG:
            raise VaultError("too short")
        return _opened(AESGCM(self._unwrapped(wrapped)), ciphertext[end:], head, context)

    def _current_key(self) -> DataKey:
        with self._lock:
            current = self._current
            if current is None or self._clock.monotonic() >= current.until or current.uses >= _KEY_USES:
                key = self._data_keys.generate()
                current = self._current = _Current(key, self._clock.monotonic() + _KEY_LIFETIME)
                self._remember(key.wrapped, key.plaintext)
            current.uses += 1
            return current.key

    def _unwrapped(self, wrapped: bytes) -> bytes:
        with self._lock:
            known = self._known.get(wrapped)
        if known is not None:
            return known
        plaintext = self._data_keys.unwrap(wrapped)
        with self._lock:
            self._remember(wrapped, plaintext)
        return plaintext

    def _remember(self, wrapped: bytes, plaintext: bytes) -> None:
        self._known[wrapped] = plaintext
        while len(self._known) > _KEYS_KNOWN:
            self._known.popitem(last=False)


def _sealed(cipher: AESGCM, plaintext: bytes, head: bytes, context: Mapping[str, str]) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plaintext, _bound(head, context))


def _opened(cipher: AESGCM, body: bytes, head: bytes, context: Mapping[str, str]) -> bytes:
    if len(body) < _NONCE + _TAG:
        raise VaultError("too short")
    try:
        return cipher.decrypt(body[:_NONCE], body[_NONCE:], _bound(head, context))
    except InvalidTag as error:
        raise VaultError("altered, or of another context or key") from error


def _bound(head: bytes, context: Mapping[str, str]) -> bytes:
    return head + json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
