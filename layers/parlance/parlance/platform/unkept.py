"""Answers from what a request holds: nothing is kept but what they used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from parlance.agents.answering import Answering
from parlance.agents.calls import ReplyEvent
from parlance.agents.context import TurnContext
from parlance.agents.definitions import Agent, AgentReader
from parlance.agents.metering import Meter
from parlance.agents.models.base import Cancellation, ChatMessage, ModelError, ModelTimeoutError
from parlance.errors import AgentError, AgentTimeoutError, InvalidInputError
from parlance.logs import logger


class Account(Meter, Protocol):
    """What one answer may use, and has used."""

    def close(self) -> None:
        """Settle and record it, however the answer ended."""
        ...


class Accounts(Protocol):
    """Who pays for answers that are not kept."""

    def open(self, agent: Agent, user_id: str, said: Sequence[str], content: str) -> Account:
        """Reserve what one answer may use at the most. Raises BudgetExceededError, ContendedError, UnansweredError."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be answered: `content`, after the history. It is empty where the history ends with results of calls.

    `user_id` is empty where nobody said who asks.
    """

    agent: Agent
    history: Sequence[ChatMessage]
    content: str
    context: TurnContext = field(default_factory=TurnContext)
    user_id: str = ""


class Unkept:
    """Has an agent answer once."""

    def __init__(self, answering: Answering, agents: AgentReader, accounts: Accounts) -> None:
        """`agents` are those that the one who answers may ask."""
        self._answering = answering
        self._agents = agents
        self._accounts = accounts

    def check_model(self, agent: Agent) -> None:
        """Before anything is sent: a model that is not configured is the caller's to put right."""
        names = self._answering.models.names
        if agent.model not in names:
            raise InvalidInputError(f"model: there is none of this name; there are {', '.join(names)}")

    def answer(self, asked: Asked) -> Iterator[ReplyEvent]:
        """To be read to its end.

        Raises BudgetExceededError at once, and AgentError, AgentTimeoutError or BudgetExceededError before the end.
        """
        said = [message.content for message in asked.history]
        account = self._accounts.open(asked.agent, asked.user_id, said, asked.content)
        return self._events(asked, account)

    def _events(self, asked: Asked, account: Account) -> Iterator[ReplyEvent]:
        cancellation = Cancellation()
        try:
            yield from self._answering.responder(_Also(asked.agent, self._agents)).respond(
                tenant_id=asked.agent.tenant_id,
                agent_id=asked.agent.id,
                history=asked.history,
                content=asked.content,
                cancellation=cancellation,
                context=asked.context,
                meter=account,
            )
        except ModelError as error:
            logger.warning("model failed", error=type(error).__name__, why=str(error))
            if isinstance(error, ModelTimeoutError):
                raise AgentTimeoutError("The model did not answer in time.") from error
            raise AgentError("The model could not answer.") from error
        finally:
            cancellation.request()
            account.close()


@dataclass(frozen=True, slots=True)
class _Also:
    """An AgentReader that knows one agent more, which may be made for a request and stored nowhere."""

    agent: Agent
    others: AgentReader

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return self.agent if agent_id == self.agent.id else self.others.get(tenant_id, agent_id)
