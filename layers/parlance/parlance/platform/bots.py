"""What can be done with a bot besides its life cycle."""

from parlance.http.answers import Answer
from parlance.http.group import Route
from parlance.http.requests import Request
from parlance.platform.bodies import body_of
from parlance.platform.callers import Caller
from parlance.platform.library import Library
from parlance.platform.memories import Memories
from parlance.platform.ratings import Ratings
from parlance.platform.routes import ROOT, done

_BOT = f"{ROOT}/bot/<reference>"


class BotCalls:
    """Copies, votes and memories of bots."""

    def __init__(self, library: Library) -> None:
        self._bots = library.engine("bot")
        self._ratings = Ratings(library)
        self._memories = Memories(library)

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_BOT}/clone", self.clone),
            Route("POST", f"{_BOT}/upvote", self.upvote),
            Route("POST", f"{_BOT}/downvote", self.downvote),
            Route("POST", f"{_BOT}/memory/search", self.search_memories),
        ]

    def clone(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        bot = self._bots.fetch(caller.tenant_id, reference)
        # An alias names one bot, so a copy has none.
        values = {name: value for name, value in bot.values.items() if name != "alias"}
        return done(self._bots.put(caller.tenant_id, values))

    def upvote(self, request: Request, caller: Caller, reference: str) -> Answer:
        return self._vote(request, caller, reference, 1)

    def downvote(self, request: Request, caller: Caller, reference: str) -> Answer:
        return self._vote(request, caller, reference, -1)

    def search_memories(self, request: Request, caller: Caller, reference: str) -> Answer:
        bot = self._bots.fetch(caller.tenant_id, reference)
        return self._memories.found(caller.tenant_id, body_of(request), {"botId": bot.id})

    def _vote(self, request: Request, caller: Caller, reference: str, direction: int) -> Answer:
        bot = self._bots.fetch(caller.tenant_id, reference)
        self._ratings.vote(caller.tenant_id, direction, body_of(request), {"botId": bot.id})
        return done(bot)
