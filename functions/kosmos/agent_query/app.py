"""Questions to an agent, each with its answer."""

from functools import cache

from parlance.agents import composition as agents
from parlance.clock import SystemClock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import TurnEngine
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.server_keys import ServerKeys
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.identity.jwks import HttpFetch, KeySets
from parlance.identity.licenses import Licenses
from parlance.identity.login_sessions import LoginSessions
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKeyVerifier
from parlance.identity.tokens import TokenVerifier
from parlance.ids import RandomIds
from parlance.kosmos.agent_query import AgentQuery
from parlance.kosmos.clients import Clients
from parlance.kosmos.errors import explain
from parlance.kosmos.query_gate import Credentials, QueryCaller, QueryGate
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import AgentQuerySettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.issuers import DynamoIssuerStore
from parlance.storage.licenses import DynamoLicenseStore
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.secret_text import AwsSecretText
from parlance.storage.service_keys import DynamoServiceKeyStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.vaults import vault_of
from parlance.usage import composition as usage
from parlance.webhooks import composition as webhooks


@cache
def group() -> StreamingGroup[QueryCaller]:
    settings = AgentQuerySettings.from_environment()
    clock, ids, curve = SystemClock(), RandomIds(), Curve(settings.ec_curve_name)
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    server_keys = ServerKeys(AwsSecretText(settings.server_keys_secret), curve)

    @cache
    def keyring() -> Keyring:
        return server_keys.keyring(settings.server_public_key)

    known = Clients(keyring, curve)
    tokens = TokenVerifier(
        DynamoIssuerStore(identity),
        LoginSessions(DynamoLoginSessionStore(identity), DynamoAccountStore(identity), clock=clock, ids=ids),
        vault=vault_of(settings.vault_key, clock),
        key_sets=KeySets(HttpFetch(allow_loopback=settings.jwks_over_loopback == "allowed"), clock),
        clock=clock,
    )
    credentials = Credentials(
        ServiceKeyVerifier(DynamoServiceKeyStore(identity)),
        Licenses(DynamoLicenseStore(identity), clock=clock, ids=ids, secrets=RandomSecrets()),
        tokens,
        known,
    )
    gate = QueryGate(credentials, DynamoTenantStore(identity), RateLimiter(DynamoCounterStore(table), clock), clock)
    turns = DynamoTurnStore(table)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    caller = Caller(
        engine,
        turns,
        agents.responder(table, settings, clock=clock, ids=ids),
        wakeups,
        clock=clock,
        ids=ids,
        accounts=usage.accounts(table, settings, clock=clock),
        news=webhooks.news(table, settings, clock=clock),
    )
    query = AgentQuery(caller, AgentRepository(table), known, clock=clock, ids=ids)
    return StreamingGroup(query.routes(), gate=gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
