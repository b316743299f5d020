"""What a client must know of this deployment."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.clock import SystemClock
from parlance.http.group import Group
from parlance.identity.licenses import License, Licenses
from parlance.identity.secrets import RandomSecrets
from parlance.ids import RandomIds
from parlance.kosmos.environment import Environment, LicenseGate
from parlance.kosmos.errors import explain
from parlance.settings import EnvironmentSettings
from parlance.storage import clients
from parlance.storage.licenses import DynamoLicenseStore
from parlance.storage.table import Table
from parlance.version import version

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[License]:
    settings = EnvironmentSettings.from_environment()
    store = DynamoLicenseStore(Table(clients.dynamodb(), settings.identity_table))
    environment = Environment(
        curve=settings.ec_curve_name,
        allowed_time_span=int(settings.allowed_time_span),
        stage=settings.stage,
        region=settings.aws_region,
        version=version(),
    )
    licenses = Licenses(store, clock=SystemClock(), ids=RandomIds(), secrets=RandomSecrets())
    return Group(environment.routes(), gate=LicenseGate(licenses), explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
