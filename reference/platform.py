"""The platform dialect, a section for each group of its paths.

Life cycles are described out of the declarations; the other calls in `reference.platform_calls`.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from inspect import signature
from typing import Any

from parlance.http.routes import Route
from parlance.platform.bots import BotCalls
from parlance.platform.callers import session_reaches
from parlance.platform.catalogue import CatalogueCalls
from parlance.platform.channels import ChannelCalls, Subscriptions
from parlance.platform.completion import CompletionCalls
from parlance.platform.contacts import ContactCalls
from parlance.platform.conversation_calls import ConversationCalls
from parlance.platform.datasets import DatasetCalls
from parlance.platform.declarations import RESOURCES
from parlance.platform.events import EventCalls
from parlance.platform.files import FileCalls
from parlance.platform.integration_calls import IntegrationCalls
from parlance.platform.integrations import INTEGRATIONS, KINDS
from parlance.platform.library import Library
from parlance.platform.memories import Memories
from parlance.platform.openai import OpenAiCalls
from parlance.platform.paths import ROOT, below_root
from parlance.platform.routes import ResourceRoutes
from parlance.platform.secrets import SecretCalls
from parlance.platform.skillsets import AbilityCalls
from parlance.platform.tasks import TaskCalls
from parlance.platform.usage import UsageCalls
from reference.operations import Description, Dialect, UndescribedError
from reference.platform_answers import PlatformError
from reference.platform_calls import CALLS
from reference.platform_lists import action, done, json_body, life_of

_CALLS = (
    *(BotCalls, CatalogueCalls, ChannelCalls, CompletionCalls, ContactCalls, ConversationCalls, DatasetCalls),
    *(EventCalls, FileCalls, IntegrationCalls, Memories, OpenAiCalls, SecretCalls, AbilityCalls, Subscriptions),
    *(TaskCalls, UsageCalls),
)
"""All that serve routes besides those of the declarations."""

_SAME_ELSEWHERE = "Also served below `/v1` and `/api` in place of `/api/v1`."
_ABOUT = {
    "bot": "Bots, which are the agents of the house.",
    "channel": "Names under which messages wait for whoever listens.",
    "contact": "The people that bots talk to.",
    "conversation": "Conversations, their messages, and what a model answers in them.",
    "dataset": "Datasets and their records, which are what answers are made from.",
    "event": "What happened to an account's resources.",
    "file": "Files.",
    "integration": "The configuration of ways to reach a bot, or to feed a dataset.",
    "memory": "What bots keep about people.",
    "openai": "Agents and models as OpenAI's API knows them.",
    "platform": "What the platform itself offers.",
    "secret": "Secrets. A value is never shown.",
    "skillset": "Skillsets and their abilities.",
    "task": "What a bot shall do.",
    "usage": "What an account holds and has used.",
}
_SECURITY = {
    "PlatformSecret": {
        "type": "http",
        "scheme": "bearer",
        "description": "A secret key, `sk-…`. `x-runas-user-id` beside it names a child of the account to act for.",
    }
}
_SESSION = {
    "PlatformSession": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of a session, good for one conversation.",
    }
}
_ERRORS = {
    status: json_body(about, PlatformError)
    for status, about in {
        400: "`BAD_REQUEST`, or `MODEL_ERROR`: the model could not answer, which is not to be tried again",
        401: "`NOT_AUTHENTICATED`",
        402: "`BUDGET_EXCEEDED`",
        403: "`NOT_AUTHORIZED`: no token of ours, or a session outside its routes",
        404: "`NOT_FOUND`: nothing of that name, or another account's; also what a body names",
        409: "`CONFLICT`: an alias or a fingerprint is taken",
        413: "`CONTENT_TOO_LARGE`",
        429: "`TOO_MANY_REQUESTS`, with `Retry-After`",
        500: "`INTERNAL_SERVER_ERROR`",
        501: "`NOT_IMPLEMENTED`",
        503: "`UNAVAILABLE`: the service is busy",
    }.items()
}
_USUAL = tuple(status for status in _ERRORS if status not in {402, 501})


class _Nobody:
    """Stands in for every collaborator: the tables hold no more than names here, and nobody will call them."""

    def __getattr__(self, _: str) -> "_Nobody":
        return self

    def __call__(self, *_: Any, **__: Any) -> "_Nobody":
        return self


@cache
def routes() -> Sequence[Route[Any, Any]]:
    """Those of all functions of the dialect, under one root where several mean the same."""
    nobody: Any = _Nobody()
    library = Library(RESOURCES, nobody, clock=nobody, ids=nobody)
    found = [route for calls in _CALLS for route in _made(calls, library, nobody).routes()]
    # Those of integrations are among their other calls, because one kind is served under two names.
    own = [one for one in RESOURCES if one not in INTEGRATIONS]
    found += [route for resource in own for route in ResourceRoutes(library, resource.kind).routes()]
    return [route for route in found if route.path.startswith(f"{ROOT}/") or _of_openai(route.path)]


def _made(kind: type[Any], library: Library, nobody: Any) -> Any:
    return kind(**{name: library if name == "library" else nobody for name in signature(kind).parameters})


def _of_openai(path: str) -> bool:
    """OpenAI's own paths, which are below its own root."""
    return path in {"/v1/chat/completions", "/v1/models"}


