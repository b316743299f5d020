"""What each function is told by its environment, read once. A missing name fails at once, by name."""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Self


class MissingSettingError(Exception):
    """An environment variable that the function cannot do without."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set")
        self.name = name


class _FromEnvironment:
    """Fields are read from the environment variables of the same name, in capitals. One with a default may be unset."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises MissingSettingError."""
        found = os.environ if environment is None else environment
        values = {}
        for field in fields(cls):  # type: ignore[arg-type] # every subclass is a dataclass
            value = found.get(field.name.upper())
            if value:
                values[field.name] = value
            elif field.default is MISSING:
                raise MissingSettingError(field.name.upper())
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings(_FromEnvironment):
    """Datasets, their snapshots, and the embedding model; `none` stands for what the stack does not have."""

    conversations_table: str
    indexing_queue_url: str
    snapshots_bucket: str
    embedding_provider: str
    embedding_model: str
    embedding_url: str
    embedding_secret: str
    vectors_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexingSettings(SearchSettings):
    """Of the function that keeps what the others search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweringSettings(SearchSettings):
    """Of every function that runs turns. `private_model_hosts` are names, separated by commas.

    `model_prices` is JSON, as `parlance.usage.prices` reads it.
    """

    secrets_prefix: str
    webhooks_queue_url: str
    private_model_hosts: str = ""
    model_prices: str = ""


@dataclass(frozen=True, slots=True)
class ChatsRestSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
    sweeps_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatsMessagesSettings(AnsweringSettings):
    identity_table: str
    wakeups_queue_url: str


@dataclass(frozen=True, slots=True)
class ChatsWebSocketSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
    websocket_endpoint: str


@dataclass(frozen=True, slots=True)
class WidgetChatSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
    origin_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetStreamSettings(AnsweringSettings):
    identity_table: str
    wakeups_queue_url: str
    origin_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesSettings(AnsweringSettings):
    wakeups_queue_url: str
    websocket_endpoint: str


@dataclass(frozen=True, slots=True)
class SweepsSettings(_FromEnvironment):
    conversations_table: str
    sweeps_queue_url: str
    websocket_endpoint: str
    files_bucket: str


@dataclass(frozen=True, slots=True)
class ErrandsSettings(_FromEnvironment):
    conversations_table: str
    wakeups_queue_url: str
    errands_queue_url: str
    indexing_queue_url: str
    files_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksSettings(_FromEnvironment):
    """`private_webhook_hosts` are names, separated by commas."""

    conversations_table: str
    webhooks_queue_url: str
    secrets_prefix: str
    private_webhook_hosts: str = ""


@dataclass(frozen=True, slots=True)
class TenantRestSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    sweeps_queue_url: str


@dataclass(frozen=True, slots=True)
class PublicKeySettings(_FromEnvironment):
    """Of the functions that only show the server's public key."""

    server_public_key: str


@dataclass(frozen=True, slots=True)
class ServiceDirectorySettings(_FromEnvironment):
    """Without a `public_url` the directory names the address that it was asked at."""

    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class HealthSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
    server_keys_secret: str
    server_public_key: str


@dataclass(frozen=True, slots=True)
class EnvironmentSettings(_FromEnvironment):
    identity_table: str
    ec_curve_name: str
    allowed_time_span: str
    stage: str
    aws_region: str


@dataclass(frozen=True, slots=True)
class ServerKeysSettings(_FromEnvironment):
    """Of the function that makes the server's key pairs."""

    server_keys_secret: str


@dataclass(frozen=True, slots=True)
class ServiceKeysSettings(_FromEnvironment):
    identity_table: str
    ec_curve_name: str
    allowed_time_span: str
    server_keys_secret: str
    server_public_key: str
    vault_key: str


@dataclass(frozen=True, slots=True)
class VerifyTokenSettings(_FromEnvironment):
    identity_table: str
    ec_curve_name: str
    allowed_time_span: str
    server_keys_secret: str
    server_public_key: str
    vault_key: str
    jwks_over_loopback: str


@dataclass(frozen=True, slots=True)
class EcdsaHelperSettings(_FromEnvironment):
    """`ecdsa_helper` is `enabled` or `disabled`."""

    identity_table: str
    ec_curve_name: str
    ecdsa_helper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentQuerySettings(AnsweringSettings):
    identity_table: str
    wakeups_queue_url: str
    ec_curve_name: str
    server_keys_secret: str
    server_public_key: str
    vault_key: str
    jwks_over_loopback: str


@dataclass(frozen=True, slots=True)
class PlatformSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str


@dataclass(frozen=True, slots=True)
class PlatformConversationSettings(PlatformSettings):
    sweeps_queue_url: str
    files_bucket: str


@dataclass(frozen=True, slots=True)
class PlatformBotSettings(PlatformSettings):
    origin_secret: str


@dataclass(frozen=True, slots=True)
class PlatformTaskSettings(PlatformSettings):
    errands_queue_url: str


@dataclass(frozen=True, slots=True)
class PlatformIntegrationSettings(PlatformSettings):
    errands_queue_url: str
    wakeups_queue_url: str


@dataclass(frozen=True, slots=True)
class PlatformFileSettings(PlatformSettings):
    errands_queue_url: str
    files_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformDatasetSettings(SearchSettings):
    identity_table: str
    errands_queue_url: str
    files_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformCompletionSettings(AnsweringSettings):
    identity_table: str
    wakeups_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSkillsetSettings(AnsweringSettings):
    identity_table: str
