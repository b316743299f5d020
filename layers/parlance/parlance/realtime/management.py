"""Open connections as API Gateway manages them."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from parlance.realtime.port import GoneError, PostFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

_GONE_STATUS = 410


class GatewayManagement:
    """`parlance.realtime.port.Management`. The client is made when it is first needed."""

    def __init__(self, client: "Callable[[], ApiGatewayManagementApiClient]") -> None:
        self._client = client

    def post(self, connection_id: str, frame: bytes) -> None:
        try:
            self._client().post_to_connection(ConnectionId=connection_id, Data=frame)
        except ClientError as error:
            raise _named(error) from error
        except BotoCoreError as error:
            raise PostFailedError(type(error).__name__) from error

    def is_connected(self, connection_id: str) -> bool:
        """A connection counts as there unless the platform says that it is not."""
        try:
            self._client().get_connection(ConnectionId=connection_id)
        except ClientError as error:
            return not _is_gone(error)
        except BotoCoreError:
            return True
        return True

    def close(self, connection_id: str) -> None:
        try:
            self._client().delete_connection(ConnectionId=connection_id)
        except ClientError as error:
            if not _is_gone(error):
                raise PostFailedError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise PostFailedError(type(error).__name__) from error


def _is_gone(error: ClientError) -> bool:
    return error.response["ResponseMetadata"]["HTTPStatusCode"] == _GONE_STATUS


def _named(error: ClientError) -> Exception:
    return GoneError() if _is_gone(error) else PostFailedError(error.response["Error"]["Code"])
