"""The key schema of both tables, in one place. docs/data-model.md lists who reads what.

The tenant is first in every partition key, except in the look-ups that yield the tenant (a connection id, the hash
of a key, of a license or of a trigger's secret, the id of a service key or of a public bot) and in what is
counted before it is known (a client's address).
Tenant ids hold no `#`; user ids may hold anything, so they come last in their key.
Numbers are padded so that text order is number order.
"""

from parlance.storage.table import Key

SCHEMA_VERSION = 1
"""Written to every item as `v`, so that a later release can tell what it reads."""

HIGHEST_NUMBER = 10**12 - 1
HIGHEST = "\uffff"
"""Sorts after every character that a sort key holds."""


def padded(number: int) -> str:
    return f"{number:012d}"


# Conversations table: one partition per conversation.


def conversation_pk(tenant_id: str, conversation_id: str) -> str:
    return f"T#{tenant_id}#C#{conversation_id}"


def conversation(tenant_id: str, conversation_id: str) -> Key:
    return Key(conversation_pk(tenant_id, conversation_id), "conversation")


def message_sk(number: int) -> str:
    return f"message#{padded(number)}"


def message(tenant_id: str, conversation_id: str, number: int) -> Key:
    return Key(conversation_pk(tenant_id, conversation_id), message_sk(number))


def turn_sk(number: int) -> str:
    return f"turn#{padded(number)}"


def turn(tenant_id: str, conversation_id: str, number: int) -> Key:
    return Key(conversation_pk(tenant_id, conversation_id), turn_sk(number))


def tokens_sk(number: int, attempt: int, last_index: int) -> str:
    """A batch of tokens, filed under the index of its last one: what comes after an index is one key range."""
    return f"tokens#{padded(number)}#{attempt:06d}#{padded(last_index)}"


def idempotency(tenant_id: str, conversation_id: str, key_hash: str) -> Key:
    return Key(conversation_pk(tenant_id, conversation_id), f"idempotency#{key_hash}")


def news_sk(sequence: int) -> str:
    return f"news#{padded(sequence)}"


def news(tenant_id: str, conversation_id: str, sequence: int) -> Key:
    """An announced end of an attempt, until it has been passed on."""
    return Key(conversation_pk(tenant_id, conversation_id), news_sk(sequence))


def number_in(sk: str) -> int:
    """The number that a sort key ends in."""
    return int(sk.rsplit("#", 1)[1])


def ticket(tenant_id: str, conversation_id: str, secret_hash: str) -> Key:
    return Key(conversation_pk(tenant_id, conversation_id), f"ticket#{secret_hash}")


def session(tenant_id: str, conversation_id: str, token_hash: str) -> Key:
    return Key(conversation_pk(tenant_id, conversation_id), f"session#{token_hash}")


# Conversations table: one partition per user.


def user_pk(tenant_id: str, user_id: str) -> str:
    return f"T#{tenant_id}#U#{user_id}"


def user(tenant_id: str, user_id: str) -> Key:
    return Key(user_pk(tenant_id, user_id), "user")


def user_chat_sk(number: int) -> str:
    return f"chat#{padded(number)}"


def user_chat(tenant_id: str, user_id: str, number: int) -> Key:
    return Key(user_pk(tenant_id, user_id), user_chat_sk(number))


def user_connected(tenant_id: str, user_id: str) -> Key:
    """The mark that the user has connected before."""
    return Key(user_pk(tenant_id, user_id), "connected")


def user_usage_sk(day: str, conversation_id: str) -> str:
    return f"usage#{day}#{conversation_id}"


def user_usage(tenant_id: str, user_id: str, day: str, conversation_id: str) -> Key:
    """What one of the user's conversations used on one day."""
    return Key(user_pk(tenant_id, user_id), user_usage_sk(day, conversation_id))


def user_spending(tenant_id: str, user_id: str, window: str) -> Key:
    return Key(user_pk(tenant_id, user_id), f"spending#{window}")


