"""Integrations: each kind keeps the configuration of one way to reach a bot, or to feed a dataset."""

import secrets
from dataclasses import dataclass

from parlance.platform.fields import (
    ALIAS,
    BLUEPRINT,
    NAMED,
    SCHEDULED,
    FieldOf,
    Resource,
    choice,
    flag,
    link,
    mapping,
    number,
    text,
)

_BOT = link("botId")
_COLLECTS = flag("contactCollection")
_SESSION = number("sessionDuration")
_ATTACHMENTS = flag("attachments")
_ALLOW = text("allowFrom")
_SYNC = (
    text("syncSchedule"),
    number("expiresIn"),
    choice("syncStatus", ("pending", "synced", "error"), server_made=True, shown="pending"),
    text("lastSyncedAt", server_made=True),
)


def _token() -> str:
    return secrets.token_urlsafe(24)


_VERIFIED = text("verifyToken", made=_token, server_made=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: the segments of its path, its own fields, and which calls it has besides the usual five."""

    name: str
    fields: tuple[FieldOf, ...]
    actions: tuple[str, ...] = ("setup", "initiate")
    also_at: str | None = None
    exports: bool = False


KINDS = (
    Kind(
        "discord",
        (_BOT, text("appId"), text("botToken"), text("publicKey"), text("handle"), _COLLECTS, _SESSION, _ALLOW),
    ),
    Kind("email", (_BOT, _COLLECTS, _SESSION, _ATTACHMENTS, _ALLOW)),
    Kind(
        "extract",
        (link("botId", shown=""), mapping("schema"), text("request"), text("model")),
        actions=("trigger",),
        exports=True,
    ),
    Kind(
        "googlechat",
        (
            *(_BOT, text("serviceAccountKey"), text("projectNumber"), _COLLECTS, _SESSION, _ATTACHMENTS),
            *(text("autoRespond"), _ALLOW),
        ),
    ),
    Kind("instagram", (_BOT, text("accessToken"), _COLLECTS, _SESSION, _ATTACHMENTS, _VERIFIED)),
    Kind("mcpserver", (link("skillsetId"), text("oAuthConnectionId")), actions=()),
    Kind("messenger", (_BOT, text("accessToken"), _COLLECTS, _SESSION, _ATTACHMENTS, _VERIFIED)),
    Kind(
        "microsoftteams",
        (_BOT, text("botFrameworkAppId"), text("botFrameworkAppSecret"), text("tenantId"), _COLLECTS, _SESSION, _ALLOW),
        also_at="teams",
    ),
    Kind("notion", (link("datasetId", shown=""), text("token"), *_SYNC), actions=("sync",)),
    Kind(
        "sitemap",
        (
            *(link("datasetId", shown=""), text("url"), text("glob"), text("selectors"), flag("javascript")),
            *_SYNC,
        ),
        actions=("sync",),
    ),
    Kind("skillserver", (link("skillsetId"),), actions=("invoke",)),
    Kind(
        "slack",
        (
            *(_BOT, text("signingSecret"), text("botToken"), text("userToken"), _SESSION, _COLLECTS),
            *(flag("references"), flag("ratings"), number("visibleMessages"), text("autoRespond"), _ALLOW),
        ),
    ),
    Kind("support", (link("botId", shown=""), text("email")), actions=("trigger",)),
    Kind("telegram", (_BOT, text("botToken"), _COLLECTS, _SESSION, _ATTACHMENTS, _ALLOW)),
    Kind(
        "trigger",
        (
            *(_BOT, flag("authenticate"), *SCHEDULED, _SESSION),
            text("secret", made=_token, server_made=True),
            number("lastTriggerAt", server_made=True),
            number("nextTriggerAt", server_made=True),
            text("conversationId", server_made=True, hidden=True),
        ),
        actions=("setup", "invoke"),
    ),
    Kind("twilio", (_BOT, text("accountSid"), text("authToken"), text("voice"), _COLLECTS, _SESSION, _ALLOW)),
    Kind(
        "whatsapp",
        (_BOT, text("phoneNumberId"), text("accessToken"), _COLLECTS, _SESSION, _ATTACHMENTS, _ALLOW, _VERIFIED),
    ),
    Kind(
        "widget",
        (
            _BOT,
            *map(
                text, ("theme", "layout", "title", "intro", "initial", "placeholder", "origin", "language", "plugins")
            ),
            _SESSION,
            *map(flag, ("stream", "verbose", "tools", "unfurl", "math", "carousel", "form", "attachments")),
            *map(flag, ("autoScroll", "startFirst", "contactCollection", "exportConversation", "restartConversation")),
            *map(flag, ("maximize", "messagePeek", "voiceIn", "voiceOut", "poweredBy")),
        ),
        actions=("setup", "clone", "attach", "detach"),
    ),
)


def resource_kind(name: str) -> str:
    """Under which kind an integration is kept."""
    return f"{name}Integration"


def _resource(kind: Kind) -> Resource:
    return Resource(
        resource_kind(kind.name),
        path=f"integration/{kind.name}",
        prefix="integration",
        fields=(*NAMED, ALIAS, BLUEPRINT, *kind.fields),
        exports=kind.exports,
        title="Integration",
    )


INTEGRATIONS = tuple(_resource(kind) for kind in KINDS)
