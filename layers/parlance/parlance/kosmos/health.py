"""`GET /healthz`: asks what the service stands on, side by side and within a time bound.

The answer is kept for ten seconds, so that asking often costs nothing and no crowd of checkers becomes a load.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from parlance.clock import Clock
from parlance.http.answers import Answer
from parlance.http.routes import Route
from parlance.kosmos import ROOT
from parlance.kosmos.errors import refusal
from parlance.logs import logger

type Check = Callable[[], None]
"""Raises whatever it likes when its dependency does not answer."""

_WELL = "all services operational"
_KEPT = 10.0
_BOUND = 2.0


class Health:
    """`checks` is called when the first answer is needed: it makes the clients, which are costly to import."""

    def __init__(
        self,
        checks: Callable[[], Mapping[str, Check]],
        *,
        public_key: str,
        version: str,
        clock: Clock,
        bound_seconds: float = _BOUND,
    ) -> None:
        self._make_checks = checks
        self._public_key = public_key
        self._version = version
        self._clock = clock
        self._bound = bound_seconds
        self._checks: Mapping[str, Check] | None = None
        self._answer: Answer | None = None
        self._good_until = 0.0
        self._lock = threading.Lock()

    def routes(self) -> list[Route[None]]:
        return [Route("GET", f"{ROOT}/healthz", lambda _, __: self.health())]

    def health(self) -> Answer:
        with self._lock:
            if self._answer is None or self._clock.monotonic() >= self._good_until:
                self._answer = self._told(self._failing())
                self._good_until = self._clock.monotonic() + _KEPT
            return self._answer

    def _failing(self) -> list[str]:
        """The names of what failed or did not answer in time."""
        if self._checks is None:
            self._checks = self._make_checks()
        pool = ThreadPoolExecutor(len(self._checks))
        asked = {name: pool.submit(check) for name, check in self._checks.items()}
        wait(asked.values(), timeout=self._bound)
        # Whoever has not answered by now is left alone: its client gives up by itself.
        pool.shutdown(wait=False, cancel_futures=True)
        return [name for name, answer in asked.items() if not _is_well(name, answer)]

    def _told(self, failing: list[str]) -> Answer:
        status = 503 if failing else 200
        body = {
            "status": f"services failing: {', '.join(failing)}" if failing else _WELL,
            "publicKey": self._public_key,
            "code": str(status),
            "version": self._version,
        }
        headers = {"Cache-Control": "no-store"}
        if not failing:
            return Answer(200, body, headers)
        # An error, so it has the shape of all errors as well.
        error = refusal(503, body["status"])
        return Answer(503, {**body, **_fields(error)}, headers | {"Retry-After": str(int(_KEPT))})


def _is_well(name: str, answer: Future[None]) -> bool:
    if not answer.done():
        logger.warning("a dependency did not answer in time", dependency=name)
        return False
    error = answer.exception()
    if error is not None:
        logger.warning("a dependency failed", dependency=name, error=type(error).__name__)
    return error is None


def _fields(answer: Answer) -> Mapping[str, object]:
    return answer.body if isinstance(answer.body, Mapping) else {}
