"""The WebSocket side of the chats dialect, as API Gateway calls it."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from parlance.chats.errors import problem_of
from parlance.chats.handshake import Handshake, credentials_of
from parlance.chats.inbound import Inbound
from parlance.http.faults import log_fault

_ACCEPTED: dict[str, Any] = {"statusCode": 200}
# A handshake is refused with one of three statuses; what would be a 400 or a 404 elsewhere is a 403 here.
_HANDSHAKE_STATUS = {400: 403, 404: 403}


class ChatsWebSocket:
    """Serves `$connect`, `$default` and `$disconnect`. Answers hold no body, except that of a refused handshake."""

    def __init__(self, handshake: Handshake, inbound: Inbound) -> None:
        self._handshake = handshake
        self._inbound = inbound

    def __call__(self, event: Mapping[str, Any], _: object) -> dict[str, Any]:
        connection_id: str = event["requestContext"]["connectionId"]
        match event["requestContext"]["routeKey"]:
            case "$connect":
                return self._connect(connection_id, event)
            case "$disconnect":
                _undisturbed(partial(self._inbound.disconnect, connection_id))
            case _:
                _undisturbed(partial(self._inbound.receive, connection_id, event.get("body") or ""))
        return _ACCEPTED

    def _connect(self, connection_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._handshake.connect(connection_id, credentials_of(event))
        except Exception as error:  # noqa: BLE001 - the entry point of a handshake: every failure becomes a status
            problem = problem_of(error)
            return {
                "statusCode": _HANDSHAKE_STATUS.get(problem.status, problem.status),
                "headers": {"Content-Type": "application/json"},
                "body": json.dumps(problem.envelope()),
            }
        return _ACCEPTED


def _undisturbed(call: Callable[[], None]) -> None:
    """A failure would make the platform send the client a frame of its own, of which the dialect knows nothing."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the entry point of a frame
        log_fault(error)
