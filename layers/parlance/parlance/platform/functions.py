"""What clients send along with what they want a model to answer."""

from typing import Annotated, Any, Literal

from pydantic import Field

from parlance.platform.fields import AS_WHOLE, Meta, Sent
from parlance.platform.messages import FIRST_MESSAGES_MAX, Entity, Spoken, SpokenMessage

ATTACHMENTS_MAX = 5

type ChannelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")]
type Count = Annotated[int, Field(ge=1), AS_WHOLE]


class Parameters(Sent):
    type: Literal["object"]
    properties: dict[str, Any]
    required: list[str] | None = None


class Call(Sent):
    start: str | None = None
    end: str | None = None


class Result(Sent):
    data: Any = None
    channel: ChannelName | None = None


class Function(Sent):
    """Something that the client can do for the model."""

    name: Annotated[str, Field(min_length=1, json_schema_extra={"pattern": "^[A-Za-z0-9_-]{1,64}$"})]
    description: str
    parameters: Parameters
    result: Result | None = None
    call: Call | None = None


class ExtensionRecord(Sent):
    text: str
    meta: Meta | None = None


class ExtensionDataset(Sent):
    name: str | None = None
    description: str | None = None
    records: list[ExtensionRecord]


class ExtensionAbility(Sent):
    name: str
    description: str
    instruction: str


class ExtensionSkillset(Sent):
    name: str | None = None
    description: str | None = None
    abilities: list[ExtensionAbility]


class Feature(Sent):
    name: str
    options: dict[str, Any] | None = None


class Extensions(Sent):
    """What is added to a bot for one request."""

    backstory: str | None = None
    datasets: list[ExtensionDataset] | None = None
    skillsets: list[ExtensionSkillset] | None = None
    features: list[Feature] | None = None


class CompletionLimits(Sent):
    iterations: Count | None = None
    continuations: Count | None = None
    calls: Count | None = None


class Receive(Sent):
    functions: list[Function] | None = None
    extensions: Extensions | None = None
    limits: CompletionLimits | None = None


class Complete(Receive):
    text: Annotated[str, Field(min_length=1)] | None = None
    entities: list[Entity] | None = None


class Send(Receive):
    text: Annotated[str, Field(min_length=1)]
    entities: list[Entity] | None = None


class Dispatch(Complete):
    channelId: ChannelName | None = None  # noqa: N815 - the wire's name


class Attachment(Sent):
    """A text at a public address."""

    url: Annotated[str, Field(min_length=1, max_length=4_096)]


class ContactBody(Sent):
    fingerprint: str
    name: str | None = None
    description: str | None = None
    email: str | None = None
    phone: str | None = None
    nick: str | None = None
    meta: Meta | None = None


class Stateless(Receive):
    """A bot, or what makes one, and all that was said."""

    botId: str | None = None  # noqa: N815 - the wire's name
    model: str | None = None
    backstory: str | None = None
    datasetId: str | None = None  # noqa: N815 - the wire's name
    skillsetId: str | None = None  # noqa: N815 - the wire's name
    privacy: bool | None = None
    moderation: bool | None = None
    messages: Spoken
    attachments: Annotated[list[Attachment], Field(max_length=ATTACHMENTS_MAX)] | None = None
    contactId: str | ContactBody | None = None  # noqa: N815 - the wire's name


class DispatchStateless(Stateless):
    """They become a conversation, which is created with no more messages than that."""

    messages: Annotated[list[SpokenMessage], Field(min_length=1, max_length=FIRST_MESSAGES_MAX)]
    channelId: ChannelName | None = None  # noqa: N815 - the wire's name
