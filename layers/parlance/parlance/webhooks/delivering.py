"""From an ended turn to the webhooks of its tenant, signed, and again until they have it.

Each webhook has a message of its own, so that one that is down holds up no other. What is told names things and tells
how they stand; what was said is served by the API, to whoever may read it.
"""

import json
import random
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from parlance.agents.secrets import SecretMissingError, Secrets
from parlance.clock import Clock, iso
from parlance.conversations.model import Conversation, Turn
from parlance.conversations.port import ConversationStore, TurnStore
from parlance.logs import logger
from parlance.outbound.addresses import Addresses, ForbiddenAddressError, target_of
from parlance.outbound.line import Line
from parlance.outbound.patience import Patience
from parlance.realtime.consumers import Again, Received
from parlance.webhooks.messages import Delivery, TurnEnding, parse_notice
from parlance.webhooks.model import Webhook, WebhookStore
from parlance.webhooks.notices import Sending
from parlance.webhooks.signing import signed_headers

# Under two days in all, each pause below the twelve hours that SQS can hide a message.
PAUSES = (5, 30, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600, 10 * 3600)
_ANSWER_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
_LOOKS = 45
_LOOK_PAUSE_MAX = 30
_GONE = 410
_ANSWER_READ = 1024


class Deliveries:
    """Handles the messages of the webhooks queue. `jitter` draws from 0 to 1."""

    def __init__(
        self,
        webhooks: WebhookStore,
        conversations: ConversationStore,
        turns: TurnStore,
        queue: Sending,
        *,
        secrets: Secrets,
        addresses: Addresses,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._webhooks = webhooks
        self._conversations = conversations
        self._turns = turns
        self._queue = queue
        self._secrets = secrets
        self._addresses = addresses
        self._clock = clock
        self._jitter = jitter

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        match parse_notice(received.body):
            case TurnEnding() as ending:
                return self._spread(ending, received.receipts)
            case Delivery() as delivery:
                return self._deliver(delivery, received.receipts)

    def _spread(self, ending: TurnEnding, receipts: int) -> Again | None:
        turn = self._turns.turn(ending.tenant_id, ending.conversation_id, ending.turn_number)
        if turn is None:
            return None
        if not turn.state.ended:
            # Whoever was about to end it was lost, and the next one will.
            return Again(min(2**receipts, _LOOK_PAUSE_MAX)) if receipts < _LOOKS else None
        for webhook in self._webhooks.of_tenant(ending.tenant_id):
            if webhook.disabled_at is None and _kind(turn) in webhook.events:
                delivery = Delivery(
                    tenant_id=ending.tenant_id,
                    conversation_id=ending.conversation_id,
                    turn_number=ending.turn_number,
                    webhook_id=webhook.id,
                    # The same however often the end is told, so that a receiver can tell.
                    message_id=f"msg_{turn.id}_{turn.attempt}_{webhook.id}",
                )
                self._queue.send(delivery.model_dump_json())
        return None

    def _deliver(self, delivery: Delivery, receipts: int) -> Again | None:
        webhook = self._webhooks.get(delivery.tenant_id, delivery.webhook_id)
        turn = self._turns.turn(delivery.tenant_id, delivery.conversation_id, delivery.turn_number)
        conversation = self._conversations.get(delivery.tenant_id, delivery.conversation_id)
        if webhook is None or webhook.disabled_at is not None or turn is None or conversation is None:
            return None
        body = json.dumps(_payload(conversation, turn), separators=(",", ":")).encode()
        outcome = self._post(webhook, delivery.message_id, body)
        logger.info("webhook called", webhook_id=webhook.id, message_id=delivery.message_id, outcome=outcome)
        if isinstance(outcome, int) and 200 <= outcome < 300:
            return None
        if outcome == _GONE:
            self._webhooks.disable(webhook.tenant_id, webhook.id, now=self._clock.now())
            return None
        if receipts > len(PAUSES):
            logger.warning("webhook given up", webhook_id=webhook.id, message_id=delivery.message_id)
            return None
        return Again(int(PAUSES[receipts - 1] * (1 + 0.1 * self._jitter())))

    def _post(self, webhook: Webhook, message_id: str, body: bytes) -> int | str:
        """The status of the answer, or the name of what went wrong. A redirect is not followed."""
        try:
            secret = self._secrets.get(webhook.tenant_id, webhook.secret_name)
            signed = signed_headers(secret, message_id=message_id, timestamp=self._clock.now() // 1000, body=body)
            headers = {"Content-Type": "application/json", "User-Agent": "Parlance", **signed}
            line = Line(self._addresses, connect_seconds=_CONNECT_SECONDS)
            with line, Patience(line.hang_up) as patience:
                patience.expect(_ANSWER_SECONDS)
                answer = line.ask("POST", target_of(webhook.url), headers=headers, body=body)
                answer.read1(_ANSWER_READ)
                return answer.status
        except (OSError, HTTPException, ValueError, ForbiddenAddressError, SecretMissingError) as error:
            return type(error).__name__


def _kind(turn: Turn) -> str:
    return f"turn.{turn.state.value}"


def _payload(conversation: Conversation, turn: Turn) -> Mapping[str, Any]:
    failure = {"code": turn.failure.code, "message": turn.failure.message} if turn.failure else None
    ended_at = turn.ended_at if turn.ended_at is not None else turn.created_at
    return {
        "type": _kind(turn),
        "timestamp": iso(ended_at),
        "data": {
            "chat_id": conversation.id,
            "user_id": conversation.user_id,
            "agent_id": conversation.agent_id,
            "turn_id": turn.id,
            "attempt": turn.attempt,
            "message_id": turn.message_id,
            "reply_id": turn.reply_id if failure is None else None,
            "failure": failure,
            "created_at": iso(turn.created_at),
            "ended_at": iso(ended_at),
        },
    }
