"""Who calls the platform dialect, and how far they reach."""

import re
from dataclasses import dataclass, field

from parlance.identity.model import Limits


@dataclass(frozen=True, slots=True)
class Caller:
    """A tenant, by its secret key or by a session of one conversation.

    `conversation_id` is set for a session, which reaches the routes of that conversation only. Who has but the secret
    of a trigger reaches that trigger. A stranger has shown nothing, and may only open a session with a public bot.
    """

    tenant_id: str
    limits: Limits = field(default_factory=Limits)
    key_id: str | None = None
    conversation_id: str | None = None
    is_stranger: bool = False

    @property
    def is_session(self) -> bool:
        return self.conversation_id is not None


@dataclass(frozen=True, slots=True)
class TriggerPlace:
    """Whose a trigger is."""

    tenant_id: str
    id: str


_OF_CONVERSATION = re.compile(
    r"/conversation/(?P<id>[^/]+)/"
    r"(complete|send|receive|initiate|dispatch|contact/upsert|attachment/upload"
    r"|message/[^/]+/(upvote|downvote|synthesize))\Z"
)
_ATTACHMENT = re.compile(r"/Attachment/(?P<id>[^/]+)/upload\Z")
_OF_ANYBODY = re.compile(r"(/channel/[^/]+/publish|/url/unfurl)\Z")


_OF_TRIGGER = re.compile(r"/integration/trigger/(?P<id>[^/]+)/(event|invoke)\Z")


def trigger_of(path: str) -> str | None:
    """The id of the trigger that a path, given without the API's root, sends something to."""
    match = _OF_TRIGGER.match(path)
    return match["id"] if match else None


def session_reaches(path: str, conversation_id: str) -> bool:
    """Whether a session of that conversation may call a path, given without the API's root."""
    match = _OF_CONVERSATION.match(path) or _ATTACHMENT.match(path)
    return match["id"] == conversation_id if match else bool(_OF_ANYBODY.match(path))
