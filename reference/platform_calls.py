"""The calls of the platform dialect that no declaration makes: what each is for, takes and answers.

A route that is not here stops `make reference` by name. Paths are those of the route tables, below the API's root.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from parlance.platform import (
    bots,
    catalogue,
    channels,
    conversation_calls,
    datasets,
    functions,
    memories,
    secrets,
    skillsets,
)
from parlance.platform.declarations import CONTACT, CONVERSATION, MEMORY, RATING, SECRET, TASK
from parlance.platform.openai_bodies import ChatCompletion
from parlance.platform.ratings import Vote
from parlance.platform.uploads import UploadBody
from reference import platform_answers as answers
from reference.operations import REF, Body, Description, Json
from reference.platform_lists import JSON, JSONL, READING_ERRORS, action, done, empty_list, json_body, listing, page_of

_LINES = {"type": "string", "description": 'Events, one on each line: `{"type", "data", "createdAt"}`'}
_ENSURED: Json = {
    "allOf": [
        {"$ref": REF.format(model="ContactCreate")},
        {
            "type": "object",
            "required": ["fingerprint"],
            "properties": {"fingerprint": {"type": "string", "minLength": 1}},
        },
    ]
}
_OPENAI_ERROR = {
    status: json_body(about, answers.OpenAiError)
    for status, about in {
        400: "The request or the agent's model is at fault",
        402: "`budget_exceeded`: what may be spent is spent",
        404: "There is no such model",
    }.items()
}
_UNABLE = json_body("`NOT_IMPLEMENTED`: an extension that cannot be heeded here", answers.PlatformError)
_SPENT = json_body("`BUDGET_EXCEEDED`: what may be spent is spent", answers.PlatformError)


def _takes(summary: str, body: type[BaseModel], answer: Body, *, must_send: bool = True) -> Description:
    return Description(summary=summary, sent=[body], must_send=must_send, answers={200: answer})


def _refused(summary: str, reason: str, *, method: str = "POST") -> Description:
    refusal = {501: json_body(f"`NOT_IMPLEMENTED`: {reason}", answers.PlatformError)}
    if method == "GET":
        return Description(summary=summary, answers=refusal, errors=READING_ERRORS)
    return action(summary, more=refusal)


def _vote(summary: str) -> Description:
    return _takes(summary, Vote, done("It is counted"), must_send=False)


def _found_memories(summary: str) -> Description:
    return _takes(summary, memories.Search, json_body("The best, at most 20", answers.FoundMemories))


def _reading(summary: str, model: type[BaseModel], about: str) -> Description:
    return Description(summary=summary, answers={200: json_body(about, model)}, errors=READING_ERRORS)


def _completion(summary: str, body: type[BaseModel], answer: type[BaseModel], *, must_send: bool = True) -> Description:
    whole = Body(about="The answer, or its events while it is made", content={JSON: [answer], JSONL: _LINES})
    return Description(
        summary=summary,
        about="With `Accept: application/jsonl` as events. A reply that failed is a 200 with `end.reason` `error`, "
        "because clients repeat what is answered 5xx.",
        sent=[body],
        must_send=must_send,
        answers={200: whole, 402: _SPENT, 501: _UNABLE},
    )


def _dispatch(summary: str, body: type[BaseModel], answer: type[BaseModel], *, must_send: bool) -> Description:
    return Description(
        summary=summary,
        sent=[body],
        must_send=must_send,
        answers={200: json_body("Where the answer will be heard", answer), 402: _SPENT, 501: _UNABLE},
    )


def _upload(summary: str, about: str, answer: type[BaseModel] = answers.Upload) -> Description:
    return Description(
        summary=summary,
        about=f"{about} Little may come along as a `data:` URL; of more its size is told, to the byte, and the answer "
        "says with which request it is to be brought within 15 minutes.",
        sent=[UploadBody],
        answers={
            200: json_body("It is there, or how to bring it", answer),
            501: json_body("`NOT_IMPLEMENTED`: it is not fetched from an address", answers.PlatformError),
        },
    )


def _subscription(summary: str, about: str) -> Description:
    lines = Body(about=about, content={JSONL: _LINES})
    return _takes(summary, channels.Subscription, lines, must_send=False)


_BOTS = {
    ("POST", "/bot/<reference>/clone"): action("Copy a bot", done("The copy, which has no alias")),
    ("POST", "/bot/<reference>/upvote"): _vote("Say that a bot is good"),
    ("POST", "/bot/<reference>/downvote"): _vote("Say that a bot is bad"),
    ("POST", "/bot/<reference>/memory/search"): _found_memories("Search in the memories of a bot"),
    ("POST", "/bot/<reference>/session/create"): _takes(
        "Begin a conversation for an end user",
        bots.SessionBody,
        json_body("The session", answers.BotSessionOpened),
        must_send=False,
    ),
    ("GET", "/bot/<reference>/usage/fetch"): _reading("See what a bot has used", answers.UsageTotal, "In all"),
}
_ATTACHED = "Up to 25 MB, kept with the conversation for 30 days at most; no model reads it."
_CONVERSATIONS = {
    ("POST", "/conversation/complete"): _completion(
        "Complete messages that are not kept", functions.Stateless, answers.Completed
    ),
    ("POST", "/conversation/dispatch"): _dispatch(
        "Have a worker answer messages",
        functions.DispatchStateless,
        answers.DispatchedConversation,
        must_send=True,
    ),
    ("POST", "/conversation/<conversation_id>/complete"): _completion(
        "Send a message and get the reply", functions.Complete, answers.Completed, must_send=False
    ),
    ("POST", "/conversation/<conversation_id>/send"): _completion(
        "Send a message and no more", functions.Send, answers.MessageSent
    ),
    ("POST", "/conversation/<conversation_id>/receive"): _completion(
        "Get the reply to what was sent", functions.Receive, answers.Completed, must_send=False
    ),
    ("POST", "/conversation/<conversation_id>/dispatch"): _dispatch(
        "Have a worker answer in a conversation", functions.Dispatch, answers.Dispatched, must_send=False
    ),
    ("POST", "/conversation/<reference>/delete"): action("Delete a conversation", done("It is gone, for good")),
    ("POST", "/conversation/<reference>/upvote"): _vote("Say that a conversation went well"),
    ("POST", "/conversation/<reference>/downvote"): _vote("Say that a conversation went badly"),
    ("POST", "/conversation/<reference>/session/create"): _takes(
        "Let an end user into a conversation",
        conversation_calls.SessionBody,
        json_body("The session", answers.SessionOpened),
        must_send=False,
    ),
    ("POST", "/conversation/<reference>/contact/upsert"): _takes(
        "Say who a conversation is with", CONTACT.creation, done("The contact"), must_send=False
    ),
    ("GET", "/conversation/<reference>/usage/fetch"): _reading(
        "See what a conversation has used", answers.ConversationUsage, "In all"
    ),
    ("POST", "/conversation/<reference>/attachment/upload"): _upload(
        "Attach a file", _ATTACHED, answers.AttachmentUpload
    ),
    ("POST", "/Attachment/<reference>/upload"): _upload(
        "Attach a file, where one of the clients does", _ATTACHED, answers.AttachmentUpload
    ),
    ("POST", "/conversation/<parent>/message/create"): _takes(
        "Add a message", conversation_calls.NewMessageBody, json_body("The message", answers.MessageCreated)
    ),
    ("POST", "/conversation/<parent>/message/<reference>/upvote"): _vote("Say that a message is good"),
    ("POST", "/conversation/<parent>/message/<reference>/downvote"): _vote("Say that a message is bad"),
    ("POST", "/conversation/<parent>/message/<reference>/synthesize"): _refused(
        "Have a message spoken", "messages are not spoken"
    ),
}
_DATASETS = {
    ("POST", "/dataset/<parent>/search"): _takes(
        "Search in a dataset", datasets.SearchBody, json_body("Best first", answers.FoundRecords)
    ),
    ("POST", "/dataset/<parent>/file/<reference>/attach"): _takes(
        "Attach a file", datasets.Attach, done("The file"), must_send=False
    ),
    ("POST", "/dataset/<parent>/file/<reference>/detach"): _takes(
        "Detach a file", datasets.Detach, done("The file"), must_send=False
    ),
    ("POST", "/dataset/<parent>/file/<reference>/sync"): action(
        "Read a file anew", done("A worker reads it"), about="Its passages replace the records of the last reading."
    ),
}
_CONTACTS = {
    ("POST", "/contact/ensure"): Description(
        summary="Find the contact of a fingerprint, or make it",
        about="One that is there is brought up to date.",
        sent=_ENSURED,
        answers={200: done("The contact")},
    ),
    ("POST", "/contact/<parent>/memory/search"): _found_memories("Search in the memories about a contact"),
    **{
        ("GET", f"/contact/<parent>/{part}/list"): listing(f"List the {plural} of a contact", page_of(resource))
        for part, plural, resource in (
            ("conversation", "conversations", CONVERSATION),
            ("memory", "memories", MEMORY),
            ("rating", "ratings", RATING),
            ("task", "tasks", TASK),
        )
    },
    ("GET", "/contact/<parent>/secret/list"): listing("List the secrets that are each contact's own", page_of(SECRET)),
    ("GET", "/contact/<parent>/space/list"): empty_list("List the spaces of a contact"),
}
_ON_SECRETS = {
    "authenticate": _refused("Sign in at a foreign service", "set the secret's value"),
    "mint": _refused("Get a token of a foreign service", "set the secret's value"),
    "proxy": Description(
        summary="Call a foreign service with a secret",
        sent=[secrets.ProxyBody],
        answers={501: json_body("`NOT_IMPLEMENTED`: give a skillset an ability that fetches", answers.PlatformError)},
    ),
    "revoke": action("Take a secret's value away", done()),
    "verify": action("Ask whether a secret has a value", json_body("Whether it has", answers.SecretStatus)),
}
_SECRETS = {
    ("POST", f"{base}/<reference>/{name}"): description
    for base in ("/secret", "/contact/<parent>/secret")
    for name, description in _ON_SECRETS.items()
}
_FILES = {
    ("GET", "/file/<reference>/download"): Description(
        summary="Download a file",
        answers={
            200: json_body("With `Accept: application/json`: where it is, for a while", answers.Address),
            302: Body(about="Else the way there"),
        },
        errors=READING_ERRORS,
    ),
    ("POST", "/file/<reference>/sync"): action(
        "Read a file anew", done("A worker reads it"), about="Into every dataset that it is attached to."
    ),
    ("POST", "/file/<reference>/upload"): _upload("Upload a file", "Up to 100 MB, in place of what it held."),
}
_MEMORIES = {("POST", "/memory/search"): _found_memories("Search in memories")}
_SKILLSETS = {
    ("POST", "/skillset/<parent>/ability/<reference>/execute"): Description(
        summary="Run an ability",
        about="`input` are its arguments as JSON, or the only one as it is.",
        sent=[skillsets.Execution],
        must_send=False,
        answers={
            200: Body(about="What came of it", content={JSON: [answers.AbilityResult], JSONL: _LINES}),
            402: _SPENT,
            501: json_body("`NOT_IMPLEMENTED`: its instruction cannot be run here", answers.PlatformError),
        },
    )
}
_TASKS = {
    ("POST", "/task/<reference>/cancel"): action("Cancel a task and its schedule", done("The task")),
    ("POST", "/task/<reference>/trigger"): action(
        "Run a task", done("A worker runs it"), about="A task that runs is not run twice at once, which is a 409."
    ),
    ("POST", "/task/<reference>/subscribe"): _subscription("Hear what a task does", "The begin and the end of runs"),
    ("POST", "/task/<reference>/execution/<execution>/cancel"): action(
        "Cancel a run", json_body("The run", answers.Execution)
    ),
}
_TRIGGERS = {
    ("POST", f"/integration/trigger/<reference>/{call}"): Description(
        summary=summary,
        about="The trigger's bot is told the object that is sent. The trigger's own `secret` will do as the token.",
        sent={"type": "object"},
        must_send=False,
        answers={200: json_body("A worker has the bot answer", answers.Invocation)},
    )
    for call, summary in (("event", "Tell a trigger of an event"), ("invoke", "Invoke a trigger"))
}
_CHANNELS = {
    ("POST", "/channel/<channel>/publish"): _takes("Publish a message", channels.Publication, done("The message")),
    ("POST", "/channel/<channel>/subscribe"): _takes(
        "Hear what is published",
        channels.Subscription,
        Body(about="Messages, until the turn that was dispatched ends, else for a minute", content={JSONL: _LINES}),
        must_send=False,
    ),
}
_EVENTS = {
    ("GET", "/event/log/list"): listing("List events", answers.EventPage),
    ("GET", "/event/log/export"): listing("Export events", answers.EventPage, exports=True),
    ("POST", "/event/log/subscribe"): _subscription("Hear of events", "Those that were and those that come"),
}
_USAGE = {
    ("GET", "/usage/fetch"): _reading("See what the account has used", answers.AccountUsage, "In all"),
    ("GET", "/usage/list"): listing("List the tokens of each answer", answers.UsePage),
    ("GET", "/usage/series/fetch"): _reading(
        "See what was used, day by day", answers.UsageSeries, "Of the last 30 days"
    ),
}
_OFFERED = {
    **{
        ("POST", f"/platform/{name}/search"): _takes(
            f"Search in the platform's {name} list", catalogue.Search, json_body("Nothing", answers.NothingFound)
        )
        for name in ("ability", "doc", "example", "guide", "manual", "secret", "tutorial")
    },
    **{
        ("GET", f"/platform/{name}/<reference>/fetch"): Description(
            summary=f"Read from the platform's {name} list", about="There is nothing in it.", errors=READING_ERRORS
        )
        for name in ("doc", "example", "guide", "manual", "tutorial")
    },
    ("POST", "/platform/example/<reference>/clone"): action("Copy an example", about="There is none."),
    ("POST", "/platform/report/<reference>/generate"): action("Generate a report", about="There is none."),
    ("POST", "/platform/report/generate"): Description(
        summary="Generate reports",
        sent={"type": "object"},
        must_send=False,
        answers={
            200: Body(
                about="An answer for each that was asked for",
                content={
                    JSON: {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {"error": {"type": "string"}},
                            "required": ["error"],
                        },
                    }
                },
            )
        },
    ),
}
_CHAT = Description(
    summary="Complete a chat as OpenAI's API does",
    about="The model is a bot, by id or `@alias`, or a configured model. With `stream` as server-sent events.",
    sent=[ChatCompletion],
    answers={
        200: Body(
            about="The completion, or its chunks",
            content={JSON: [answers.OpenAiCompletion], "text/event-stream": {"type": "string"}},
        ),
        **_OPENAI_ERROR,
    },
)
_MODELS = _reading("List models as OpenAI's API does", answers.OpenAiModels, "Bots and configured models")
_OPENAI = {
    ("POST", "/openai/chat/completions"): _CHAT,
    ("POST", "/v1/chat/completions"): _CHAT,
    ("GET", "/openai/models"): _MODELS,
    ("GET", "/v1/models"): _MODELS,
}

CALLS: Mapping[tuple[str, str], Description] = {
    **_BOTS,
    **_CONVERSATIONS,
    **_DATASETS,
    **_CONTACTS,
    **_SECRETS,
    **_FILES,
    **_MEMORIES,
    **_SKILLSETS,
    **_TASKS,
    **_TRIGGERS,
    **_CHANNELS,
    **_EVENTS,
    **_USAGE,
    **_OFFERED,
    **_OPENAI,
}
