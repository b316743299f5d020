"""A model that makes nothing up: it answers with the passages of a dataset that fit the question, and names them.

Deterministic and offline. It reads the user's newest message, and the ones before it only where the newest cannot
stand alone ("and how do I stop it?"). Instructions do not change what it says.

Tokens are counted as one for every four characters begun: of instructions and messages, and of the answer.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    ModelError,
    ModelEvent,
    ModelRequest,
    TextDelta,
)
from parlance.agents.sources import source_of
from parlance.knowledge.excerpts import excerpt
from parlance.knowledge.search import Hit, Search, among
from parlance.knowledge.words import content_words, leans_on_what_was_said

NAME = "extractive"
MAX_PACE = 2.0
"""Seconds between two deltas, at most."""

MIN_SHARE, MIN_SHARE_OF_LONG = 0.5, 0.3
"""How much of a question a passage must hold before it counts as an answer; long questions say much besides."""

_SHORT_QUESTION, _LONG_QUESTION = 6, 12
_GOOD_SHARE = 0.75

_MAX_EXCERPTS = 3
_FIRST_EXCERPT, _LATER_EXCERPT = 700, 350
_NEARLY_AS_GOOD = 0.9
_CANDIDATES, _HITS = 40, 8
_PARAGRAPH = 250
_MAX_QUOTED_WORDS, _MAX_QUOTED_WORD = 5, 40
_CONTEXT_MESSAGES = 3
_CHARACTERS_PER_TOKEN = 4
_PIECE = re.compile(r"\s*\S+\s*|\s+")

NO_DATASET = "I have no documents to answer from: no dataset is connected to this agent."
NO_QUESTION = "Ask me about something in my documents: I answer with what they say and name the source."


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    hits: Sequence[Hit] = ()


class ExtractiveModel:
    """Implements `Model`. The setting `pace` spreads an answer: so many seconds between two words."""

    def __init__(self, search: Search) -> None:
        self._search = search

    @property
    def name(self) -> str:
        return NAME

    @property
    def retrieves(self) -> bool:
        return True

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
        pace = _pace(request)
        answer = self._answer(request)
        said: list[str] = []
        for piece in _PIECE.findall(answer.text):
            if cancellation.wait(pace) if said and pace else cancellation.requested:
                break
            said.append(piece)
            yield TextDelta(piece)
        yield Completed(
            input_tokens=_tokens(request.instructions) + sum(_tokens(one.content) for one in request.messages),
            output_tokens=_tokens("".join(said)),
            metadata={"model": NAME, "sources": [source_of(hit) for hit in answer.hits]},
        )

    def _answer(self, request: ModelRequest) -> _Answer:
        if request.dataset_id is None and not request.passages:
            return _Answer(NO_DATASET)
        question = content_words(request.messages[-1].content)
        hits = self._hits(request, question)
        if hits:
            return _written(_worth_telling(hits), question)
        return _Answer(_nothing_about(question) if question else NO_QUESTION)

    def _hits(self, request: ModelRequest, question: list[str]) -> list[Hit]:
        """With what was said before where the question leans on it, and where it says too little by itself."""
        context = _context(request.messages)
        attempts = [question]
        if context and leans_on_what_was_said(request.messages[-1].content):
            attempts.insert(0, list(dict.fromkeys([*question, *context])))
        elif context and len(question) < 2:
            attempts.append(list(dict.fromkeys([*question, *context])))
        for wanted in attempts:
            found = among(request.passages, wanted, _CANDIDATES)
            if request.dataset_id is not None:
                rules = self._search.rules(request.tenant_id, request.dataset_id)
                hits = self._search.search_words(request.tenant_id, request.dataset_id, wanted, _CANDIDATES)
                found += rules.kept(hits)
            found.sort(key=_worth, reverse=True)
            answering = [hit for hit in found[:_HITS] if _answers(hit, question, _needed_share(len(wanted)))]
            if answering:
                return answering
        return []


def _needed_share(words: int) -> float:
    """Falls evenly between a short question and a long one."""
    length = (min(max(words, _SHORT_QUESTION), _LONG_QUESTION) - _SHORT_QUESTION) / (_LONG_QUESTION - _SHORT_QUESTION)
    return MIN_SHARE - length * (MIN_SHARE - MIN_SHARE_OF_LONG)


def _worth(hit: Hit) -> float:
    """Of passages that rank alike, the one that speaks of more of the question and says more than a list of links."""
    substance = 0.6 + 0.4 * min(1.0, len(hit.record.text) / _PARAGRAPH)
    return hit.score * (0.5 + hit.share) * substance


def _answers(hit: Hit, question: Sequence[str], needed: float) -> bool:
    """Holds enough of all that was looked for, and something of the question itself."""
    return hit.share >= needed and (not question or not set(question).isdisjoint(hit.words))


def _context(messages: Sequence[ChatMessage]) -> list[str]:
    """What the user spoke of before: back to the last question that could stand alone."""
    found: list[str] = []
    earlier = [message.content for message in messages[:-1] if message.role == "user"]
    for content in reversed(earlier[-_CONTEXT_MESSAGES:]):
        found += content_words(content)
        if found and not leans_on_what_was_said(content):
            break
    return found


def _worth_telling(hits: Sequence[Hit]) -> list[Hit]:
    """The best, and those that are nearly as good or hold words that it lacks; never the same text twice."""
    best = hits[0]
    chosen, held, texts = [best], set(best.words), {_folded(best)}
    for hit in hits[1:]:
        adds = not held.issuperset(hit.words)
        if len(chosen) == _MAX_EXCERPTS or _folded(hit) in texts:
            continue
        if adds or _worth(hit) >= _NEARLY_AS_GOOD * _worth(best):
            chosen.append(hit)
            held |= set(hit.words)
            texts.add(_folded(hit))
    return chosen


def _folded(hit: Hit) -> str:
    return " ".join(hit.record.text.split()).casefold()


def _written(hits: Sequence[Hit], question: Sequence[str]) -> _Answer:
    parts = []
    missing = [word for word in question if not any(word in hit.words for hit in hits)]
    if missing and hits[0].share < _GOOD_SHARE and len(question) <= _SHORT_QUESTION:
        parts.append(f"No passage speaks of all this. The closest says nothing of {_quoted(missing)}:")
    for at, hit in enumerate(hits):
        text = excerpt(hit.record.text, dict.fromkeys(hit.words, 1.0), _LATER_EXCERPT if at else _FIRST_EXCERPT)
        parts.append(f"{hit.record.title}:\n\n{text}" if len(hits) > 1 else text)
    sources = "; ".join(dict.fromkeys(_named(hit) for hit in hits))
    return _Answer("\n\n".join([*parts, f"Sources: {sources}"]), hits)


def _named(hit: Hit) -> str:
    record = hit.record
    return f"{record.source} ({record.title})" if record.title else record.source


def _nothing_about(question: Sequence[str]) -> str:
    return f"I found nothing about this in my documents. I looked for {_quoted(question)}."


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f'"{word[:_MAX_QUOTED_WORD]}"' for word in words[:_MAX_QUOTED_WORDS])


def _pace(request: ModelRequest) -> float:
    pace = request.settings.get("pace", 0)
    if isinstance(pace, bool) or not isinstance(pace, int | float) or math.isnan(pace):
        raise ModelError(f"the setting pace must be a number of seconds, not {pace!r}")
    return min(max(float(pace), 0.0), MAX_PACE)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)
