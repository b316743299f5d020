"""The public keys that issuers publish (JSON Web Key Sets), fetched rarely.

Fetched keys serve for ten minutes. A key id that is not among them has the set fetched again, but not more often
than every 30 seconds, because anybody can send an unknown one. While the issuer cannot be reached, its last keys
serve for up to an hour.
"""

import ipaddress
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

import jwt

from parlance.clock import Clock
from parlance.errors import InvalidInputError, UnavailableError

type Fetch = Callable[[str], bytes]
"""From an address to what is published there. Raises JwksError."""

_FRESH = 600.0
_STALE = 3600.0
_PAUSE = 30.0
_SIZE_MAX = 256 * 1024
_CHUNK = 16 * 1024
_KEYS_MAX = 100
_SETS_MAX = 100
_CURVE = "P-256"
_KEY_TYPES = {"RS256": "RSA", "ES256": "EC"}
_log = logging.getLogger(__name__)


class JwksError(Exception):
    """An issuer's keys could not be had: unreachable, too slow, too large, or no key set."""


def check_url(url: str, *, allow_loopback: bool) -> None:
    """HTTPS without user information; plain HTTP to this very machine if that is allowed. Raises InvalidInputError."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.username is not None or parts.password is not None or not url.isprintable() or " " in url:
        raise InvalidInputError("Keys are fetched from an https address.")
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_loopback and is_loopback(host)):
        raise InvalidInputError("Keys are fetched from an https address.")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HttpFetch:
    """Fetches over HTTPS up to 256 KiB, without following redirects; each silence and the whole end after `timeout`."""

    def __init__(self, *, allow_loopback: bool = False, timeout: float = 3.0) -> None:
        self._allow_loopback = allow_loopback
        self._timeout = timeout

    def __call__(self, url: str) -> bytes:
        try:
            check_url(url, allow_loopback=self._allow_loopback)
        except InvalidInputError as error:
            raise JwksError("not an address that keys are fetched from") from error
        request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme was checked
        deadline = time.monotonic() + self._timeout
        try:
            with _opener(url).open(request, timeout=self._timeout) as answer:
                return _read(answer, deadline)
        except HTTPError as error:
            error.close()
            raise JwksError(f"status {error.code}") from error
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise JwksError(type(error).__name__) from error


def _opener(url: str) -> OpenerDirector:
    """Follows no redirect: it could lead from a checked address to one that was not."""
    opener = OpenerDirector()
    for handler in (HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor()):
        opener.add_handler(handler)
    if not is_loopback(urlsplit(url).hostname or ""):
        opener.add_handler(ProxyHandler())
    return opener


def _read(answer: Any, deadline: float) -> bytes:
    found = bytearray()
    # read1 returns what has come: a server that drips cannot outlast the deadline by more than one time-out.
    while chunk := answer.read1(_CHUNK):
        found += chunk
        if len(found) > _SIZE_MAX:
            raise JwksError("too large")
        if time.monotonic() > deadline:
            raise JwksError("too slow")
    return bytes(found)


type _Keys = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Known:
    keys: _Keys
    fetched_at: float


class KeySets:
    """The keys of issuers by the address that they are published under. Thread-safe; one fetch at a time."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._failed: dict[str, float] = {}
        self._lock = threading.Lock()

    def key(self, url: str, *, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key of that id, if it is one for that algorithm. Without an id, the only key for the algorithm.

        Raises UnavailableError while the issuer's keys cannot be had.
        """
        with self._lock:
            keys = self._keys(url, max_age=_FRESH)
            found = _choose(keys, kid, algorithm)
            if found is None:
                found = _choose(self._keys(url, max_age=_PAUSE), kid, algorithm)
        return found

    def _keys(self, url: str, *, max_age: float) -> _Keys:
        now, known = self._clock.monotonic(), self._known.get(url)
        if known and now < known.fetched_at + max_age:
            return known.keys
        if now >= self._failed.get(url, -_PAUSE) + _PAUSE:
            known = self._fetched(url, now) or known
        if known is None or now >= known.fetched_at + _STALE:
            raise UnavailableError("The token's issuer cannot be reached. Try again in a moment.")
        return known.keys

    def _fetched(self, url: str, now: float) -> _Known | None:
        try:
            keys = _parsed(self._fetch(url))
        except JwksError as error:
            _log.warning("keys of an issuer could not be fetched", extra={"url": url, "failure": repr(error)})
            self._failed[url] = now
            return None
        self._failed.pop(url, None)
        if len(self._known) >= _SETS_MAX and url not in self._known:
            self._known.pop(next(iter(self._known)))
        known = self._known[url] = _Known(keys, now)
        return known


def _parsed(published: bytes) -> _Keys:
    try:
        found = json.loads(published)
        keys = found["keys"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise JwksError("not a key set") from error
    if not isinstance(keys, list):
        raise JwksError("not a key set")
    return [key for key in keys[:_KEYS_MAX] if isinstance(key, dict)]


def _choose(keys: _Keys, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    fitting = [key for key in keys if _fits(key, algorithm) and (kid is None or key.get("kid") == kid)]
    if not fitting or (kid is None and len(fitting) > 1):
        return None
    try:
        return jwt.PyJWK(dict(fitting[0]), algorithm)
    except jwt.PyJWTError:
        return None


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """A public key for signatures of exactly this algorithm. Published secrets (`oct`) and private keys never fit."""
    return (
        key.get("kty") == _KEY_TYPES.get(algorithm)
        and "d" not in key
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (algorithm != "ES256" or key.get("crv") == _CURVE)
    )
