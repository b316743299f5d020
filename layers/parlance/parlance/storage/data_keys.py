"""Data keys of AWS KMS. The client is made when the first key is needed, never at import."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from parlance.errors import UnavailableError
from parlance.identity.vault import DataKey, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable

# The same for every key: a data key serves many secrets, each of which is bound to its own context.
_CONTEXT = {"application": "parlance", "purpose": "identity"}
_BUSY = {"ThrottlingException", "KMSInternalException", "DependencyTimeoutException", "LimitExceededException"}
_NOT_OURS = {"InvalidCiphertextException", "IncorrectKeyException"}


class KmsDataKeys:
    """`parlance.identity.vault.DataKeys` under one KMS key; `client` is called once, when it is first needed."""

    def __init__(self, key_id: str, client: "Callable[[], Any] | None" = None) -> None:
        self._key_id = key_id
        self._make_client = client or _client

    def generate(self) -> DataKey:
        answer = self._call("generate_data_key", KeySpec="AES_256")
        return DataKey(answer["Plaintext"], answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes) -> bytes:
        return cast("bytes", self._call("decrypt", CiphertextBlob=wrapped)["Plaintext"])

    @cached_property
    def _client(self) -> Any:
        return self._make_client()

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        call = getattr(self._client, operation)
        try:
            return cast("dict[str, Any]", call(KeyId=self._key_id, EncryptionContext=_CONTEXT, **arguments))
        except BotoCoreError as error:
            raise UnavailableError("The service is busy. Try again in a moment.") from error
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _BUSY:
                raise UnavailableError("The service is busy. Try again in a moment.") from error
            if code in _NOT_OURS:
                raise VaultError("not a data key of this KMS key") from error
            raise


def _client() -> Any:
    import boto3  # noqa: PLC0415 - only functions that read secrets pay for it

    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("kms", config=config)
