"""Who a user token belongs to."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.clock import SystemClock
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.server_keys import ServerKeys
from parlance.http.group import Group
from parlance.identity.jwks import HttpFetch, KeySets
from parlance.identity.login_sessions import LoginSessions
from parlance.identity.request_ids import RequestIds
from parlance.identity.tokens import TokenVerifier
from parlance.ids import RandomIds
from parlance.kosmos.clients import Clients
from parlance.kosmos.errors import explain
from parlance.kosmos.gates import FreshClient, FreshGate
from parlance.kosmos.verify_token import VerifyToken
from parlance.settings import VerifyTokenSettings
from parlance.storage import clients
from parlance.storage.issuers import DynamoIssuerStore
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.request_ids import DynamoSpentRequests
from parlance.storage.secret_text import AwsSecretText
from parlance.storage.table import Table
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.vaults import vault_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[FreshClient]:
    settings = VerifyTokenSettings.from_environment()
    clock, curve = SystemClock(), Curve(settings.ec_curve_name)
    table = Table(clients.dynamodb(), settings.identity_table)
    server_keys = ServerKeys(AwsSecretText(settings.server_keys_secret), curve)

    @cache
    def keyring() -> Keyring:
        return server_keys.keyring(settings.server_public_key)

    span = float(settings.allowed_time_span)
    request_ids = RequestIds(DynamoSpentRequests(table), clock=clock, allowed_time_span=span)
    verifier = TokenVerifier(
        DynamoIssuerStore(table),
        LoginSessions(DynamoLoginSessionStore(table), DynamoAccountStore(table), clock=clock, ids=RandomIds()),
        vault=vault_of(settings.vault_key, clock),
        key_sets=KeySets(HttpFetch(allow_loopback=settings.jwks_over_loopback == "allowed"), clock),
        clock=clock,
    )
    verify = VerifyToken(verifier, request_ids, public_key=settings.server_public_key)
    return Group(verify.routes(), gate=FreshGate(Clients(keyring, curve), request_ids), explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
