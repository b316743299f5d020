"""What a worker does when a document is due by its schedule."""

from collections.abc import Callable, Mapping
from typing import Any

from parlance.clock import Clock
from parlance.errors import ConflictError, NotFoundError
from parlance.logs import logger
from parlance.platform.documents import Document
from parlance.platform.errands import Errands
from parlance.platform.library import Library
from parlance.platform.scheduled_documents import TIMES, call, next_due, with_next

type Run = Callable[[Document], object]
"""Runs one document that is due. May raise ConflictError while it still runs, and NotFoundError for what it needs."""


class _PassedError(Exception):
    """Somebody else has run it, or its schedule is another one by now."""


class Due:
    """Runs what is due. The next time is written down first: a worker that dies then leaves one run out.

    That is better than doing it twice, for each run costs what a bot costs.
    """

    def __init__(self, library: Library, errands: Errands, clock: Clock, runs: Mapping[str, Run]) -> None:
        self._library = library
        self._errands = errands
        self._clock = clock
        self._runs = runs

    def look(self, tenant_id: str, kind: str, document_id: str, at: int) -> bool:
        """False when the document does not have that time: it may have been called before that was written.

        Raises UnavailableError.
        """
        engine = self._library.engine(kind)
        try:
            document = engine.fetch(tenant_id, document_id)
        except NotFoundError:
            return False
        if document.values.get(TIMES[kind].next) != at:
            return False
        if self._clock.now() < at:
            call(self._errands, self._clock, document, kind, at)
            return True
        following = next_due(document.values, max(at, self._clock.now()))
        if following is not None:
            call(self._errands, self._clock, document, kind, following)
        try:
            engine.change(tenant_id, document_id, self._moved_on(kind, at, following))
            self._runs[kind](document)
        except _PassedError:
            return True
        except (ConflictError, NotFoundError) as error:
            logger.info("not run", kind=kind, document_id=document_id, reason=type(error).__name__)
        return True

    def _moved_on(self, kind: str, at: int, following: int | None) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        def moved_on(values: Mapping[str, Any]) -> Mapping[str, Any]:
            if values.get(TIMES[kind].next) != at:
                raise _PassedError
            return {**with_next(kind, values, following), TIMES[kind].last: self._clock.now()}

        return moved_on
