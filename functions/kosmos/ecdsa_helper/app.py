"""Envelopes sealed and opened with a key that the caller sends, where the deployment allows it."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.ecdsa.curves import Curve
from parlance.http.group import Group
from parlance.identity.service_keys import ServiceKey, ServiceKeyVerifier
from parlance.kosmos.ecdsa_helper import EcdsaHelper, HelperGate
from parlance.kosmos.errors import explain
from parlance.kosmos.gates import ServiceKeyGate
from parlance.settings import EcdsaHelperSettings
from parlance.storage import clients
from parlance.storage.service_keys import DynamoServiceKeyStore
from parlance.storage.table import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[ServiceKey]:
    settings = EcdsaHelperSettings.from_environment()
    keys = ServiceKeyVerifier(DynamoServiceKeyStore(Table(clients.dynamodb(), settings.identity_table)))
    gate = HelperGate(ServiceKeyGate(keys), enabled=settings.ecdsa_helper == "enabled")
    return Group(EcdsaHelper(Curve(settings.ec_curve_name)).routes(), gate=gate, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
