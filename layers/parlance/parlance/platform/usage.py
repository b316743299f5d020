"""How much an account holds, and what it has used. Counted from what is stored."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from typing import Any

from parlance.clock import Clock, day_of
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.event_log import COMPLETION
from parlance.platform.events import event_view
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery, query_of
from parlance.platform.paths import ROOT
from parlance.platform.routes import listed
from parlance.usage.port import UsageStore

_DAY_MS = 24 * 3600 * 1000
_DAYS = 30
_ALL = ListQuery()


@dataclass(frozen=True, slots=True)
class Total:
    """What some conversations have used."""

    tokens: int
    conversations: int
    messages: int


def total_of(conversations: Iterable[Document]) -> Total:
    counted = list(conversations)
    return Total(
        tokens=sum(one.values.get("tokenCount", 0) for one in counted),
        conversations=len(counted),
        messages=sum(one.values.get("messageCount", 0) for one in counted),
    )


class BotUsage:
    """What the conversations with one bot have used."""

    def __init__(self, library: Library) -> None:
        self._bots = library.engine("bot")
        self._conversations = library.engine("conversation")

    def fetch(self, _: Request, caller: Caller, reference: str) -> Answer:
        bot = self._bots.fetch(caller.tenant_id, reference)
        talked = self._conversations.walk(caller.tenant_id, ListQuery(filters={"botId": [bot.id]}))
        used = total_of(talked)
        return Answer(200, {"tokens": used.tokens, "conversations": used.conversations, "messages": used.messages})


class UsageCalls:
    """Usage of the account."""

    def __init__(self, library: Library, usage: UsageStore, clock: Clock) -> None:
        self._library = library
        self._usage = usage
        self._clock = clock
        self._events = library.engine("event")
        self._conversations = library.engine("conversation")

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{ROOT}/usage/fetch", self.fetch),
            Route("GET", f"{ROOT}/usage/list", self.listing),
            Route("GET", f"{ROOT}/usage/series/fetch", self.series),
        ]

    def fetch(self, _: Request, caller: Caller) -> Answer:
        used = total_of(self._conversations.walk(caller.tenant_id, _ALL))
        return Answer(
            200,
            {
                "tokens": used.tokens,
                "conversations": used.conversations,
                "messages": used.messages,
                "database": self._database(caller.tenant_id),
            },
        )

    def listing(self, request: Request, caller: Caller) -> Answer:
        """The tokens of every attempt at an answer, as long as the event log has it."""
        query = replace(query_of(request), filters={"type": [COMPLETION]})
        return listed(request, self._events, caller.tenant_id, query, _use)

    def series(self, _: Request, caller: Caller) -> Answer:
        """Of the last 30 days (UTC) on which there was anything: tokens when they were used, and what began then."""
        first = (self._clock.now() // _DAY_MS - _DAYS + 1) * _DAY_MS
        days = [first + number * _DAY_MS for number in range(_DAYS)]
        tokens = {day: self._tokens(caller.tenant_id, day) for day in days}
        recent = takewhile(
            lambda conversation: conversation.created_at >= first, self._conversations.walk(caller.tenant_id, _ALL)
        )
        begun = {day * _DAY_MS: total_of(some) for day, some in groupby(recent, lambda one: one.created_at // _DAY_MS)}
        return Answer(
            200,
            {
                "tokens": [{"date": day, "total": total} for day, total in tokens.items() if total],
                "conversations": [{"date": day, "total": begun[day].conversations} for day in days if day in begun],
                "messages": [{"date": day, "total": begun[day].messages} for day in days if day in begun],
            },
        )

    def _tokens(self, tenant_id: str, day: int) -> int:
        rows = self._usage.of_day(tenant_id, day_of(day))
        return sum(row.usage.input_tokens + row.usage.output_tokens for row in rows)

    def _database(self, tenant_id: str) -> dict[str, int]:
        datasets = list(self._library.engine("dataset").walk(tenant_id, _ALL))
        skillsets = list(self._library.engine("skillset").walk(tenant_id, _ALL))
        return {
            "datasets": len(datasets),
            "records": sum(dataset.values.get("recordCount", 0) for dataset in datasets),
            "skillsets": len(skillsets),
            "abilities": sum(self._count(tenant_id, "ability", skillset.id) for skillset in skillsets),
            "files": self._count(tenant_id, "file"),
            "users": 1,
        }

    def _count(self, tenant_id: str, kind: str, parent: str = "") -> int:
        return sum(1 for _ in self._library.engine(kind).walk(tenant_id, _ALL, parent=parent))


def _use(event: Document) -> dict[str, Any]:
    told = event_view(event)
    counted = told.get("meta", {})
    return {**told, "type": "token", "count": counted.get("inputTokens", 0) + counted.get("outputTokens", 0)}
