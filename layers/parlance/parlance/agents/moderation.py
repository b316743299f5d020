"""Checks on what users say and what models answer, for any model.

A guardrail that belongs to a Bedrock model is better set in that model's own settings: it reads the stream on its way.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parlance.agents.calls import ReplyEvent
from parlance.agents.counting import estimated_tokens
from parlance.agents.models.base import Completed, ModelEvent, ModelMisconfiguredError, TextDelta

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

type Side = Literal["input", "output"]

_HELD_BACK = 400
"""Characters of an answer that are read together before they are shown."""
_OVERLAP = 100
"""Characters that were shown and are read again, so that nothing hides on a border."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sides: list[Side] = Field(default=["input", "output"], min_length=1)
    message: str = Field(default="I cannot talk about this.", min_length=1, max_length=1_000)


class GuardrailSettings(_Settings):
    """A Bedrock guardrail, asked by ApplyGuardrail."""

    kind: Literal["bedrock_guardrail"]
    id: str = Field(min_length=1, max_length=2_048)
    version: str = Field(default="DRAFT", pattern=r"^(DRAFT|[1-9][0-9]{0,7})$")


class PhraseSettings(_Settings):
    """Phrases that may not be said, whatever their case and the space between their words."""

    kind: Literal["phrases"]
    phrases: list[str] = Field(min_length=1, max_length=500)


type ModerationSettings = Annotated[GuardrailSettings | PhraseSettings, Field(discriminator="kind")]
_SETTINGS: TypeAdapter[ModerationSettings] = TypeAdapter(ModerationSettings)


class Check(Protocol):
    """Whether a text may pass. Raises ModelError where that cannot be found out: then nothing passes."""

    def passes(self, text: str, side: Side) -> bool: ...


class GuardrailCheck:
    """By Amazon Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html."""

    def __init__(self, settings: GuardrailSettings, client: Callable[[], "BedrockRuntimeClient"]) -> None:
        self._settings = settings
        self._client = client

    def passes(self, text: str, side: Side) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where a guardrail is set

        try:
            answer = self._client().apply_guardrail(
                guardrailIdentifier=self._settings.id,
                guardrailVersion=self._settings.version,
                source="INPUT" if side == "input" else "OUTPUT",
                content=[{"text": {"text": text}}],
            )
        except (BotoCoreError, ClientError) as error:
            raise ModelMisconfiguredError(f"the guardrail cannot be asked: {type(error).__name__}") from error
        return answer["action"] != "GUARDRAIL_INTERVENED"


class PhraseCheck:
    """By a list; needs nobody."""

    def __init__(self, settings: PhraseSettings) -> None:
        phrases = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in settings.phrases)
        self._forbidden = re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)

    def passes(self, text: str, side: Side) -> bool:  # noqa: ARG002
        return self._forbidden.search(text) is None


def moderation_from(given: Mapping[str, Any]) -> ModerationSettings:
    """Raises ModelMisconfiguredError."""
    try:
        return _SETTINGS.validate_python(dict(given))
    except ValidationError as error:
        names = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()}))
        raise ModelMisconfiguredError(f"the moderation's settings are missing or wrong: {names}") from None


class Moderation:
    """One agent's check, on the sides that it is set for."""

    def __init__(self, settings: ModerationSettings, check: Check) -> None:
        self._settings = settings
        self._check = check

    def stands_in(self, content: str) -> Iterator[ModelEvent] | None:
        """The answer to a message that may not pass; None for one that may."""
        if "input" not in self._settings.sides or self._check.passes(content, "input"):
            return None
        return iter(self._blocked("input", Completed(0, 0)))

    def moderated(self, events: Iterator[ReplyEvent]) -> Iterator[ReplyEvent]:
        """The stream, held back until each stretch has been read. What may not pass ends it, and the model's call."""
        if "output" not in self._settings.sides:
            yield from events
            return
        shown, held = "", ""
        for event in events:
            if isinstance(event, TextDelta):
                held += event.text
                if len(held) < _HELD_BACK:
                    continue
            if held and not self._check.passes(shown[-_OVERLAP:] + held, "output"):
                close = getattr(events, "close", None)
                if close is not None:
                    close()
                end = event if isinstance(event, Completed) else Completed(0, estimated_tokens(shown + held))
                yield from self._blocked("output", end)
                return
            if held:
                yield TextDelta(held)
            shown, held = shown + held, ""
            if not isinstance(event, TextDelta):
                yield event

    def _blocked(self, side: Side, end: Completed) -> list[ModelEvent]:
        metadata = {**end.metadata, "moderation": side}
        if not end.input_tokens and end.output_tokens:
            metadata["usage_estimated"] = True
        return [
            TextDelta(self._settings.message),
            Completed(end.input_tokens, end.output_tokens, metadata, stop="filtered"),
        ]
