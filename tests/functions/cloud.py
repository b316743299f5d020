"""What the functions run in during a test: tables and queues on the emulator, and a gateway of our own."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from functions.chats.messages import app as messages_app
from functions.chats.rest import app as rest_app
from functions.chats.websocket import app as websocket_app
from functions.tenant import app as tenant_app
from functions.widget.chat import app as widget_chat_app
from functions.widget.stream import app as widget_stream_app
from functions.workers.indexing import app as indexing_app
from functions.workers.replies import app as replies_app
from functions.workers.sweeps import app as sweeps_app
from parlance.agents.definitions import Agent
from parlance.clock import SystemClock
from parlance.conversations.model import Turn
from parlance.identity.administration import Administration
from parlance.identity.model import Limits
from parlance.identity.secrets import RandomSecrets
from parlance.identity.web_keys import AdminKeys, WidgetKeys
from parlance.ids import RandomIds
from parlance.storage.agents import AgentRepository
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.web_keys import admin_key_store, widget_key_store
from tests.functions import events
from tests.functions.gateway import FakeGateway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

WIDE = Limits(rest_per_minute=100_000, messages_per_second=1_000, connections=50)


@dataclass(frozen=True)
class Reply:
    """A REST answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The events of a streamed answer."""
        assert self.text.endswith("\n")
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        found = self.body
        assert set(found) == {"error"}
        error: dict[str, Any] = found["error"]
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
        assert set(error) <= {"code", "message", "details"}
        return error


@dataclass(frozen=True)
class House:
    """A tenant with a key and, unless it is told otherwise, a default agent."""

    tenant_id: str
    key_id: str
    key: str


@dataclass
class Cloud:
    """The deployed functions."""

    table: Table
    identity: Table
    sqs: "SQSClient"
    s3: "S3Client"
    wakeups_url: str
    sweeps_url: str
    indexing_url: str
    gateway: FakeGateway

    @property
    def administration(self) -> Administration:
        return Administration(
            DynamoTenantStore(self.identity), clock=SystemClock(), ids=RandomIds(), secrets=RandomSecrets()
        )

    def house(self, *, limits: Limits = WIDE, agent: bool = True) -> House:
        tenant = self.administration.create_tenant("Test", limits=limits)
        issued = self.administration.issue_key(tenant.id, "test")
        if agent:
            now = SystemClock().now()
            AgentRepository(self.table).create(Agent(tenant.id, "default", "Ada", "Be kind.", now, now))
        return House(tenant.id, issued.key.id, issued.secret)

    def rest(self, method: str, path: str, **sent: Any) -> Reply:
        answer = rest_app.handler(events.rest(method, path, **sent), events.Context())  # type: ignore[arg-type]
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return Reply(answer["statusCode"], headers, answer["body"])

    def tenant(self, method: str, path: str, **sent: Any) -> Reply:
        """The tenant's own routes; `path` is what follows their root."""
        event = events.rest(method, f"/api/v1/tenant{path}", **sent)
        answer = tenant_app.handler(event, events.Context())  # type: ignore[arg-type]
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return Reply(answer["statusCode"], headers, answer["body"])

    def say(self, chat_id: str, *, tail: str = "", method: str = "POST", **sent: Any) -> Reply:
        """Send a message over HTTP, to the function that streams the reply; invoked, it answers when all is said."""
        event = events.rest(method, f"/api/v1/chats/{chat_id}/messages{tail}", **sent)
        answer = messages_app.handler(event, events.Context())  # type: ignore[arg-type]
        assert answer["isBase64Encoded"] is False
        return Reply(answer["statusCode"], answer["headers"], answer["body"])

    @property
    def widget_keys(self) -> WidgetKeys:
        store = widget_key_store(self.identity)
        return WidgetKeys(store, clock=SystemClock(), ids=RandomIds(), secrets=RandomSecrets())

    @property
    def admin_keys(self) -> AdminKeys:
        store = admin_key_store(self.identity)
        return AdminKeys(store, clock=SystemClock(), ids=RandomIds(), secrets=RandomSecrets())

    def widget(self, method: str, path: str, **sent: Any) -> Reply:
        """A call of a page or an operator, to the function that the gateway would send it to."""
        event = events.rest(method, path, **sent)
        streams = (
            path in {"/v1/chat", "/v1/chat/stream"} if method == "POST" else method == "GET" and "admin" not in path
        )
        app = widget_stream_app if streams else widget_chat_app
        answer = app.handler(event, events.Context())
        multi = {name.lower(): values[0] for name, values in (answer.get("multiValueHeaders") or {}).items()}
        headers = multi | {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        return Reply(answer["statusCode"], headers, answer["body"])

    def chat(self, house: House, user_id: str = "alice") -> str:
        reply = self.rest("POST", "/api/v1/chats", key=house.key, body={"user_id": user_id})
        assert reply.status == 201, reply.text
        chat_id: str = reply.body["id"]
        return chat_id

    def connect(
        self, *, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Open a connection, as API Gateway does: it can be written to once `$connect` has agreed."""
        connection_id = uuid4().hex
        answer = websocket_app.handler(
            events.websocket("$connect", connection_id, query=query, headers=headers), events.Context()
        )
        if answer["statusCode"] == 200:
            self.gateway.open(connection_id)
        return connection_id, answer

    def connected(self, house: House, chat_id: str, user_id: str = "alice") -> str:
        connection_id, answer = self.connect(query={"api_key": house.key, "user_id": user_id, "chat_id": chat_id})
        assert answer == {"statusCode": 200}
        return connection_id

    def send(self, connection_id: str, frame: object) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        answer = websocket_app.handler(events.websocket("$default", connection_id, body=text), events.Context())
        assert answer == {"statusCode": 200}

    def begun(self, connection_id: str, house: House, chat_id: str) -> Turn:
        """A chat's first turn, begun over a connection, of which no worker has heard."""
        self.send(connection_id, {"content": "Hello?"})
        self.sqs.purge_queue(QueueUrl=self.wakeups_url)
        turn = DynamoTurnStore(self.table).turn(house.tenant_id, chat_id, 1)
        assert turn is not None
        return turn

    def disconnect(self, connection_id: str) -> None:
        self.gateway.hang_up(connection_id)
        websocket_app.handler(events.websocket("$disconnect", connection_id), events.Context())

    def work(self) -> list[dict[str, Any]]:
        """Let the workers have every message that is visible now; returns the bodies."""
        return self._drain(self.wakeups_url, replies_app.handler) + self._drain(self.sweeps_url, sweeps_app.handler)

    def index(self) -> list[dict[str, Any]]:
        """Let the indexing worker have every message that is visible now; returns the bodies."""
        return self._drain(self.indexing_url, indexing_app.handler)

    def _drain(self, url: str, handler: Any) -> list[dict[str, Any]]:
        bodies = []
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=1, AttributeNames=["ApproximateReceiveCount"]
        ).get("Messages"):
            for message in messages:
                record = {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                }
                answer = handler({"Records": [record]}, events.Context())
                if not answer["batchItemFailures"]:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(json.loads(message["Body"]))
        return bodies
