"""Tenants' secrets in AWS Secrets Manager, one for each, under `{prefix}/{tenant}/{name}`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from parlance.agents.secrets import NAME, SecretMissingError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# Deleted secrets are kept for some days, and an invalid request is one for such a secret.
_MISSING = frozenset({"ResourceNotFoundException", "InvalidRequestException"})


class SecretsManager:
    """Implements `Secrets`. Setting and removing are an operator's; functions may only read."""

    def __init__(self, client: Callable[[], "SecretsManagerClient"], prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def get(self, tenant_id: str, name: str) -> str:
        try:
            return self._client().get_secret_value(SecretId=self._path(tenant_id, name))["SecretString"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise SecretMissingError(name) from error
            raise

    def set(self, tenant_id: str, name: str, secret: str) -> None:
        path = self._path(tenant_id, name)
        try:
            self._client().create_secret(Name=path, SecretString=secret)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceExistsException":
                raise
            self._client().put_secret_value(SecretId=path, SecretString=secret)

    def remove(self, tenant_id: str, name: str) -> None:
        """For good and at once. Raises SecretMissingError."""
        try:
            path = self._path(tenant_id, name)
            # Removing what is not there is no error to Secrets Manager.
            self._client().describe_secret(SecretId=path)
            self._client().delete_secret(SecretId=path, ForceDeleteWithoutRecovery=True)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                raise SecretMissingError(name) from error
            raise

    def names(self, tenant_id: str) -> list[str]:
        """In their order."""
        prefix = f"{self._prefix}/{tenant_id}/"
        pages = self._client().get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [prefix]}])
        found = (secret["Name"] for page in pages for secret in page["SecretList"])
        return sorted(name.removeprefix(prefix) for name in found if name.startswith(prefix))

    def _path(self, tenant_id: str, name: str) -> str:
        if not NAME.match(name):
            raise SecretMissingError(name)
        return f"{self._prefix}/{tenant_id}/{name}"
