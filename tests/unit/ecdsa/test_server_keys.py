"""The server's key pairs: one for each version, none lost, the configured one current."""

import json

import pytest

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.errors import InvalidEnvelopeError
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey
from parlance.ecdsa.server_keys import AlreadyWrittenError, ServerKeys, ServerKeysError

CLIENT = PrivateKey.generate(Curve.SECP256K1)


class MemorySecret:
    """`parlance.ecdsa.server_keys.SecretText`."""

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self.writes: dict[str, str] = {}
        self.reads = 0

    def read(self) -> str | None:
        self.reads += 1
        return self.text

    def write(self, text: str, *, token: str) -> None:
        if self.writes.setdefault(token, text) != text:
            raise AlreadyWrittenError(token)
        self.text = text


@pytest.mark.parametrize("before", [None, ""])
def test_a_version_is_made_once(before: str | None) -> None:
    secret = MemorySecret(before)
    keys = ServerKeys(secret, Curve.SECP256K1)
    first = keys.ensure(1)
    assert keys.ensure(1) == ServerKeys(secret, Curve.SECP256K1).ensure(1) == first
    assert len(secret.writes) == 1


def test_every_version_has_its_own_and_none_is_lost() -> None:
    secret = MemorySecret()
    keys = ServerKeys(secret, Curve.SECP256K1)
    made = [keys.ensure(version) for version in (1, 2, 7)]
    assert len(set(made)) == 3
    assert [keys.ensure(version) for version in (1, 2, 7)] == made


def test_what_was_sealed_before_a_rotation_still_opens() -> None:
    keys = ServerKeys(MemorySecret(), Curve.SECP256K1)
    old = keys.ensure(1)
    envelope = Keyring(CLIENT).encrypt("Hello", old)
    new = keys.ensure(2)
    rotated = keys.keyring(new.text)
    assert rotated.public_key == new
    assert rotated.decrypt(envelope, CLIENT.public_key) == "Hello"
    assert rotated.decrypt(Keyring(CLIENT).encrypt("Hi", new), CLIENT.public_key) == "Hi"
    # A deploy that is rolled back goes on with the pair before, and still opens what came meanwhile.
    assert keys.keyring(old.text).public_key == old
    assert keys.keyring(old.text).decrypt(Keyring(CLIENT).encrypt("Hi", new), CLIENT.public_key) == "Hi"


def test_another_curve_has_other_pairs() -> None:
    secret = MemorySecret()
    ServerKeys(secret, Curve.SECP256K1).ensure(1)
    other = ServerKeys(secret, Curve.P256)
    key = other.ensure(1)
    assert key.curve is Curve.P256
    assert other.keyring(key.text).public_key == key
    with pytest.raises(InvalidEnvelopeError):
        other.keyring(key.text).decrypt("x", PrivateKey.generate(Curve.P256).public_key)


def test_of_two_runs_at_once_the_first_counts() -> None:
    secret = MemorySecret()
    first = ServerKeys(secret, Curve.SECP256K1).ensure(1)

    class Late(MemorySecret):
        """Reads nothing the first time, as who reads before another writes."""

        def read(self) -> str | None:
            self.reads += 1
            return None if self.reads == 1 else secret.text

        def write(self, text: str, *, token: str) -> None:
            secret.write(text, token=token)

    assert ServerKeys(Late(), Curve.SECP256K1).ensure(1) == first


def test_a_key_that_is_not_there_is_no_keyring() -> None:
    keys = ServerKeys(MemorySecret(), Curve.SECP256K1)
    with pytest.raises(ServerKeysError):
        keys.keyring(CLIENT.public_key.text)
    keys.ensure(1)
    with pytest.raises(ServerKeysError):
        keys.keyring(CLIENT.public_key.text)


@pytest.mark.parametrize(
    "text",
    ["x", "[]", "{}", '{"keys": 1}', '{"keys": [{}]}', '{"keys": [{"version": 1, "curve": "x", "private_key": "x"}]}',
     '{"keys": [{"version": 1, "curve": "secp256k1", "private_key": "AAAA"}]}'],
)  # fmt: skip
def test_what_cannot_be_read_is_neither_used_nor_replaced(text: str) -> None:
    secret = MemorySecret(text)
    with pytest.raises(ServerKeysError):
        ServerKeys(secret, Curve.SECP256K1).ensure(1)
    assert secret.text == text


def test_no_private_key_is_printed() -> None:
    secret = MemorySecret()
    keys = ServerKeys(secret, Curve.SECP256K1)
    public = keys.ensure(1)
    (stored,) = json.loads(secret.text or "")["keys"]
    assert stored["private_key"] not in repr([keys, keys.keyring(public.text), keys._pairs()])
