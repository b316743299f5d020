"""Whether what the service stands on answers."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.clock import SystemClock
from parlance.http.group import Group
from parlance.kosmos.errors import explain
from parlance.kosmos.health import Check, Health
from parlance.kosmos.open_door import open_door
from parlance.settings import HealthSettings
from parlance.version import version

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[None]:
    settings = HealthSettings.from_environment()

    def checks() -> Mapping[str, Check]:
        # Here, because it imports the AWS SDK.
        from parlance.storage import health  # noqa: PLC0415

        return health.checks(
            conversations_table=settings.conversations_table,
            identity_table=settings.identity_table,
            wakeups_queue_url=settings.wakeups_queue_url,
            server_keys_secret=settings.server_keys_secret,
        )

    health = Health(checks, public_key=settings.server_public_key, version=version(), clock=SystemClock())
    return Group(health.routes(), gate=open_door, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
