"""Settings are read once, by name, and miss nothing silently."""

import pytest

from parlance.settings import ChatsRestSettings, MissingSettingError, RepliesSettings

_ENVIRONMENT = {
    "CONVERSATIONS_TABLE": "c",
    "IDENTITY_TABLE": "i",
    "WAKEUPS_QUEUE_URL": "w",
    "SECRETS_PREFIX": "parlance/test",
    "WEBHOOKS_QUEUE_URL": "h",
    "SWEEPS_QUEUE_URL": "s",
    "INDEXING_QUEUE_URL": "x",
    "SNAPSHOTS_BUCKET": "b",
    "EMBEDDING_PROVIDER": "none",
    "EMBEDDING_MODEL": "none",
    "EMBEDDING_URL": "none",
    "EMBEDDING_SECRET": "none",
    "VECTORS_BUCKET": "none",
    "UNRELATED": "x",
}


def test_settings_come_from_variables_of_their_names() -> None:
    assert ChatsRestSettings.from_environment(_ENVIRONMENT) == ChatsRestSettings("c", "i", "w", "s")


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(value: str | None) -> None:
    environment = {**_ENVIRONMENT, **({} if value is None else {"WEBSOCKET_ENDPOINT": value})}
    with pytest.raises(MissingSettingError, match="WEBSOCKET_ENDPOINT"):
        RepliesSettings.from_environment(environment)


def test_the_process_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert ChatsRestSettings.from_environment().identity_table == "i"


def test_what_has_a_default_may_be_missing() -> None:
    environment = {**_ENVIRONMENT, "WEBSOCKET_ENDPOINT": "e"}
    assert RepliesSettings.from_environment(environment).private_model_hosts == ""
    opened = RepliesSettings.from_environment({**environment, "PRIVATE_MODEL_HOSTS": "localhost"})
    assert opened.private_model_hosts == "localhost"
