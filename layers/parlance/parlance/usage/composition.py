"""Who pays for turns, put together once for every function that runs them."""

from parlance.agents.definitions import CachedAgents
from parlance.clock import Clock
from parlance.ids import RandomIds
from parlance.settings import AnsweringSettings
from parlance.storage.agents import AgentRepository
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.event_log import DynamoEventLog
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.usage.accounts import TenantAccounts
from parlance.usage.prices import Prices


def accounts(table: Table, settings: AnsweringSettings, *, clock: Clock) -> TenantAccounts:
    """`table` is the Conversations table. Raises PricesError."""
    return TenantAccounts(
        DynamoBudgetStore(table),
        DynamoUsageStore(table),
        DynamoTurnStore(table),
        CachedAgents(AgentRepository(table), clock),
        Prices.from_json(settings.model_prices),
        clock=clock,
        completions=DynamoEventLog(table, clock, RandomIds()),
    )
