"""Triggers: integrations that have a bot look at what somebody sends, or at nothing, by a schedule."""

import json
from collections.abc import Mapping
from typing import Any

from parlance.clock import Clock
from parlance.errors import NotFoundError, TooLargeError
from parlance.ids import IdSource
from parlance.platform.conversing import Begun, Conversing
from parlance.platform.documents import Document
from parlance.platform.library import Library
from parlance.platform.scheduled_documents import TRIGGER

PAYLOAD_BYTES_MAX = 65_536


class Triggers:
    """Invokes triggers. Within a trigger's `sessionDuration` (ms) its invocations are one conversation."""

    def __init__(self, library: Library, conversing: Conversing, clock: Clock, ids: IdSource) -> None:
        self._triggers = library.engine(TRIGGER)
        self._conversing = conversing
        self._clock = clock
        self._ids = ids

    def invoke(self, trigger: Document, payload: Mapping[str, Any]) -> Begun:
        """Tell the bot; a worker has it answer. Raises TooLargeError, NotFoundError for the bot, UnavailableError."""
        text = json.dumps(payload, ensure_ascii=False) if payload else _purpose(trigger)
        if len(text.encode()) > PAYLOAD_BYTES_MAX:
            raise TooLargeError(f"A trigger takes at most {PAYLOAD_BYTES_MAX} bytes")
        begun = self._said(trigger, text)

        def noted(values: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**values, "lastTriggerAt": self._clock.now(), "conversationId": begun.conversation_id}

        self._triggers.change(trigger.tenant_id, trigger.id, noted)
        return begun

    def run(self, trigger: Document) -> Begun:
        """What a schedule does."""
        return self.invoke(trigger, {})

    def _said(self, trigger: Document, text: str) -> Begun:
        key, known = self._ids.random(), self._session(trigger)
        if known is not None:
            try:
                return self._conversing.say(trigger.tenant_id, known, text, key=key)
            except NotFoundError:
                pass  # Deleted meanwhile: a new one begins.
        values = {"name": trigger.values.get("name"), "botId": trigger.values.get("botId")}
        conversation_id = self._conversing.create(trigger.tenant_id, values)
        return self._conversing.say(trigger.tenant_id, conversation_id, text, key=key)

    def _session(self, trigger: Document) -> str | None:
        """The conversation of the last invocation, while its session lasts."""
        values = trigger.values
        until = values.get("lastTriggerAt", 0) + (values.get("sessionDuration") or 0)
        return values.get("conversationId") if self._clock.now() < until else None


def _purpose(trigger: Document) -> str:
    return str(trigger.values.get("description") or trigger.values.get("name") or "The trigger was invoked.")
