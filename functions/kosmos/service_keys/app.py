"""A tenant's service keys: shown, and reset."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.clock import SystemClock
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.server_keys import ServerKeys
from parlance.http.group import Group
from parlance.identity.licenses import Licenses
from parlance.identity.request_ids import RequestIds
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKeys
from parlance.ids import RandomIds
from parlance.kosmos.clients import Clients
from parlance.kosmos.errors import explain
from parlance.kosmos.gates import LicensedClient, LicensedGate
from parlance.kosmos.service_keys import ServiceKeyRoutes
from parlance.settings import ServiceKeysSettings
from parlance.storage import clients
from parlance.storage.licenses import DynamoLicenseStore
from parlance.storage.request_ids import DynamoSpentRequests
from parlance.storage.secret_text import AwsSecretText
from parlance.storage.service_keys import DynamoServiceKeyStore
from parlance.storage.table import Table
from parlance.storage.vaults import vault_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[LicensedClient]:
    settings = ServiceKeysSettings.from_environment()
    clock, ids, secrets, curve = SystemClock(), RandomIds(), RandomSecrets(), Curve(settings.ec_curve_name)
    table = Table(clients.dynamodb(), settings.identity_table)
    server_keys = ServerKeys(AwsSecretText(settings.server_keys_secret), curve)

    @cache
    def keyring() -> Keyring:
        return server_keys.keyring(settings.server_public_key)

    gate = LicensedGate(
        Clients(keyring, curve),
        Licenses(DynamoLicenseStore(table), clock=clock, ids=ids, secrets=secrets),
        RequestIds(DynamoSpentRequests(table), clock=clock, allowed_time_span=float(settings.allowed_time_span)),
    )
    vault = vault_of(settings.vault_key, clock)
    keys = ServiceKeys(DynamoServiceKeyStore(table), vault, clock=clock, ids=ids, secrets=secrets)
    return Group(ServiceKeyRoutes(keys).routes(), gate=gate, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