def _described() -> Mapping[tuple[str, str], Description]:
    """All descriptions by the tables' paths."""
    known: dict[tuple[str, str], Description] = {
        (method, path if _of_openai(path) else ROOT + path): one for (method, path), one in CALLS.items()
    }
    for resource in RESOURCES:
        known |= life_of(resource)
    return known | _integrations(known)


def _integrations(known: Mapping[tuple[str, str], Description]) -> dict[tuple[str, str], Description]:
    """Their actions, and everything again for those that have a second name."""
    found: dict[tuple[str, str], Description] = {}
    for kind in KINDS:
        base = f"{ROOT}/integration/{kind.name}"
        for name in kind.actions:
            refusal = json_body("`NOT_IMPLEMENTED`: it would leave the house", PlatformError)
            described = action(f"{name.capitalize()} {_noun(kind.name)}", done(), more={501: refusal})
            key = "POST", f"{base}/<reference>/{name}"
            found[key] = known.get(key, described)
        if kind.also_at:
            own = {key: one for key, one in {**known, **found}.items() if key[1].startswith(f"{base}/")}
            other = f"{ROOT}/integration/{kind.also_at}"
            found |= {(method, path.replace(base, other)): one for (method, path), one in own.items()}
    return found


def _noun(name: str) -> str:
    return f"{'an' if name[0] in 'aeio' else 'a'} {name} integration"


def _group_of(path: str) -> str:
    """The first part of the path; of integrations, which are many, also the kind."""
    if _of_openai(path):
        return "openai"
    first, second = below_root(path).split("/")[1:3]
    if first == "Attachment":
        return "conversation"
    return f"{first} {second}" if first == "integration" else first


def _wire_path(path: str) -> str:
    """Each id is named for what it is the id of."""

    def named(found: re.Match[str]) -> str:
        owner = _OWNERS.get(found["before"], found["before"])
        return f"{found['before']}/{{{owner}Id}}"

    return re.sub(r"(?P<before>\w+)/<\w+>", named, path)


_OWNERS = {name: "integration" for kind in KINDS for name in (kind.name, kind.also_at)} | {"Attachment": "conversation"}
"""Whose id comes behind a part of a path that does not say so itself."""


def _complete(path: str, description: Description) -> Description:
    """With the path on the wire, whose credentials do, and which errors are usual."""
    sample = re.sub(r"<\w+>", "x", below_root(path))
    either = [[name] for name in (*_SECURITY, *_SESSION)] if session_reaches(sample, "x") else [["PlatformSecret"]]
    return replace(
        description,
        path=_wire_path(path),
        credentials=either,
        errors=_USUAL if description.errors is None else description.errors,
    )


def _about(group: str) -> str:
    first = group.split(" ", maxsplit=1)[0]
    if first not in _ABOUT:
        raise UndescribedError("Platform", "the group", first)
    return _ABOUT[first]


def _dialects() -> list[Dialect]:
    groups: defaultdict[str, list[Route[Any, Any]]] = defaultdict(list)
    for route in routes():
        groups[_group_of(route.path)].append(route)
    described = {key: _complete(key[1], one) for key, one in _described().items()}
    return [
        Dialect(
            name=f"Platform: {group}",
            about=f"{_about(group)} {_SAME_ELSEWHERE}",
            routes=partial(tuple, found),
            described={key: one for key, one in described.items() if key in {(one.method, one.path) for one in found}},
            security=_SECURITY | _SESSION,
            errors=_ERRORS,
            family="Platform",
        )
        for group, found in sorted(groups.items())
    ]


PLATFORM = _dialects()
"""A section for each group, so that a page of them all can be folded."""
