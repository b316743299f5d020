"""Which server a chat talks to, and with which key."""

from dataclasses import dataclass, field

from parlance_cli.credentials import read_credentials, text_of
from parlance_cli.errors import CliError, LocalCloudNotRunningError
from parlance_cli.place import Place


@dataclass(frozen=True, slots=True)
class Target:
    """Two addresses and a key; `local` when they are those of the local cloud."""

    base_url: str
    websocket_url: str
    api_key: str = field(repr=False)
    local: bool = False


def target_of(place: Place, *, api_key: str | None, base_url: str | None, websocket_url: str | None) -> Target:
    """What was named; else the stack that was named; else the local cloud. Raises CliError."""
    if base_url and websocket_url:
        return Target(base_url, websocket_url, _needed(api_key))
    if base_url or websocket_url:
        raise CliError("--base-url and --websocket-url go together: name both or neither")
    if place.stack:
        deployment = place.deployment
        return Target(deployment.base_url, deployment.websocket_url, _needed(api_key))
    return _local(place, api_key)


def _local(place: Place, api_key: str | None) -> Target:
    known = read_credentials(place.state_dir)
    base_url, websocket_url = text_of(known, "base_url"), text_of(known, "websocket_url")
    if not (base_url and websocket_url):
        raise LocalCloudNotRunningError
    return Target(base_url, websocket_url, _needed(api_key or text_of(known, "api_key")), local=True)


def _needed(api_key: str | None) -> str:
    if not api_key:
        raise CliError("An API key is needed: name it with --api-key or in PARLANCE_API_KEY")
    if not api_key.isascii() or not api_key.isprintable():
        raise CliError("This is not an API key.")
    return api_key