def request(tenant_id: str, key_hash: str) -> Key:
    """The record that a POST which creates something was answered, by its idempotency key."""
    return Key(f"T#{tenant_id}#R#{key_hash}", "request")


# Conversations table: agents, datasets and their records, counters, connections.


def agents_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#A"


def agent(tenant_id: str, agent_id: str) -> Key:
    """An agent that serves one conversation only (`{conversation}:own`) lies and is swept with it."""
    conversation_id, colon, own = agent_id.partition(":")
    if colon:
        return Key(conversation_pk(tenant_id, conversation_id), f"agent#{own}")
    return Key(agents_pk(tenant_id), f"agent#{agent_id}")


def skillset(tenant_id: str, skillset_id: str) -> Key:
    """Beside the agents that use it."""
    return Key(agents_pk(tenant_id), f"skillset#{skillset_id}")


def webhooks_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#W"


def webhook(tenant_id: str, webhook_id: str) -> Key:
    return Key(webhooks_pk(tenant_id), f"webhook#{webhook_id}")


def datasets_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#D"


def dataset(tenant_id: str, dataset_id: str) -> Key:
    return Key(datasets_pk(tenant_id), f"dataset#{dataset_id}")


def records_pk(tenant_id: str, dataset_id: str) -> str:
    return f"T#{tenant_id}#D#{dataset_id}"


def record(tenant_id: str, dataset_id: str, record_id: str) -> Key:
    return Key(records_pk(tenant_id, dataset_id), f"record#{record_id}")


def change(tenant_id: str, dataset_id: str, version: int) -> Key:
    """Which records a version of a dataset changed. Beside the records, so that they go together."""
    return Key(records_pk(tenant_id, dataset_id), f"change#{padded(version)}")


# Conversations table: usage, budgets and what else a tenant decides.


def usage_pk(tenant_id: str, day: str) -> str:
    return f"T#{tenant_id}#Y#{day}"


def usage(tenant_id: str, day: str, conversation_id: str) -> Key:
    """What one conversation used on one day."""
    return Key(usage_pk(tenant_id, day), f"conversation#{conversation_id}")


def budgets_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#B"


def budget(tenant_id: str, kind: str, identifier: str) -> Key:
    return Key(budgets_pk(tenant_id), f"budget#{kind}#{identifier}")


def spending(tenant_id: str, kind: str, identifier: str, window: str) -> Key:
    """What is spent and reserved in a budget's period; a user's goes with the user."""
    if kind == "user":
        return user_spending(tenant_id, identifier, window)
    return Key(f"{budgets_pk(tenant_id)}#{window}", f"spending#{kind}#{identifier}")


def retention(tenant_id: str) -> Key:
    return Key(f"T#{tenant_id}#O", "retention")


# Conversations table: resources of the platform dialect, and lists by time of creation.


def documents_pk(tenant_id: str, kind: str, parent: str = "") -> str:
    return f"T#{tenant_id}#X#{kind}#{parent}" if parent else f"T#{tenant_id}#X#{kind}"


def document(tenant_id: str, kind: str, parent: str, document_id: str) -> Key:
    """Ids of documents begin with the time of their creation, so that key order is list order."""
    return Key(documents_pk(tenant_id, kind, parent), f"item#{document_id}")


def alias(tenant_id: str, kind: str, name: str) -> Key:
    return Key(f"T#{tenant_id}#X#{kind}@", f"alias#{name}")


def public_bot(bot_id: str) -> Key:
    """Whoever talks with a public bot says no more than its id, so this look-up yields the tenant."""
    return Key(f"PB#{bot_id}", "bot")


def trigger_by_hash(secret_hash: str) -> Key:
    """Whoever sends a trigger something says no more than its secret, so this look-up yields the tenant."""
    return Key(f"TS#{secret_hash}", "trigger")


def listing_pk(tenant_id: str, collection: str) -> str:
    return f"T#{tenant_id}#I#{collection}"


