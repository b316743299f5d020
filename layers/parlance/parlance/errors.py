"""The error tree. Each dialect has one table that turns these into its own envelope."""

from collections.abc import Mapping


class ParlanceError(Exception):
    """Something a caller can be told about: `message` is written for them and carries no internals."""

    def __init__(self, message: str, *, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})


class InvalidInputError(ParlanceError):
    """The request is malformed or a value in it is not allowed."""


class MissingParameterError(InvalidInputError):
    """A parameter that the call needs was not sent."""


class TooLargeError(InvalidInputError):
    """The content is longer than the dialect allows."""


class UnauthenticatedError(ParlanceError):
    """No credential, or one that is unknown or revoked."""


class ForbiddenError(ParlanceError):
    """A valid credential that does not reach this far."""


class NotFoundError(ParlanceError):
    """No such thing, or one that belongs to another tenant: the caller cannot tell which.

    `kind` names the thing in lower case ("chat", "agent", "turn", "user").
    """

    def __init__(self, kind: str, message: str | None = None, *, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message or f"{kind.capitalize()} not found", details=details)
        self.kind = kind


class ConflictError(ParlanceError):
    """The request contradicts what is already there, as an idempotency key reused with another body does."""


class RateLimitedError(ParlanceError):
    """Too many requests; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, details={"retry_after": retry_after})
        self.retry_after = retry_after


class BudgetExceededError(ParlanceError):
    """What a tenant, one of its agents or one of its users may spend is spent: only a larger budget or time helps."""


class TooManyConnectionsError(ParlanceError):
    """Every connection slot of the tenant is taken."""


class AgentError(ParlanceError):
    """The agent could not answer: its model failed, refused or is not configured."""


class AgentTimeoutError(AgentError):
    """The agent did not answer within its time."""


class UnavailableError(ParlanceError):
    """A dependency did not answer in time; the same request may succeed later."""
