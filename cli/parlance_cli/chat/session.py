"""One chat as its client sees it: frames go in, texts and frames to send come out. No sockets, no terminal, no clock.

A message and its reply are one exchange:

                 ┌──── started, of a higher attempt: what was shown is taken back
                 v    │
    sent ──started──> streaming ──ended──> finished
      │                   │
      └──────error────────┴──────────────> failed

After a lost connection `reconnected` says what to send: before the reply has a name the message once more, which its
client_message_id makes harmless; from then on a request for the tokens after the last one that was shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_CURED_BY_RECONNECTING = frozenset({"INTERNAL_ERROR", "INVALID_API_KEY"})
"""INVALID_API_KEY may only mean that the server no longer knows the connection; a new handshake tells."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this frame."""

    frame: Mapping[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.frame, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Show:
    """Show more of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Take back all that was shown of the reply: it starts over."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """The reply is stored, but too long for a frame: get it over REST and give it to `fetched`."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """This connection does not answer as it should: make another."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply is complete, or as far as it came before it was stopped."""

    content: str
    metadata: Mapping[str, Any]

    @property
    def stopped(self) -> bool:
        return self.metadata.get("stopped") is True


@dataclass(frozen=True, slots=True)
class Failed:
    """There will be no reply; `message` was written for the user."""

    code: str
    message: str


type Outcome = Finished | Failed
type Action = Send | Show | Clear | Fetch | Reconnect | Outcome


@dataclass(slots=True)
class _Exchange:
    client_message_id: str
    content: str
    reply_id: str | None = None
    attempt: int = 0
    next_index: int = 0
    shown: str = ""
    stop_asked: bool = False
    gap_reported: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Session:
    """One exchange after the other. Frames that belong to none are passed over."""

    def __init__(self) -> None:
        self._exchange: _Exchange | None = None
        self._closed_replies: set[str] = set()

    def send(self, content: str, client_message_id: str) -> list[Action]:
        """Begin an exchange. The id must be new for every message."""
        if self._exchange is not None:
            raise RuntimeError("the reply to the last message is still awaited")
        self._exchange = _Exchange(client_message_id, content)
        return [_message(self._exchange)]

    def stop(self) -> list[Action]:
        """Ask for the end of the reply; as soon as it has a name, if it has none yet."""
        exchange = self._exchange
        if exchange is None or exchange.stop_asked:
            return []
        exchange.stop_asked = True
        return _stopping(exchange)

    def reconnected(self) -> list[Action]:
        """What to say first on a new connection."""
        exchange = self._exchange
        if exchange is None:
            return []
        exchange.gap_reported = False
        if exchange.reply_id is None:
            return [_message(exchange)]
        return [_resumption(exchange), *_stopping(exchange)]

    def received(self, text: str) -> list[Action]:
        """Take one frame as it came."""
        frame = _parsed(text)
        exchange, reply_id = self._exchange, _reply_named_in(frame)
        if exchange is None or reply_id in self._closed_replies:
            return []
        match frame.get("event_type"):
            case "message_stream_ended":
                return self._ended(exchange, frame)
            case "error":
                return self._refused(exchange, reply_id, frame)
            case event_type:
                return _progress(exchange, event_type, frame)

    def fetched(self, content: str) -> list[Action]:
        """The whole text of the reply, as a Fetch asked for."""
        return self._finish(self._exchange, content) if self._exchange else []

    def _ended(self, exchange: _Exchange, frame: Mapping[str, Any]) -> list[Action]:
        reply_id, content, metadata = frame.get("message_id"), frame.get("content"), frame.get("metadata")
        # The end also names a reply of whose beginning nothing was heard.
        if not isinstance(reply_id, str) or exchange.reply_id not in {None, reply_id}:
            return []
        exchange.reply_id = reply_id
        exchange.metadata = metadata if isinstance(metadata, dict) else {}
        return self._finish(exchange, content) if isinstance(content, str) else [Fetch(reply_id)]

    def _finish(self, exchange: _Exchange, content: str) -> list[Action]:
        self._close(exchange.reply_id)
        return [*_corrected(exchange.shown, content), Finished(content, exchange.metadata)]

    def _refused(self, exchange: _Exchange, reply_id: str | None, frame: Mapping[str, Any]) -> list[Action]:
        """Told apart: the turn failed; the message was refused; or something else went wrong on the way."""
        code = str(frame.get("code") or "INTERNAL_ERROR")
        if reply_id is None and (exchange.reply_id is not None or code in _CURED_BY_RECONNECTING):
            return [Reconnect()]
        if reply_id is not None and exchange.reply_id not in {None, reply_id}:
            return []
        self._close(reply_id)
        return [Failed(code, str(frame.get("message") or "The server reported an error."))]

    def _close(self, reply_id: str | None) -> None:
        if reply_id is not None:
            self._closed_replies.add(reply_id)
        self._exchange = None


def _message(exchange: _Exchange) -> Send:
    return Send({"content": exchange.content, "client_message_id": exchange.client_message_id})


def _resumption(exchange: _Exchange) -> Send:
    frame = {"action": "resume", "message_id": exchange.reply_id, "after_index": exchange.next_index - 1}
    # The end of a reply may come without its beginning, and then no attempt is known.
    return Send(frame | {"attempt": exchange.attempt} if exchange.attempt else frame)


def _stopping(exchange: _Exchange) -> list[Action]:
    ready = exchange.stop_asked and exchange.reply_id is not None
    return [Send({"action": "stop", "message_id": exchange.reply_id})] if ready else []


def _progress(exchange: _Exchange, event_type: object, frame: Mapping[str, Any]) -> list[Action]:
    match event_type:
        case "message_stream_started":
            return _started(exchange, frame)
        case "message_stream_token":
            return _token(exchange, frame)
        case None:
            # Not the server's word but the platform's: the function behind it broke.
            return [Reconnect()]
    return []


def _started(exchange: _Exchange, frame: Mapping[str, Any]) -> list[Action]:
    reply_id, attempt = frame.get("message_id"), frame.get("attempt")
    if not isinstance(reply_id, str) or not isinstance(attempt, int):
        return []
    if exchange.reply_id not in {None, reply_id} or attempt <= exchange.attempt:
        return []
    cleared: list[Action] = [Clear()] if exchange.shown else []
    exchange.reply_id, exchange.attempt = reply_id, attempt
    exchange.next_index, exchange.shown, exchange.gap_reported = 0, "", False
    # A stop that was asked for earlier may have reached only the attempt before.
    return cleared + _stopping(exchange)


def _token(exchange: _Exchange, frame: Mapping[str, Any]) -> list[Action]:
    index, text = frame.get("index"), frame.get("token")
    if frame.get("message_id") != exchange.reply_id or not isinstance(index, int) or not isinstance(text, str):
        return []
    if index < exchange.next_index:
        return []
    if index > exchange.next_index:
        return _gap(exchange)
    exchange.next_index += 1
    exchange.gap_reported = False
    exchange.shown += text
    return [Show(text)]


def _gap(exchange: _Exchange) -> list[Action]:
    """A frame was lost on the way: ask for it, once."""
    if exchange.gap_reported:
        return []
    exchange.gap_reported = True
    return [_resumption(exchange)]


def _corrected(shown: str, content: str) -> list[Action]:
    """What makes the text that is shown the one that is stored."""
    if content.startswith(shown):
        rest = content.removeprefix(shown)
        return [Show(rest)] if rest else []
    return [Clear(), Show(content)] if content else [Clear()]


def _reply_named_in(frame: Mapping[str, Any]) -> str | None:
    details = frame.get("details")
    place = details if frame.get("event_type") == "error" and isinstance(details, dict) else frame
    named = place.get("message_id")
    return named if isinstance(named, str) else None


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        frame = json.loads(text)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}
