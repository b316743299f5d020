"""What operators may read, under an admin key: the conversations that visitors have had."""

from parlance.conversations.port import ConversationStore
from parlance.errors import InvalidInputError, NotFoundError, RateLimitedError
from parlance.http.answers import Answer
from parlance.http.rate_headers import rate_headers
from parlance.http.requests import Request
from parlance.http.routes import Admission, RefusedError, Route
from parlance.identity.web_keys import AdminKey, AdminKeys
from parlance.limits.port import TenantCounter
from parlance.limits.rates import RateLimiter
from parlance.widget import views
from parlance.widget.gate import key_in
from parlance.widget.port import VisitLog
from parlance.widget.sessions import check_conversation_id

ROOT = "/v1/admin/conversations"
_LIST_MAX = 200
_LIST_USUAL = 50
_MESSAGES_MAX = 200
_OFFSET_MAX = 10**9
_WINDOW_SECONDS = 60
_PER_MINUTE = 100
_POLICY = "widget-admin"


class AdminGate:
    """Lets operators in. Their key is a secret that no page may hold, so browsers elsewhere are told nothing."""

    def __init__(self, keys: AdminKeys, limiter: RateLimiter) -> None:
        self._keys = keys
        self._limiter = limiter

    def __call__(self, request: Request) -> Admission[AdminKey]:
        """Raises UnauthenticatedError, or RefusedError when the limit is used up."""
        key = self._keys.verify(key_in(request))
        counter = TenantCounter(key.tenant_id, _POLICY)
        allowance = self._limiter.hit(counter, limit=_PER_MINUTE, window_seconds=_WINDOW_SECONDS)
        headers = rate_headers(_POLICY, allowance)
        if not allowance.allowed:
            raise RefusedError(RateLimitedError("Too many.", retry_after=allowance.reset_seconds), headers)
        return Admission(key, headers)


class WidgetAdmin:
    """The operators' calls. Each reaches only the tenant of its key."""

    def __init__(self, conversations: ConversationStore, visits: VisitLog) -> None:
        self._conversations = conversations
        self._visits = visits

    def routes(self) -> list[Route[AdminKey]]:
        return [
            Route("GET", ROOT, self.conversations),
            Route("GET", f"{ROOT}/<conversation_id>", self.conversation),
        ]

    def conversations(self, request: Request, key: AdminKey) -> Answer:
        limit = _number(request, "limit", usual=_LIST_USUAL, highest=_LIST_MAX, lowest=1)
        found = self._visits.newest(key.tenant_id, limit=limit)
        return Answer(200, {"conversations": [views.conversation(one) for one in found]})

    def conversation(self, request: Request, key: AdminKey, conversation_id: str) -> Answer:
        """One conversation with a page of its messages, oldest first."""
        offset = _number(request, "offset", usual=0, highest=_OFFSET_MAX, lowest=0)
        limit = _number(request, "limit", usual=_MESSAGES_MAX, highest=_MESSAGES_MAX, lowest=1)
        check_conversation_id(conversation_id)
        chat = self._conversations.get(key.tenant_id, conversation_id)
        if chat is None:
            raise NotFoundError("chat")
        first, last = offset + 1, min(offset + limit, chat.newest_message)
        found = self._conversations.messages(key.tenant_id, chat.id, first=first, last=last, order="asc")
        shown = {"messages": [views.message(one) for one in found], "hasMore": last < chat.newest_message}
        return Answer(200, views.conversation(chat) | shown)


def _number(request: Request, name: str, *, usual: int, highest: int, lowest: int) -> int:
    text = request.query(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and lowest <= int(text) <= highest):
        raise InvalidInputError(f"{name} must be a number from {lowest} to {highest}.")
    return int(text)
