"""One secret in AWS Secrets Manager. The client is made when it is first needed, never at import."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from parlance.ecdsa.server_keys import AlreadyWrittenError
from parlance.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

_BUSY = {"InternalServiceError", "InternalServiceErrorException", "ThrottlingException"}
_TRY_AGAIN = "The service is busy. Try again in a moment."


class AwsSecretText:
    """`parlance.ecdsa.server_keys.SecretText`; `client` is called once, when it is first needed."""

    def __init__(self, secret_id: str, client: "Callable[[], Any] | None" = None) -> None:
        self._secret_id = secret_id
        self._make_client = client or _client

    def read(self) -> str | None:
        """A secret that a template has just made has no value, which is answered as if there were no secret."""
        try:
            return cast("str | None", self._call("get_secret_value").get("SecretString"))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise

    def write(self, text: str, *, token: str) -> None:
        try:
            self._call("put_secret_value", SecretString=text, ClientRequestToken=token)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceExistsException":
                raise AlreadyWrittenError(token) from error
            raise

    @cached_property
    def _client(self) -> Any:
        return self._make_client()

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            return cast("dict[str, Any]", getattr(self._client, operation)(SecretId=self._secret_id, **arguments))
        except BotoCoreError as error:
            raise UnavailableError(_TRY_AGAIN) from error
        except ClientError as error:
            if error.response["Error"]["Code"] in _BUSY:
                raise UnavailableError(_TRY_AGAIN) from error
            raise


def _client() -> Any:
    import boto3  # noqa: PLC0415 - only functions that open envelopes pay for it

    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("secretsmanager", config=config)
