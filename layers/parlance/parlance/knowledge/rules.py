"""What a dataset's owner says about searching it, and about answering from what was found or not found.

Names on the left are those of the platform dialect, which keeps them in the dataset's profile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from parlance.knowledge.shelf import Hit

_BYTES_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class SearchRules:
    """`max_records` and `max_tokens` bound what is found, None leaves it to who asks. `min_fit` is compared with `fit`.

    `when_found` and `when_not` are instructions for an answer with and without passages.
    """

    min_fit: float = 0.0
    max_records: int | None = None
    max_tokens: int | None = None
    when_found: str = ""
    when_not: str = ""

    @classmethod
    def of(cls, profile: Mapping[str, Any]) -> Self:
        return cls(
            min_fit=profile.get("searchMinScore") or 0.0,
            max_records=_whole(profile.get("searchMaxRecords")),
            max_tokens=_whole(profile.get("searchMaxTokens")),
            when_found=profile.get("matchInstruction") or "",
            when_not=profile.get("mismatchInstruction") or "",
        )

    def limit(self, usual: int) -> int:
        return usual if self.max_records is None else self.max_records

    def kept(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those that fit well enough, best first, up to the bounds. One that is too long ends it."""
        kept: list[Hit] = []
        tokens = 0
        for hit in hits:
            if fit(hit) < self.min_fit:
                continue
            tokens += -(-len(hit.record.text) // _BYTES_A_TOKEN)
            if len(kept) == self.max_records or (self.max_tokens is not None and tokens > self.max_tokens):
                break
            kept.append(hit)
        return kept

    def instructions(self, *, found: bool) -> str:
        return self.when_found if found else self.when_not


def fit(hit: Hit) -> float:
    """How well a record fits the question, from 0 to 1, whatever else the dataset holds.

    The share of the question that the record speaks of, rare words telling more; or the similarity of their meanings
    where there are embeddings and that is larger.
    """
    return round(min(max(hit.share, hit.similarity or 0.0), 1.0), 6)


def _whole(value: Any) -> int | None:
    """A bound of at least one; any number may have been sent."""
    return int(min(max(value, 1), 1_000_000)) if isinstance(value, int | float) else None
