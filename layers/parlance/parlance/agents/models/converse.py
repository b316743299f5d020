"""From a request of ours to the input of Converse."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from parlance.agents.models.base import ChatMessage, ModelRequest, Tool, ToolCall

_CACHE_POINT: Mapping[str, Any] = {"cachePoint": {"type": "default"}}


class _Guardrail(Protocol):
    id: str
    version: str
    mode: Any


class ConverseSettings(Protocol):
    """The settings that end up in the input."""

    model: str
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: list[str]
    extra: dict[str, Any]

    @property
    def guardrail(self) -> _Guardrail | None: ...

    @property
    def caches(self) -> bool: ...


def converse_input(request: ModelRequest, settings: ConverseSettings) -> dict[str, Any]:
    """Only what is set: Bedrock refuses empty parts."""
    parts = {
        "modelId": settings.model,
        "system": _system(request, caches=settings.caches),
        "messages": _messages(request, caches=settings.caches),
        "inferenceConfig": _inference(settings),
        "toolConfig": _tools(request, caches=settings.caches and "anthropic." in settings.model),
        "guardrailConfig": _guardrail(settings.guardrail),
        "additionalModelRequestFields": settings.extra,
    }
    return {name: part for name, part in parts.items() if part}


def _system(request: ModelRequest, *, caches: bool) -> list[Mapping[str, Any]]:
    """The cache point stands behind what is the same from turn to turn."""
    system: list[Mapping[str, Any]] = []
    if request.instructions.strip():
        system.append({"text": request.instructions})
        if caches:
            system.append(_CACHE_POINT)
    if request.context.strip():
        system.append({"text": request.context})
    return system


def _messages(request: ModelRequest, *, caches: bool) -> list[dict[str, Any]]:
    """A second cache point stands behind the conversation before the newest message."""
    messages = []
    for place, message in enumerate(request.messages):
        content = _content(message)
        if caches and place == len(request.messages) - 2 and content:
            content.append(_CACHE_POINT)
        if content:
            messages.append({"role": message.role, "content": content})
    return messages


def _content(message: ChatMessage) -> list[Mapping[str, Any]]:
    content: list[Mapping[str, Any]] = [
        {
            "toolResult": {
                "toolUseId": result.call_id,
                "content": [{"text": result.content or "(nothing)"}],
                "status": "error" if result.failed else "success",
            }
        }
        for result in message.results
    ]
    if message.content.strip():
        content.append({"text": message.content})
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": _arguments(call)}} for call in message.calls
    ]
    return content


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    """Converse wants an object back even where the model wrote none."""
    try:
        found = json.loads(call.arguments)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _inference(settings: ConverseSettings) -> dict[str, Any]:
    chosen = {
        "maxTokens": settings.max_tokens,
        "temperature": settings.temperature,
        "topP": settings.top_p,
        "stopSequences": settings.stop or None,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _tools(request: ModelRequest, *, caches: bool) -> dict[str, Any]:
    tools: list[Mapping[str, Any]] = [{"toolSpec": _spec(tool)} for tool in request.tools]
    if tools and caches:
        tools.append(_CACHE_POINT)
    choice: dict[str, Any] = {"toolChoice": {"any": {}}} if request.must_call else {}
    return {"tools": tools, **choice} if tools else {}


def _spec(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description.strip() else {}
    return {"name": tool.name, "inputSchema": {"json": dict(tool.parameters)}, **described}


def _guardrail(guardrail: _Guardrail | None) -> dict[str, Any]:
    if guardrail is None:
        return {}
    return {
        "guardrailIdentifier": guardrail.id,
        "guardrailVersion": guardrail.version,
        "streamProcessingMode": guardrail.mode,
    }
