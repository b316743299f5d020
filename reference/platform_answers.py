"""What the calls of the platform dialect answer that no declaration describes, as models."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ErrorDetail(_Answered):
    message: str
    code: str


class PlatformError(_Answered):
    """Clients read `message` and `code` at the top; `error` repeats them."""

    message: str
    code: str
    error: ErrorDetail


class Done(_Answered):
    """What was made, changed, deleted or acted on."""

    id: str


class EmptyPage(_Answered):
    """A list that never holds anything."""

    items: list[Any] = Field(max_length=0)
    cursor: Literal[""]


class NothingFound(_Answered):
    items: list[Any] = Field(max_length=0)


class FoundRecord(_Answered):
    id: str
    text: str
    source: str | None = None
    meta: dict[str, Any] | None = None
    score: float = Field(description="Between 0 and 1")


class FoundRecords(_Answered):
    id: str = Field(description="The dataset's")
    records: list[FoundRecord]


class FoundMemory(_Answered):
    id: str
    text: str
    meta: dict[str, Any]


class FoundMemories(_Answered):
    items: list[FoundMemory]


class SessionOpened(_Answered):
    """The token is shown once."""

    id: str
    token: str
    expiresAt: int = Field(description="ms since 1970")  # noqa: N815 - the dialect's own spelling, here and below


class BotSessionOpened(SessionOpened):
    """A conversation with the bot, and the session of whoever may talk in it."""

    conversationId: str  # noqa: N815
    messages: list[dict[str, Any]]


class MessageCreated(Done):
    entities: list[dict[str, Any]]


class Tokens(_Answered):
    token: int


class End(_Answered):
    reason: Literal["stop", "length", "abort", "error", "iteration"]


class CalledFunction(_Answered):
    id: str
    name: str
    args: Any


class Completed(_Answered):
    """An answer. `id` is the kept message's; `error` says why there is none."""

    id: str | None = None
    text: str
    usage: Tokens
    meta: dict[str, Any] | None = Field(default=None, description="`sources` are what the answer rests on")
    functions: list[CalledFunction] | None = Field(default=None, description="Calls that are left to the client")
    end: End | None = None
    error: ErrorDetail | None = None


class MessageSent(MessageCreated):
    text: str
    usage: Tokens


class Dispatched(_Answered):
    channelId: str = Field(description="Subscribe to it to hear the answer")  # noqa: N815


class DispatchedConversation(Dispatched):
    conversationId: str = Field(description="Where the messages are kept for a day")  # noqa: N815


class AbilityResult(_Answered):
    """`error` says what a tool failed of."""

    usage: Tokens
    result: Any = None
    error: str | None = None
    messages: list[Any]


class UploadRequest(_Answered):
    """The request that brings the content; whoever has it needs nothing else."""

    method: str
    url: str
    headers: dict[str, str]


class Upload(Done):
    uploadRequest: UploadRequest | None = None  # noqa: N815


class AttachmentUpload(Upload):
    name: str = Field(description="As announced; empty if it has none")


class Address(_Answered):
    url: str


class Execution(Done):
    taskId: str  # noqa: N815


class Invocation(Done):
    conversationId: str  # noqa: N815


class Event(BaseModel):
    """Besides these fields it has the ids of what it is about, such as `botId`."""

    id: str
    createdAt: int  # noqa: N815
    updatedAt: int  # noqa: N815
    type: str
    meta: dict[str, Any] | None = None


class Use(Event):
    """An event of the type `token`."""

    count: int


class EventPage(_Answered):
    items: list[Event]
    cursor: str


class UsePage(_Answered):
    items: list[Use]
    cursor: str


class SecretStatus(_Answered):
    id: str
    status: Literal["authenticated", "unauthenticated"]


class ConversationUsage(_Answered):
    tokens: int
    messages: int


class UsageTotal(ConversationUsage):
    conversations: int


class Holdings(_Answered):
    datasets: int
    records: int
    skillsets: int
    abilities: int
    files: int
    users: int


class AccountUsage(UsageTotal):
    database: Holdings


class DayTotal(_Answered):
    date: int = Field(description="When the day began, ms since 1970")
    total: int


class UsageSeries(_Answered):
    tokens: list[DayTotal]
    conversations: list[DayTotal]
    messages: list[DayTotal]


class ReportError(_Answered):
    error: str


class OpenAiModel(_Answered):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class OpenAiModels(_Answered):
    object: Literal["list"]
    data: list[OpenAiModel]


class OpenAiErrorDetail(_Answered):
    message: str
    type: str
    param: str | None
    code: str


class OpenAiError(_Answered):
    error: OpenAiErrorDetail


class OpenAiCompletion(BaseModel):
    """`chat.completion` of OpenAI's API reference."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]
