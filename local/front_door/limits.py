"""The limits that API Gateway sets, as AWS documents them. Tests shorten them."""

from dataclasses import dataclass

KILOBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class RestLimits:
    """What a REST API takes and how long it waits."""

    body_bytes: int = 10 * KILOBYTE * KILOBYTE
    integration_seconds: float = 29
    stream_idle_seconds: float = 300


@dataclass(frozen=True, kw_only=True)
class WebSocketLimits:
    """What a WebSocket API takes, how long it waits and how long a connection may last."""

    frame_bytes: int = 32 * KILOBYTE
    posted_bytes: int = 128 * KILOBYTE
    integration_seconds: float = 29
    idle_seconds: float = 600
    lifetime_seconds: float = 7200
