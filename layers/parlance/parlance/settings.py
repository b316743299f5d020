"""What each function is told by its environment, read once. A missing name fails at once, by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class MissingSettingError(Exception):
    """An environment variable that the function cannot do without."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set")
        self.name = name


class _FromEnvironment:
    """Fields are read from the environment variables of the same name, in capitals."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises MissingSettingError."""
        found = os.environ if environment is None else environment
        values = {}
        for name in cls.__annotations__:
            value = found.get(name.upper())
            if not value:
                raise MissingSettingError(name.upper())
            values[name] = value
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ChatsRestSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
    sweeps_queue_url: str


@dataclass(frozen=True, slots=True)
class ChatsMessagesSettings(_FromEnvironment):
    conversations_table: str
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


@dataclass(frozen=True, slots=True)
class WidgetStreamSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str


@dataclass(frozen=True, slots=True)
class RepliesSettings(_FromEnvironment):
    conversations_table: str
    wakeups_queue_url: str
    websocket_endpoint: str


@dataclass(frozen=True, slots=True)
class SweepsSettings(_FromEnvironment):
    conversations_table: str
    sweeps_queue_url: str


@dataclass(frozen=True, slots=True)
class PlatformSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str


@dataclass(frozen=True, slots=True)
class PlatformConversationSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    sweeps_queue_url: str


@dataclass(frozen=True, slots=True)
class PlatformCompletionSettings(_FromEnvironment):
    conversations_table: str
    identity_table: str
    wakeups_queue_url: str
