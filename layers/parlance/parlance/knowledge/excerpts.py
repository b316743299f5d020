"""The part of a passage that answers a question: whole sentences, list items and code blocks, in their order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from parlance.knowledge.index import Entry, Index

_FENCED = re.compile(r"(^```\n.*?^```$)", re.DOTALL | re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)\s+(?=[^\sa-z])|(?<=[\u3002\uff01\uff1f])")
_LISTED = re.compile(r"\s*(?:[-*+•]|\(?\w{1,3}[.)])\s|.* \| ")
_ITEM_START = re.compile(rf"\n(?={_LISTED.pattern})")


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is shown whole or not at all, and what separates it from the unit before."""

    gap: str
    text: str

    def __len__(self) -> int:
        return len(self.gap) + len(self.text)


def excerpt(text: str, weights: Mapping[str, float], limit: int) -> str:
    """The stretch of at most about `limit` characters that says most about the weighted words."""
    if len(text) <= limit:
        return text
    units = _units(text)
    if not units:
        return ""
    first, last = _best_stretch(units, _worths(units, weights), limit)
    chosen = units[first:last]
    # What announces something that is not shown is left out with it.
    while len(chosen) > 1 and chosen[-1].text.endswith(":"):
        chosen.pop()
    return chosen[0].text + "".join(unit.gap + unit.text for unit in chosen[1:])


def _worths(units: Sequence[_Unit], weights: Mapping[str, float]) -> list[dict[str, float]]:
    """For each unit the words it holds, in any of their forms."""
    index = Index.of(Entry(unit.text) for unit in units)
    places = {word: index.places(word) for word in weights}
    return [{word: weight for word, weight in weights.items() if at in places[word]} for at in range(len(units))]


def _best_stretch(units: Sequence[_Unit], worths: Sequence[Mapping[str, float]], limit: int) -> tuple[int, int]:
    """A stretch is worth the distinct words it holds, a little for each repetition, and more if it begins a block."""
    ends = [0, *accumulate(len(unit) for unit in units)]
    best, best_worth = (0, 1), -1.0
    last = 0
    for first, unit in enumerate(units):
        last = max(last, first + 1)
        while last < len(units) and ends[last + 1] - ends[first] <= limit:
            last += 1
        distinct: dict[str, float] = {}
        for worth in worths[first:last]:
            distinct |= worth
        repeated = sum(sum(worth.values()) for worth in worths[first:last])
        begins = bool(worths[first]) + (unit.gap == "\n\n" or first == 0)
        total = sum(distinct.values()) + 0.1 * repeated + 0.05 * begins * sum(distinct.values())
        if total > best_worth:
            best, best_worth = (first, last), total
    return best


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for part in _FENCED.split(text):
        if part.startswith("```\n"):
            units.append(_Unit("\n\n", part))
            continue
        for block in part.strip("\n").split("\n\n"):
            units += _block_units(block)
    return [unit for unit in units if unit.text.strip()]


def _block_units(block: str) -> list[_Unit]:
    """Lists and tables by item, prose by sentence."""
    listed = any(_LISTED.match(line) for line in block.split("\n"))
    parts = _ITEM_START.split(block) if listed else _SENTENCE_END.split(block)
    gap = "\n" if listed else " "
    return [_Unit(gap if at else "\n\n", part) for at, part in enumerate(parts)]
