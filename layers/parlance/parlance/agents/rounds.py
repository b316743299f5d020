"""A model and its tools in turns, until it has answered.

A round is one call of the model. What it says before it calls tools is part of the answer; what its tools say goes
back to it as material. The number of rounds is bounded, and so is how much one round may call. When a budget has no
room for another round, the model is asked once more, to answer with what it has.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from parlance.agents.calls import Called, Calling, ReplyEvent
from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    ModelBrokenError,
    ModelEvent,
    TextDelta,
    ToolCall,
    ToolResult,
)
from parlance.agents.prompts import material
from parlance.agents.tools.box import ToolBox
from parlance.errors import BudgetExceededError

CALLS_A_ROUND = 8
_GO_ON = "Go on exactly where your answer was cut off, without repeating anything."
_NO_MORE = "No more tools can be called in this turn. Answer with what you have."


class Speak(Protocol):
    def __call__(self, exchange: Sequence[ChatMessage], *, goes_on: bool) -> Iterator[ModelEvent]:
        """From what came of tools so far, as messages, to the model's next answer; `goes_on` if it may call tools.

        Raises BudgetExceededError before the first event.
        """
        ...


@dataclass(slots=True)
class _Tally:
    """What all rounds used, and what the last one said of itself."""

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    def add(self, end: Completed) -> None:
        self.input_tokens += end.input_tokens
        self.output_tokens += end.output_tokens
        self.estimated = self.estimated or bool(end.metadata.get("usage_estimated"))

    def settled(self, end: Completed, **more: object) -> Completed:
        metadata = {**end.metadata, **({"usage_estimated": True} if self.estimated else {}), **more}
        return replace(end, input_tokens=self.input_tokens, output_tokens=self.output_tokens, metadata=metadata)


class Rounds:
    """One turn's exchange between a model and a box of tools. `key` marks what tools say as material.

    Without `max_calls` the rounds alone bound what is called. An answer that was cut off is gone on with up to
    `max_continuations` times.
    """

    def __init__(
        self,
        speak: Speak,
        box: ToolBox,
        *,
        max_rounds: int,
        key: str,
        cancellation: Cancellation,
        max_calls: int | None = None,
        max_continuations: int = 0,
    ) -> None:
        self._speak = speak
        self._box = box
        self._max_rounds = max_rounds
        self._calls_left = CALLS_A_ROUND * max_rounds if max_calls is None else max_calls
        self._continuations_left = max_continuations
        self._key = key
        self._cancellation = cancellation
        self._tally = _Tally()
        self._exchange: list[ChatMessage] = []
        self._budget_limit = False

    def run(self) -> Iterator[ReplyEvent]:
        """Everything said and called, and one Completed for the whole. Raises ModelError.

        After a cancellation the end tells what was used until then; without any use there may be none.
        """
        left = self._max_rounds
        while True:
            try:
                goes_on = left > 0 and self._calls_left > 0 and not self._box.is_empty
                said, end = yield from self._whole_round(goes_on=goes_on)
            except BudgetExceededError:
                if left == 0 or not self._exchange:
                    raise
                left = 0
                self._budget_limit = True
                self._forbid_more()
                continue
            if end is None or self._cancellation.requested or end.stop != "calls" or not end.calls:
                yield from self._ended(end)
                return
            handed_over = [call for call in end.calls if self._box.is_handed_over(call)]
            if handed_over:
                # The client will answer for its calls in what it sends next; the model may repeat the others then.
                yield from (Called(call, "handed_over", "", 0) for call in handed_over)
                yield self._settled(replace(end, calls=tuple(handed_over)))
                return
            if left == 0 or not self._calls_left:
                if not said:
                    raise ModelBrokenError("the model calls tools and does not answer")
                yield self._settled(replace(end, calls=(), stop="length"), tool_limit=True)
                return
            yield from self._call(said, end.calls)
            left -= 1
            if left == 0 or not self._calls_left:
                self._forbid_more()
            if self._cancellation.requested:
                yield from self._ended(end)
                return

    def _ended(self, end: Completed | None) -> Iterator[Completed]:
        if end is not None:
            yield self._settled(replace(end, calls=()))
        elif self._tally.input_tokens:
            yield self._settled(Completed(0, 0))

    def _settled(self, end: Completed, **more: object) -> Completed:
        if self._budget_limit:
            more["budget_limit"] = True
        return self._tally.settled(end, **more)

    def _whole_round(self, *, goes_on: bool) -> Generator[ReplyEvent, None, tuple[str, Completed | None]]:
        """One call of the model, and those that go on where it was cut off, as far as the budget has room."""
        said, end = yield from self._round(goes_on=goes_on, begins=True)
        while end is not None and end.stop == "length" and said and self._continuations_left:
            if self._cancellation.requested:
                break
            self._continuations_left -= 1
            self._exchange += [ChatMessage("assistant", said), ChatMessage("user", _GO_ON)]
            try:
                said, end = yield from self._round(goes_on=goes_on, begins=False)
            except BudgetExceededError:
                self._budget_limit = True
                break
        return said, end

    def _round(self, *, goes_on: bool, begins: bool) -> Generator[ReplyEvent, None, tuple[str, Completed | None]]:
        said: list[str] = []
        end: Completed | None = None
        for event in self._speak(self._exchange, goes_on=goes_on):
            if isinstance(event, Completed):
                end = event
                self._tally.add(end)
                continue
            if begins and not said and self._has_spoken:
                yield TextDelta("\n\n")
            said.append(event.text)
            yield event
        return "".join(said), end

    @property
    def _has_spoken(self) -> bool:
        return any(message.content for message in self._exchange if message.role == "assistant")

    def _call(self, said: str, calls: Sequence[ToolCall]) -> Iterator[ReplyEvent]:
        results = []
        for place, call in enumerate(calls):
            if place >= CALLS_A_ROUND or not self._calls_left or self._cancellation.requested:
                results.append(ToolResult(call.id, "This was not called: too many calls at once.", failed=True))
                continue
            self._calls_left -= 1
            yield Calling(call, self._box.channel_of(call))
            ran = self._box.run(call, self._cancellation)
            self._tally.input_tokens += ran.outcome.input_tokens
            self._tally.output_tokens += ran.outcome.output_tokens
            yield ran.called
            told = ran.outcome.text if ran.outcome.is_instruction else material(ran.outcome.text, self._key)
            results.append(ToolResult(call.id, told, failed=ran.called.outcome == "failed"))
        self._exchange.append(ChatMessage("assistant", said, calls=tuple(calls)))
        self._exchange.append(ChatMessage("user", "", results=tuple(results)))

    def _forbid_more(self) -> None:
        """Tell the model, with what its tools said last, that it has called them for the last time."""
        told = self._exchange[-1]
        *others, last = told.results
        last = replace(last, content=f"{last.content}\n\n{_NO_MORE}")
        self._exchange[-1] = replace(told, results=(*others, last))
