"""The directory of the services, and the answer for paths of the dialect that no group has."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.http.group import Group
from parlance.kosmos.errors import explain
from parlance.kosmos.open_door import open_door
from parlance.kosmos.service_directory import ServiceDirectory
from parlance.settings import ServiceDirectorySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[None]:
    settings = ServiceDirectorySettings.from_environment()
    return Group(ServiceDirectory(settings.public_url).routes(), gate=open_door, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
