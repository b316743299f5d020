"""Which server and key a chat uses."""

import json
from pathlib import Path

import pytest

from parlance_cli.chat.target import Target, target_of
from parlance_cli.credentials import ROOT, read_credentials, state_directory
from parlance_cli.deployment import Deployment
from parlance_cli.errors import CliError, LocalCloudNotRunningError
from parlance_cli.place import Place

LOCAL = {"base_url": "http://localhost:8000", "websocket_url": "ws://localhost:8000/ws/chat", "api_key": "pk_local"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(state_dir=tmp_path)


def write(place: Place, content: object) -> None:
    (place.state_dir / "credentials.json").write_text(json.dumps(content))


def target(
    place: Place, api_key: str | None = None, base_url: str | None = None, websocket_url: str | None = None
) -> Target:
    return target_of(place, api_key=api_key, base_url=base_url, websocket_url=websocket_url)


def test_the_local_cloud_is_the_default(place: Place) -> None:
    write(place, LOCAL)
    assert target(place) == Target(LOCAL["base_url"], LOCAL["websocket_url"], "pk_local", local=True)
    assert target(place, "pk_mine").api_key == "pk_mine"


def test_addresses_that_are_named_count(place: Place) -> None:
    write(place, LOCAL)
    assert target(place, "pk_x", "https://a", "wss://b") == Target("https://a", "wss://b", "pk_x")


def test_the_local_key_goes_nowhere_else(place: Place) -> None:
    write(place, LOCAL)
    with pytest.raises(CliError, match="An API key is needed"):
        target(place, None, "https://a", "wss://b")


def test_one_address_alone_is_not_enough(place: Place) -> None:
    with pytest.raises(CliError, match="go together"):
        target(place, "pk_x", "https://a")
    with pytest.raises(CliError, match="go together"):
        target(place, "pk_x", None, "wss://b")


def test_a_stack_knows_its_addresses(place: Place, deployment: Deployment) -> None:
    place.stack = "prod"
    place.__dict__["deployment"] = deployment
    assert target(place, "pk_x") == Target(deployment.base_url, deployment.websocket_url, "pk_x")
    with pytest.raises(CliError, match="An API key is needed"):
        target(place)


@pytest.mark.parametrize("key", ["pk_\n", "pk_é", "pk_\x00"])
def test_what_cannot_stand_in_a_header_is_no_key(place: Place, key: str) -> None:
    write(place, LOCAL)
    with pytest.raises(CliError, match="not an API key"):
        target(place, key)


def test_keys_stay_out_of_what_is_printed(place: Place) -> None:
    write(place, LOCAL)
    assert "pk_local" not in repr(target(place))


def test_without_notes_of_a_local_cloud(place: Place) -> None:
    with pytest.raises(LocalCloudNotRunningError):
        target(place)
    write(place, {})
    with pytest.raises(LocalCloudNotRunningError):
        target(place)


@pytest.mark.parametrize("content", ["{", "[]", "\udcff"])
def test_spoiled_notes_are_named(place: Place, content: str) -> None:
    (place.state_dir / "credentials.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(CliError, match=r"credentials\.json"):
        read_credentials(place.state_dir)


def test_the_state_directory_is_the_projects(tmp_path: Path) -> None:
    assert state_directory(None) == ROOT / ".local"
    assert state_directory(".other") == ROOT / ".other"
    assert state_directory(str(tmp_path)) == tmp_path
