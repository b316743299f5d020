"""The resources of the dialect. Adding one is adding it here; integrations have a page of their own."""

import secrets
from typing import Annotated

from pydantic import Field

from parlance.platform.catalogue import CATALOGUE
from parlance.platform.fields import (
    ALIAS,
    BLUEPRINT,
    NAMED,
    VISIBILITY,
    FieldOf,
    NotBlank,
    Resource,
    choice,
    flag,
    link,
    mapping,
    number,
    text,
)
from parlance.platform.integrations import INTEGRATIONS
from parlance.platform.messages import FIRST_MESSAGES_MAX, MESSAGE_TYPES, Entity, FirstMessage

_STATE = choice("state", ("enabled", "disabled"))
_EXPIRES = number("expiresAt")


def _fingerprint() -> str:
    return secrets.token_hex(16)


_CONFIGURATION = (
    text("model"),
    text("backstory"),
    link("datasetId"),
    link("skillsetId"),
    flag("privacy"),
    flag("moderation"),
)


BOT = Resource(
    "bot",
    path="bot",
    prefix="bot",
    fields=(
        *NAMED,
        ALIAS,
        *_CONFIGURATION,
        BLUEPRINT,
        VISIBILITY,
    ),
)

DATASET = Resource(
    "dataset",
    path="dataset",
    prefix="dataset",
    fields=(
        *NAMED,
        ALIAS,
        BLUEPRINT,
        text("store", create_only=True),
        text("reranker"),
        number("recordMaxTokens"),
        number("searchMinScore"),
        number("searchMaxRecords"),
        number("searchMaxTokens"),
        text("matchInstruction"),
        text("mismatchInstruction"),
        text("separators"),
        VISIBILITY,
        number("recordCount", server_made=True, hidden=True),
    ),
)

RECORD = Resource(
    "record",
    path="dataset/{parent}/record",
    prefix="rec",
    parent="dataset",
    fields=(FieldOf("text", NotBlank, required=True), text("source"), NAMED[2]),
    exports=True,
    large=True,
)

DATASET_FILE = Resource(
    "datasetFile",
    path="dataset/{parent}/file",
    prefix="attached",
    parent="dataset",
    fields=(*NAMED, link("fileId", required=True), choice("type", ("source",)), VISIBILITY),
    calls=("list",),
)

SKILLSET = Resource(
    "skillset", path="skillset", prefix="skillset", fields=(*NAMED, ALIAS, BLUEPRINT, VISIBILITY, _STATE)
)

ABILITY = Resource(
    "ability",
    path="skillset/{parent}/ability",
    prefix="ability",
    parent="skillset",
    fields=(
        text("name", shown=""),
        text("description", shown=""),
        NAMED[2],
        ALIAS,
        text("instruction", shown=""),
        BLUEPRINT,
        link("secretId", also="linkedSecretId"),
        link("fileId", also="linkedFileId"),
        link("botId", also="linkedBotId"),
        link("spaceId", also="linkedSpaceId"),
        _STATE,
    ),
    exports=True,
)

CONTACT = Resource(
    "contact",
    path="contact",
    prefix="contact",
    fields=(
        *NAMED,
        text("fingerprint", made=_fingerprint),
        text("email"),
        text("phone"),
        text("nick"),
        text("preferences"),
        number("verifiedAt"),
    ),
    exports=True,
    large=True,
)

FILE = Resource("file", path="file", prefix="file", fields=(*NAMED, ALIAS, BLUEPRINT, VISIBILITY))

SECRET = Resource(
    "secret",
    path="secret",
    prefix="secret",
    fields=(
        *NAMED,
        ALIAS,
        BLUEPRINT,
        choice("kind", ("shared", "personal")),
        choice("type", ("plain", "basic", "bearer", "jwt", "oauth", "template", "reference")),
        text("value", hidden=True),
        mapping("config"),
        VISIBILITY,
    ),
)

MEMORY = Resource(
    "memory",
    path="memory",
    prefix="memory",
    fields=(*NAMED, link("contactId"), link("botId"), FieldOf("text", NotBlank, required=True), _EXPIRES),
    filters=("contactId", "botId"),
    exports=True,
    large=True,
)

TASK = Resource(
    "task",
    path="task",
    prefix="task",
    fields=(
        *NAMED,
        BLUEPRINT,
        link("contactId"),
        link("botId"),
        text("schedule"),
        text("timezone"),
        number("sessionDuration"),
        number("maxIterations"),
        number("maxTime"),
        _EXPIRES,
        choice("status", ("idle", "running", "canceled"), server_made=True, shown="idle"),
        choice("outcome", ("pending", "success", "failure"), server_made=True, shown="pending"),
        number("lastRunAt", server_made=True),
        number("nextRunAt", server_made=True),
    ),
    filters=("botId", "contactId", "status"),
    exports=True,
)

RATING = Resource(
    "rating",
    path="rating",
    prefix="rating",
    fields=(
        *NAMED,
        link("contactId"),
        link("botId"),
        link("conversationId"),
        text("messageId"),
        number("value"),
        text("reason"),
    ),
    filters=("contactId",),
    calls=(),
)

CONVERSATION = Resource(
    "conversation",
    path="conversation",
    prefix="chat",
    fields=(
        *NAMED,
        link("botId"),
        *_CONFIGURATION,
        link("contactId"),
        link("taskId"),
        link("spaceId"),
        FieldOf("messages", Annotated[list[FirstMessage], Field(max_length=FIRST_MESSAGES_MAX)], create_only=True),
        _EXPIRES,
        number("messageCount", server_made=True, hidden=True),
        number("tokenCount", server_made=True, hidden=True),
    ),
    filters=("botId", "contactId", "taskId", "spaceId", "datasetId", "skillsetId"),
    calls=("create", "list", "fetch", "update"),
    exports=True,
    large=True,
)

MESSAGE = Resource(
    "message",
    path="conversation/{parent}/message",
    prefix="msg",
    parent="conversation",
    fields=(
        *NAMED,
        choice("type", MESSAGE_TYPES, required=True),
        text("text", required=True, shown=""),
        FieldOf("entities", list[Entity], hidden=True),
    ),
    calls=("list", "fetch", "update", "delete"),
    oldest_first=True,
    large=True,
)

CHANNEL_MESSAGE = Resource(
    "channelMessage",
    path="channel/{parent}",
    prefix="published",
    fields=(mapping("message"), text("conversationId"), text("turnId"), _EXPIRES),
    calls=(),
)

RESOURCES = (
    *(BOT, DATASET, RECORD, DATASET_FILE, SKILLSET, ABILITY, CONVERSATION, MESSAGE),
    *(CONTACT, FILE, SECRET, MEMORY, TASK, RATING, CHANNEL_MESSAGE),
    *INTEGRATIONS,
    *CATALOGUE,
)
