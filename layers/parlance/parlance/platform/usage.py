"""How much an account holds, and what its conversations have used. Counted from what is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, page_answer

_DAY_MS = 24 * 3600 * 1000
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


class UsageCalls:
    """Usage of the account, and of one bot."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._bots = library.engine("bot")
        self._conversations = library.engine("conversation")

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{ROOT}/usage/fetch", self.fetch),
            Route("GET", f"{ROOT}/usage/list", self.nothing),
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

    def nothing(self, request: Request, _: Caller) -> Answer:
        """Single uses are not written down."""
        return lines_answer([]) if wanted_form(request) is Form.LINES else page_answer([], "")

    def series(self, _: Request, caller: Caller) -> Answer:
        """By the day on which a conversation began."""
        oldest_first = self._conversations.walk(caller.tenant_id, ListQuery(newest_first=False))
        days = {
            day * _DAY_MS: total_of(begun)
            for day, begun in groupby(oldest_first, lambda conversation: conversation.created_at // _DAY_MS)
        }
        return Answer(
            200,
            {
                name: [{"date": day, "total": getattr(used, name)} for day, used in days.items()]
                for name in ("tokens", "conversations", "messages")
            },
        )

    def of_bot(self, _: Request, caller: Caller, reference: str) -> Answer:
        bot = self._bots.fetch(caller.tenant_id, reference)
        talked = self._conversations.walk(caller.tenant_id, ListQuery(filters={"botId": [bot.id]}))
        used = total_of(talked)
        return Answer(200, {"tokens": used.tokens, "conversations": used.conversations, "messages": used.messages})

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
