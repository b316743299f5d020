"""Memories: what bots keep about the people they talk to."""

from collections.abc import Mapping
from typing import Any

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.fields import Sent
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.paths import ROOT
from parlance.platform.searching import ranked_texts

_FOUND_MAX = 20


class Search(Sent):
    search: str
    contactId: str | None = None  # noqa: N815 - the wire's name
    botId: str | None = None  # noqa: N815 - the wire's name


class Memories:
    """Search in memories."""

    def __init__(self, library: Library) -> None:
        self._engine = library.engine("memory")

    def routes(self) -> list[Route[Caller]]:
        return [Route("POST", f"{ROOT}/memory/search", self.search)]

    def search(self, request: Request, caller: Caller) -> Answer:
        return self.found(caller.tenant_id, body_of(request), {})

    def found(self, tenant_id: str, body: dict[str, Any], of: Mapping[str, str]) -> Answer:
        """The best memories for a text, of the contact and the bot that are named. Raises InvalidInputError."""
        asked = read(Search, body)
        named = {"contactId": asked.contactId, "botId": asked.botId, **of}
        query = ListQuery(filters={name: [value] for name, value in named.items() if value})
        memories = list(self._engine.walk(tenant_id, query))
        best = ranked_texts((memory.values["text"] for memory in memories), asked.search, _FOUND_MAX)
        items = [
            {"id": memories[at].id, "text": memories[at].values["text"], "meta": memories[at].values.get("meta", {})}
            for at in best
        ]
        return Answer(200, {"items": items})
