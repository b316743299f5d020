"""What the identity dialect is sent and what it answers, as models."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from parlance.identity.service_keys import ServiceKeyType
from parlance.kosmos.agent_query import CONTENT_BYTES_MAX

_ENVELOPE = "An envelope: base64 of IV (16 bytes), ciphertext and tag (16 bytes)"


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SealedRequest(_Sent):
    """The same data sealed for the server, and answered sealed for the key in the header `publickey`."""

    data: str = Field(description=f"{_ENVELOPE} of the JSON that `data` holds otherwise")


class SealedAnswer(_Answered):
    """What is answered plain otherwise, sealed for the client."""

    data: str = Field(description=f"{_ENVELOPE} of JSON")
    publicKey: str = Field(description="The server's key that it was sealed with")  # noqa: N815 - the dialect's own


class Question(_Sent):
    userInput: str = Field(min_length=1, description=f"Up to {CONTENT_BYTES_MAX} bytes of UTF-8")  # noqa: N815
    sessionId: str | None = Field(default=None, description="Without one a new session begins")  # noqa: N815
    tenantId: str | None = None  # noqa: N815
    communityId: str | None = None  # noqa: N815
    username: str | None = None


class PlainQuestion(_Sent):
    data: Question


class AgentAnswer(_Answered):
    response: str
    sessionId: str  # noqa: N815


class Token(_Sent):
    token: str = Field(min_length=1, description="The JWT of a user")


class PlainToken(_Sent):
    data: Token


class TokenResult(_Answered):
    status: Literal[200]
    data: str = Field(description="JSON of `user`, `tenant`, `community` and `permissions`")


class VerifiedToken(_Answered):
    data: TokenResult
    publicKey: str  # noqa: N815


class HelperText(_Sent):
    """One of `data` and `dataStr` is needed; both must say the same."""

    data: str | None = Field(default=None, description="The text to seal, or the envelope to open")
    dataStr: str | None = None  # noqa: N815
    publicKey: str = Field(description="Of the one side")  # noqa: N815
    privateKey: str = Field(description="Of the other side. Never one that anything depends on.")  # noqa: N815


class HelperResult(_Answered):
    data: str = Field(description="The envelope, or the text that was in it")
    publicKey: str = Field(description="The one that was sent, as we spell it")  # noqa: N815


class ServiceKey(_Answered):
    tag: str
    keyId: str  # noqa: N815
    keySecret: str  # noqa: N815
    type: ServiceKeyType


class ServiceKeys(RootModel[list[ServiceKey]]):
    """With their secrets: an answer of this kind is not to be kept on the way."""


class Environment(_Answered):
    EC_CURVE_NAME: str
    allowed_time_span: int = Field(description="How many seconds a request id may be early or late")
    stage: str
    region: str
    version: str


class Health(_Answered):
    status: str
    publicKey: str  # noqa: N815
    code: str = Field(description="The status of the answer, as a text")
    version: str = Field(description="`tag.commit.seconds`, or `commit.seconds` where there is no tag")


class IdentityError(_Answered):
    statusCode: int  # noqa: N815
    error: str = Field(description="The name of the status")
    message: str


class HealthError(Health, IdentityError):
    """Health that is an error as well; `status` names what fails."""


class PublicKey(_Answered):
    publicKey: str  # noqa: N815


class WellKnownKey(_Answered):
    public_key: str


class Services(RootModel[dict[str, str]]):
    """Names of services to addresses. `licenses` is always among them, for clients discard a map without it."""
