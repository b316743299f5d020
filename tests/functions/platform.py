"""The functions of the platform dialect, called as API Gateway calls them."""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from parlance.identity.keys import PLATFORM_PREFIX
from parlance.platform.declarations import RESOURCES
from parlance.platform.paths import ANSWERED, ROOT, canonical
from parlance.platform.service import PlatformService
from tests.functions import events
from tests.functions.cloud import WIDE, Cloud

GROUPS = (
    *("bot", "channel", "contact", "conversation", "dataset", "event", "file", "integration"),
    *("memory", "platform", "secret", "skillset", "task", "usage"),
)


@dataclass(frozen=True)
class Told:
    """An answer of the dialect."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def code(self) -> str:
        """The failure's code; checks its whole shape."""
        body = self.body
        assert set(body) == {"message", "code", "error"}
        assert body["error"] == {"message": body["message"], "code": body["code"]}
        assert isinstance(body["message"], str)
        code: str = body["code"]
        return code


def _pattern(method: str, path: str) -> re.Pattern[str]:
    return re.compile(f"{method} {re.sub(r'<[^>]+>', '[^/]+', path)}/?")


def _lists() -> Iterator[re.Pattern[str]]:
    for resource in RESOURCES:
        if resource.large:
            path = re.sub(r"{\w+}", "<parent>", f"{ROOT}/{resource.path}")
            yield from (_pattern("GET", f"{path}/{call}") for call in ("list", "export"))


_ANSWERED = [_pattern(method, path) for method, path in ANSWERED]
_LISTS = list(_lists())


def _group_of(method: str, path: str) -> str:
    """The function to which API Gateway leads a request."""
    called = f"{method} {canonical(path)}"
    if any(pattern.fullmatch(called) for pattern in _ANSWERED):
        return "completion"
    if any(pattern.fullmatch(called) for pattern in _LISTS):
        return "lists"
    group = canonical(path).split("/")[3]
    return group if group in GROUPS else "conversation"


@cache
def module(group: str) -> Any:
    return importlib.import_module(f"functions.chatbotkit.{group}.app")


def service(group: str) -> PlatformService:
    found: PlatformService = module(group).service()
    return found


@dataclass(frozen=True)
class Account:
    """A tenant with a secret key of the dialect."""

    cloud: Cloud
    tenant_id: str
    key: str

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        accept: str | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        token: str | None = "",
        raw_body: str | None = None,
    ) -> Told:
        """`path` may leave out the root. A `token` of None sends none; "" sends the account's key."""
        full = path if path.startswith(("/api/", "/v1/")) else f"/api/v1{path}"
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.key}"
        if accept:
            sent["Accept"] = accept
        event = events.rest(method, full, body=body, headers=sent, query=query, raw_body=raw_body)
        group = _group_of(method, full)
        answer = module(group).handler(event, events.Context())
        headers = {
            **{name.title(): value for name, value in (answer.get("headers") or {}).items()},
            **{name.title(): values[0] for name, values in (answer.get("multiValueHeaders") or {}).items()},
        }
        return Told(answer["statusCode"], headers, answer["body"])

    def get(self, path: str, **more: Any) -> Told:
        return self.call("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Told:
        return self.call("POST", path, {} if body is None else body, **more)

    def made(self, path: str, body: object = None) -> str:
        """The id of what a creation made."""
        told = self.post(path, body)
        assert told.status == 200, told.text
        identifier: str = told.body["id"]
        return identifier


def an_account(cloud: Cloud, *, parent_id: str | None = None) -> Account:
    tenant = cloud.administration.create_tenant("Test", limits=WIDE, parent_id=parent_id)
    issued = cloud.administration.issue_key(tenant.id, "test", prefix=PLATFORM_PREFIX)
    return Account(cloud, tenant.id, issued.secret)
