"""The queues over SQS."""

from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from parlance.errors import UnavailableError
from parlance.logs import logger
from parlance.platform.contents import UPLOAD_SECONDS
from parlance.realtime.messages import (
    DueCall,
    FileReading,
    FileRemoval,
    Greeting,
    IndexRequest,
    Sweep,
    TaskLook,
    TurnWakeup,
    UserErasure,
    Watchdog,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

WATCH_DELAY_SECONDS = 45
_DELAY_MAX = 900
_LOOK_PAUSE_MAX = 10
_INDEX_DELAY_SECONDS = 5
"""Who changes one record often changes another at once: one look may then do for all."""


class SqsQueue:
    """One queue. The client is made when it is first needed."""

    def __init__(self, client: "Callable[[], SQSClient]", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        """Raises UnavailableError."""
        try:
            self._client().send_message(
                QueueUrl=self._url, MessageBody=body, DelaySeconds=min(delay_seconds, _DELAY_MAX)
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError("The service is busy. Try again in a moment.") from error

    def hide(self, receipt_handle: str, *, seconds: int) -> None:
        """Let a received message be seen again only after that time. Raises UnavailableError."""
        try:
            self._client().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError("The queue did not answer.") from error


class SqsWakeups:
    """`parlance.conversations.collaborators.Wakeups` and `parlance.realtime.port.Greetings`."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def wake(self, tenant_id: str, conversation_id: str, *, turn_number: int | None) -> None:
        body = TurnWakeup(tenant_id=tenant_id, conversation_id=conversation_id, turn_number=turn_number)
        self._queue.send(body.model_dump_json())

    def watch(self, tenant_id: str, conversation_id: str, *, sent_at: int) -> None:
        body = Watchdog(tenant_id=tenant_id, conversation_id=conversation_id, sent_at=sent_at)
        self._queue.send(body.model_dump_json(), delay_seconds=WATCH_DELAY_SECONDS)

    def greet(self, greeting: Greeting) -> None:
        self._queue.send(greeting.model_dump_json())


class Sending(Protocol):
    """A queue to put messages into."""

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        """Raises UnavailableError."""
        ...


class SqsSweeps:
    """`parlance.conversations.collaborators.Sweeps`."""

    def __init__(self, queue: Sending) -> None:
        self._queue = queue

    def sweep(self, tenant_id: str, conversation_id: str, *, delay_seconds: int) -> None:
        body = Sweep(tenant_id=tenant_id, conversation_id=conversation_id)
        self._queue.send(body.model_dump_json(), delay_seconds=delay_seconds)

    def erase(self, tenant_id: str, user_id: str, *, passes: int, delay_seconds: int) -> None:
        """`parlance.privacy.erasure.Erasures`."""
        body = UserErasure(tenant_id=tenant_id, user_id=user_id, passes=passes)
        self._queue.send(body.model_dump_json(), delay_seconds=delay_seconds)


class SqsErrands:
    """`parlance.platform.errands.Errands`."""

    def __init__(self, queue: Sending) -> None:
        self._queue = queue

    def read_file(self, tenant_id: str, file_id: str, *, dataset_id: str | None) -> None:
        body = FileReading(tenant_id=tenant_id, file_id=file_id, dataset_id=dataset_id)
        self._queue.send(body.model_dump_json())

    def forget_file(self, tenant_id: str, file_id: str) -> None:
        body = FileRemoval(tenant_id=tenant_id, file_id=file_id)
        self._queue.send(body.model_dump_json(), delay_seconds=UPLOAD_SECONDS)

    def call_at(self, tenant_id: str, kind: str, document_id: str, *, at: int, seconds: int) -> None:
        body = DueCall(tenant_id=tenant_id, document_kind=kind, document_id=document_id, at=at)
        self._queue.send(body.model_dump_json(), delay_seconds=seconds)

    def look_at_task(self, tenant_id: str, task_id: str, execution_id: str, *, looks: int) -> None:
        body = TaskLook(tenant_id=tenant_id, task_id=task_id, execution_id=execution_id, looks=looks)
        self._queue.send(body.model_dump_json(), delay_seconds=min(looks, _LOOK_PAUSE_MAX))


class SqsIndexRequests:
    """`parlance.knowledge.indexing.IndexRequests`."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def request(self, tenant_id: str, dataset_id: str, *, unreadable: bool = False) -> None:
        body = IndexRequest(tenant_id=tenant_id, dataset_id=dataset_id, unreadable=unreadable)
        try:
            self._queue.send(body.model_dump_json(), delay_seconds=_INDEX_DELAY_SECONDS)
        except UnavailableError:
            logger.warning("index not requested", dataset_id=dataset_id)
