"""The server's public key."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.http.group import Group
from parlance.kosmos.errors import explain
from parlance.kosmos.open_door import open_door
from parlance.kosmos.public_keys import PublicKeys
from parlance.settings import PublicKeySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[None]:
    settings = PublicKeySettings.from_environment()
    return Group(PublicKeys(settings.server_public_key).routes(), gate=open_door, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
