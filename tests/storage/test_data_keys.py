"""Data keys of KMS: what the vault needs of it, on the emulator's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator import Emulator
from parlance.errors import UnavailableError
from parlance.identity.vault import KmsVault, VaultError
from parlance.storage.data_keys import KmsDataKeys
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.storage

CONTEXT = {"tenant": "t"}


def client(endpoint: str) -> Any:
    return boto3.client(
        "kms",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, proxies={}),
    )


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    with Emulator(services=["kms"]) as emulator:
        made = client(emulator.endpoint)
        yield made
        made.close()


@pytest.fixture(scope="module")
def key_id(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


def test_a_data_key_is_unwrapped_to_what_it_was(kms: Any, key_id: str) -> None:
    made = KmsDataKeys(key_id, lambda: kms).generate()
    assert len(made.plaintext) == 32
    assert made.plaintext not in made.wrapped
    assert KmsDataKeys(key_id, lambda: kms).unwrap(made.wrapped) == made.plaintext


def test_what_one_process_encrypted_another_decrypts(kms: Any, key_id: str) -> None:
    sealed = KmsVault(KmsDataKeys(key_id, lambda: kms), ManualClock()).encrypt(b"secret", CONTEXT)
    reader = KmsVault(KmsDataKeys(key_id, lambda: kms), ManualClock())
    assert reader.decrypt(sealed, CONTEXT) == b"secret"
    with pytest.raises(VaultError):
        reader.decrypt(sealed, {"tenant": "other"})


def test_what_was_not_wrapped_here_is_refused(kms: Any, key_id: str) -> None:
    with pytest.raises(VaultError):
        KmsDataKeys(key_id, lambda: kms).unwrap(b"nonsense")


def test_the_client_is_made_once_when_it_is_needed(kms: Any, key_id: str) -> None:
    made = []

    def make() -> Any:
        made.append(kms)
        return kms

    keys = KmsDataKeys(key_id, make)
    assert made == []
    keys.generate()
    keys.generate()
    assert made == [kms]


def test_a_service_that_cannot_be_reached_is_unavailable() -> None:
    away = client("http://127.0.0.1:1")
    with pytest.raises(UnavailableError):
        KmsDataKeys("key", lambda: away).generate()
    away.close()


class Refusing:
    """A client that answers every call with one error code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def decrypt(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "Decrypt")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", UnavailableError),
        ("KMSInternalException", UnavailableError),
        ("InvalidCiphertextException", VaultError),
        ("IncorrectKeyException", VaultError),
        ("AccessDeniedException", ClientError),
    ],
)
def test_failures_by_name(code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        KmsDataKeys("key", lambda: Refusing(code)).unwrap(b"wrapped")
