"""Tickets: what their text says, and whom it lets in."""

import base64
import json

import pytest

from parlance.errors import ConflictError, NotFoundError, UnauthenticatedError, UnavailableError
from parlance.identity.model import Limits, Principal
from parlance.identity.tickets import LIFETIME_MS, TicketRequest, Tickets
from parlance.storage.table import ContendedError, UnansweredError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults
from tests.fakes.identity import CountingSecrets, MemoryTicketStore

_PRINCIPAL = Principal("tenant_1", "key_1", "hash", Limits())


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.faults = Faults()
        self.store = MemoryTicketStore()
        self.store.conversations |= {("tenant_1", "chat_1"), ("tenant_1", "chat_2"), ("tenant_2", "chat_1")}
        self.tickets = Tickets(
            self.faults.around(self.store), clock=self.clock, ids=CountingIds(), secrets=CountingSecrets()
        )

    def issue(
        self, *, chat: str = "chat_1", principal: Principal = _PRINCIPAL, request: TicketRequest | None = None
    ) -> str:
        return self.tickets.issue(principal, conversation_id=chat, user_id="alice", request=request).text


def test_a_ticket_is_bound_to_tenant_user_chat_and_key() -> None:
    bench = Bench()
    record = bench.tickets.redeem(bench.issue())
    assert (record.tenant_id, record.user_id, record.conversation_id) == ("tenant_1", "alice", "chat_1")
    assert record.key_hash == "hash"


def test_a_ticket_is_good_once_and_for_a_minute() -> None:
    bench = Bench()
    used, late = bench.issue(), bench.issue()
    bench.tickets.redeem(used)
    with pytest.raises(UnauthenticatedError):
        bench.tickets.redeem(used)
    bench.clock.advance(LIFETIME_MS / 1000 + 0.001)
    with pytest.raises(UnauthenticatedError):
        bench.tickets.redeem(late)


def _text(place: object, proof: str = "s") -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()
    return f"tk_{encoded}.{proof}"


@pytest.mark.parametrize(
    "text",
    [
        "", "tk_", "tk_.", "tk_a.", "tk_.a", "tk_!!!.a", "tk_AAA.a", "x" * 5000, "tk_é.a", "\ud800",
        _text({}), _text([]), _text(["tenant_1"]), _text(["tenant_1", 7]), _text(["", "chat_1"]),
        _text(["tenant_1", "chat_1"]), _text(["tenant_1", "chat_1"], "\x00"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        Bench().tickets.redeem(text)


def test_a_ticket_cannot_be_carried_elsewhere() -> None:
    bench = Bench()
    secret = bench.issue().partition(".")[2]
    for place in (["tenant_2", "chat_1"], ["tenant_1", "chat_2"]):
        with pytest.raises(UnauthenticatedError):
            bench.tickets.redeem(_text(place, secret))


def test_the_text_is_fit_for_a_url_and_not_printed() -> None:
    ticket = Bench().tickets.issue(_PRINCIPAL, conversation_id="chat_1", user_id="alice", request=None)
    assert set(ticket.text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert ticket.text not in repr(ticket)
    assert "secret" not in repr(TicketRequest("secret", "key", "body"))


class TestRepeats:
    def test_the_same_request_gets_the_same_ticket(self) -> None:
        bench = Bench()
        request = TicketRequest("pk_1", "k", "body")
        first = bench.tickets.issue(_PRINCIPAL, conversation_id="chat_1", user_id="alice", request=request)
        bench.clock.advance(30)
        assert bench.tickets.issue(_PRINCIPAL, conversation_id="chat_1", user_id="alice", request=request) == first

    def test_another_body_is_a_conflict(self) -> None:
        bench = Bench()
        bench.issue(request=TicketRequest("pk_1", "k", "body"))
        with pytest.raises(ConflictError):
            bench.issue(request=TicketRequest("pk_1", "k", "other"))

    def test_another_chat_or_caller_gets_another_ticket(self) -> None:
        bench = Bench()
        texts = {
            bench.issue(request=TicketRequest("pk_1", "k", "body")),
            bench.issue(request=TicketRequest("pk_1", "l", "body")),
            bench.issue(request=TicketRequest("pk_2", "k", "body")),
            bench.issue(request=TicketRequest("pk_1", "k", "body"), chat="chat_2"),
        }
        assert len({text.partition(".")[2] for text in texts}) == 4


class TestTrouble:
    def test_there_is_no_ticket_to_a_chat_that_is_not_there(self) -> None:
        with pytest.raises(NotFoundError):
            Bench().issue(chat="chat_9")

    def test_a_lost_answer_is_asked_for_again(self) -> None:
        bench = Bench()
        bench.faults.fail_before("put", UnansweredError("timed out"))
        bench.faults.fail_before("put", ContendedError("busy"), nth=2)
        assert bench.tickets.redeem(bench.issue()).user_id == "alice"

    def test_a_store_that_stays_silent_is_unavailable(self) -> None:
        bench = Bench()
        for nth in range(1, 9):
            bench.faults.fail_before("put", UnansweredError("timed out"), nth=nth)
        with pytest.raises(UnavailableError):
            bench.issue()