def listed(tenant_id: str, collection: str, created_at: int, identifier: str) -> Key:
    """An entry of a list by time of creation, for things whose own keys say nothing of it."""
    return Key(listing_pk(tenant_id, collection), f"{created_at:015d}#{identifier}")


def counter(tenant_id: str, name: str) -> Key:
    return Key(f"T#{tenant_id}#L#{name}", "counter")


def address_counter(name: str, address_hash: str) -> Key:
    """Counts a client's address before anybody knows which tenant it wants to reach."""
    return Key(f"IP#{name}#{address_hash}", "counter")


def visits_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#V"


def visit_sk(began_at: int, conversation_id: str) -> str:
    return f"visit#{began_at:015d}#{conversation_id}"


def visit(tenant_id: str, began_at: int, conversation_id: str) -> Key:
    """A conversation that began in a widget, filed by when (ms)."""
    return Key(visits_pk(tenant_id), visit_sk(began_at, conversation_id))


def slots_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#S"


def slot(tenant_id: str, number: int) -> Key:
    return Key(slots_pk(tenant_id), f"slot#{number:06d}")


def connection(connection_id: str) -> Key:
    return Key(f"N#{connection_id}", "connection")


def connection_counter(connection_id: str) -> Key:
    """Counts a connection's messages. Beside the connection, so that both can be asked for at once."""
    return Key(f"N#{connection_id}", "counter")


# Both tables.

HEALTH_PK = "HEALTH"
"""Where nothing is ever stored: the health check reads there, and may read nowhere else."""


# Identity table.

TENANTS_PK = "TENANTS"


def tenant(tenant_id: str) -> Key:
    return Key(TENANTS_PK, f"tenant#{tenant_id}")


def child(parent_id: str, email_hash: str) -> Key:
    """Which child a parent knows by an e-mail address."""
    return Key(f"T#{parent_id}#E", f"child#{email_hash}")


def api_keys_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#K"


def api_key(tenant_id: str, key_id: str) -> Key:
    return Key(api_keys_pk(tenant_id), f"key#{key_id}")


def api_key_by_hash(secret_hash: str) -> Key:
    return Key(f"K#{secret_hash}", "key")


def licenses_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#L"


def license_of(tenant_id: str, license_id: str) -> Key:
    return Key(licenses_pk(tenant_id), f"license#{license_id}")


def license_by_hash(text_hash: str) -> Key:
    return Key(f"L#{text_hash}", "license")


def service_keys_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#SK"


def service_key(tenant_id: str, key_id: str) -> Key:
    return Key(service_keys_pk(tenant_id), f"service-key#{key_id}")


def service_key_by_id(key_id: str) -> Key:
    """Clients send the id without the tenant, so this look-up yields the tenant."""
    return Key(f"SK#{key_id}", "service-key")


def spent_request(tenant_id: str | None, request_hash: str) -> Key:
    """Without a tenant where none is known yet."""
    return Key(f"Q#{request_hash}" if tenant_id is None else f"T#{tenant_id}#Q#{request_hash}", "spent")


def accounts_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#P"


def account(tenant_id: str, account_id: str) -> Key:
    return Key(accounts_pk(tenant_id), f"account#{account_id}")


def login_sessions_pk(tenant_id: str, account_id: str) -> str:
    return f"T#{tenant_id}#P#{account_id}"


def login_session(tenant_id: str, account_id: str, session_id: str) -> Key:
    return Key(login_sessions_pk(tenant_id, account_id), f"session#{session_id}")


def issuers_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#I"


def issuer(tenant_id: str, url_hash: str) -> Key:
    return Key(issuers_pk(tenant_id), f"issuer#{url_hash}")


def widget_keys_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#WK"


def widget_key_by_hash(text_hash: str) -> Key:
    return Key(f"WK#{text_hash}", "widget-key")


def admin_keys_pk(tenant_id: str) -> str:
    return f"T#{tenant_id}#AK"


def admin_key_by_hash(text_hash: str) -> Key:
    return Key(f"AK#{text_hash}", "admin-key")
