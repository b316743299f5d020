"""What the product's search is measured against: bm25s, with the settings that its own documentation uses."""

from collections.abc import Mapping, Sequence

import bm25s  # type: ignore[import-not-found,unused-ignore]
import Stemmer  # type: ignore[import-not-found,unused-ignore]


class Bm25s:
    """Lucene's variant, k1 1.5, b 0.75, English stemmer and stop words."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._ids = list(texts)
        self._stemmer = Stemmer.Stemmer("english")
        self._ranker = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        self._ranker.index(self._cut(list(texts.values())), show_progress=False)

    def find(self, question: str, limit: int) -> Sequence[str]:
        """The best documents' ids."""
        places, _ = self._ranker.retrieve(self._cut([question]), k=min(limit, len(self._ids)), show_progress=False)
        return [self._ids[place] for place in places[0]]

    def _cut(self, texts: list[str]) -> object:
        return bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)
