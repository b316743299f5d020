"""One sealed text: base64 of IV‖ciphertext‖tag, AES-256-GCM without additional data."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from parlance.ecdsa.encoding import decode, encode
from parlance.ecdsa.errors import InvalidEnvelopeError, InvalidPlaintextError

IV_LENGTH = 16
_TAG_LENGTH = 16

type IvSource = Callable[[], bytes]


def random_iv() -> bytes:
    """From the operating system at each call, so that a snapshot restored twice does not repeat one."""
    return secrets.token_bytes(IV_LENGTH)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed text; `sealed` is ciphertext‖tag."""

    iv: bytes
    sealed: bytes

    @classmethod
    def seal(cls, plaintext: str, shared_key: bytes, iv: bytes) -> Self:
        """Seal a text. An IV must never be used twice under one key. Raises InvalidPlaintextError."""
        if len(iv) != IV_LENGTH:
            raise ValueError(f"an IV has {IV_LENGTH} bytes")
        try:
            data = plaintext.encode()
        except UnicodeEncodeError:
            raise InvalidPlaintextError("The data is not valid Unicode.") from None
        return cls(iv, AESGCM(shared_key).encrypt(iv, data, None))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an envelope without opening it. Raises InvalidEnvelopeError."""
        try:
            data = decode(text)
        except ValueError:
            raise InvalidEnvelopeError("The envelope is not base64.") from None
        if len(data) < IV_LENGTH + _TAG_LENGTH:
            raise InvalidEnvelopeError("The envelope is too short.")
        return cls(data[:IV_LENGTH], data[IV_LENGTH:])

    @property
    def text(self) -> str:
        return encode(self.iv + self.sealed)

    def open(self, shared_key: bytes) -> str:
        """Raises InvalidEnvelopeError, in the same words whatever the reason."""
        try:
            return AESGCM(shared_key).decrypt(self.iv, self.sealed, None).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise InvalidEnvelopeError("The envelope cannot be opened.") from None
