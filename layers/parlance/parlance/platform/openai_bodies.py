"""What an OpenAI client sends, and what it means to an agent.

Names and shapes are those of OpenAI's API reference for `POST /chat/completions`. What only some models know is passed
over; what would change an answer that we cannot change so is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parlance.agents.context import ClientFunction, TurnContext
from parlance.agents.models.base import ChatMessage, ToolCall, ToolResult
from parlance.errors import InvalidInputError
from parlance.platform.messages import MESSAGES_MAX

_TOOLS_MAX = 128
_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


class _Lenient(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class Part(_Lenient):
    """A part of a message. Parts that are no text are refused: nothing here can look at them."""

    type: Literal["text", "refusal"]
    text: str | None = None


class CalledFunction(_Lenient):
    name: str
    arguments: str


class MadeCall(_Lenient):
    """A call that an earlier answer asked for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class OpenAiMessage(_Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    tool_calls: list[MadeCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class OfferedFunction(_Lenient):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class OfferedTool(_Lenient):
    """A function that the client executes."""

    type: Literal["function"]
    function: OfferedFunction


class ChosenFunction(_Lenient):
    name: str


class ChosenTool(_Lenient):
    """The one function that the answer must call."""

    type: Literal["function"]
    function: ChosenFunction


class ResponseFormat(BaseModel):
    """Handed to the model's provider as it came."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", hide_input_in_errors=True)

    type: Literal["text", "json_object", "json_schema"]


class StreamOptions(_Lenient):
    include_usage: bool | None = None


class ChatCompletion(_Lenient):
    """`user` and its successor `safety_identifier` say who asks: usage and budgets are theirs.

    `functions` are what `tools` were called before; nobody would hear of a call.
    """

    model: str
    messages: Annotated[list[OpenAiMessage], Field(min_length=1, max_length=MESSAGES_MAX)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: Literal[1] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: int | None = None
    response_format: ResponseFormat | None = None
    functions: Annotated[list[Any], Field(max_length=0)] | None = None
    tools: Annotated[list[OfferedTool], Field(max_length=_TOOLS_MAX)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    user: Annotated[str, Field(max_length=256)] | None = None
    safety_identifier: Annotated[str, Field(max_length=256)] | None = None

    @property
    def instructions(self) -> str:
        return "\n\n".join(one.text for one in self.messages if one.role in {"system", "developer"})

    @property
    def sampling(self) -> Mapping[str, Any]:
        """What was asked of any language model, by the names of our settings."""
        asked = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_completion_tokens or self.max_tokens,
            "stop": [self.stop] if isinstance(self.stop, str) else self.stop,
        }
        return {name: value for name, value in asked.items() if value is not None}

    @property
    def is_in_form(self) -> bool:
        """Whether more than a text is wanted."""
        return self.response_format is not None and self.response_format.type != "text"


def context_of(asked: ChatCompletion) -> TurnContext:
    """The client's functions, and which of them the answer must call. Raises InvalidInputError."""
    functions = _functions(asked.tools or [])
    match asked.tool_choice:
        case "none":
            functions = []
        case "required" if not functions:
            raise InvalidInputError("tool_choice: there are no tools to choose from")
        case ChosenTool(function=chosen):
            functions = [one for one in functions if one.name == chosen.name]
            if not functions:
                raise InvalidInputError("tool_choice: none of the tools has this name")
    must_call = asked.tool_choice == "required" or isinstance(asked.tool_choice, ChosenTool)
    return TurnContext(functions=tuple(functions), must_call=must_call, instructions=asked.instructions)


def _functions(tools: Sequence[OfferedTool]) -> list[ClientFunction]:
    from parlance.agents.tools.arguments import SchemaError, check_schema  # noqa: PLC0415 - only who brings tools needs it

    found: dict[str, ClientFunction] = {}
    for place, tool in enumerate(tools):
        offered, where = tool.function, f"tools.{place}.function"
        if offered.name in found:
            raise InvalidInputError(f"{where}.name: two tools have this name")
        parameters = offered.parameters or _NO_PARAMETERS
        try:
            check_schema(parameters)
        except SchemaError as error:
            raise InvalidInputError(f"{where}.parameters: no JSON Schema of an object: {error}") from None
        found[offered.name] = ClientFunction(offered.name, offered.description or "", parameters)
    return list(found.values())


def history_of(messages: Sequence[OpenAiMessage]) -> tuple[Sequence[ChatMessage], str]:
    """What was said before, and what is to be answered, empty where the results of calls come last.

    Raises InvalidInputError where a result has no call or a call no result.
    """
    told = list(_told(messages))
    last = told[-1] if told else None
    if last is None or last.role == "assistant":
        raise InvalidInputError("messages: the last one must be the user's or the result of a call")
    if last.results:
        return told, ""
    return told[:-1], last.content


def _told(messages: Sequence[OpenAiMessage]) -> Iterator[ChatMessage]:
    """Results that follow each other become one message, as models of ours are told them."""
    awaited: list[str] = []
    results: list[ToolResult] = []
    for place, message in enumerate(messages):
        if message.role in {"system", "developer"}:
            continue
        if message.role == "tool":
            if message.tool_call_id not in awaited:
                raise InvalidInputError(f"messages.{place}.tool_call_id: names no call that waits for its result")
            awaited.remove(message.tool_call_id)
            results.append(ToolResult(message.tool_call_id, message.text))
            if not awaited:
                yield ChatMessage("user", "", results=tuple(results))
                results = []
            continue
        if awaited:
            raise InvalidInputError(f"messages.{place}: a call before it has no result; each needs one of role tool")
        calls = message.tool_calls if message.role == "assistant" else None
        awaited = [call.id for call in calls or ()]
        if calls or message.text:
            yield _message(message, calls or ())
    if awaited:
        raise InvalidInputError("messages: the last call has no result; each needs one of role tool")


def _message(message: OpenAiMessage, calls: Sequence[MadeCall]) -> ChatMessage:
    made = tuple(ToolCall(call.id, call.function.name, call.function.arguments) for call in calls)
    return ChatMessage("assistant" if message.role == "assistant" else "user", message.text, calls=made)
