"""HTTP requests that abilities describe. The template decides where to, the arguments only fill its gaps.

Secrets go to the origin that the template names and to no other; a redirect elsewhere is followed without them.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from parlance.agents.models.base import Cancellation, Tool
from parlance.agents.secrets import SecretMissingError, Secrets
from parlance.agents.skills import PLACEHOLDER, FetchAbility
from parlance.agents.tools.base import RESULT_MAX, Outcome, ToolFailedError
from parlance.outbound.addresses import ForbiddenAddressError, Guard, target_of
from parlance.outbound.line import Line, pieces
from parlance.outbound.patience import Patience

_REDIRECTS_MAX = 3
_BYTES_MAX = 1024 * 1024
_CONNECT_SECONDS = 3.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TEXTUAL = ("text/", "application/json", "application/xml", "application/x-ndjson", "application/javascript")


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request, filled in."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class FetchTool:
    """Implements `RunnableTool`."""

    channel = None
    is_foreign = False

    def __init__(self, tenant_id: str, ability: FetchAbility, *, secrets: Secrets, guard: Guard) -> None:
        self._tenant_id = tenant_id
        self._ability = ability
        self._secrets = secrets
        self._guard = guard
        self.tool = Tool(ability.name, ability.description, ability.parameters)

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:
        sent = self._filled(arguments)
        try:
            return Outcome(self._followed(sent, cancellation))
        except ForbiddenAddressError as error:
            raise ToolFailedError(f"the address may not be called: {error}") from error
        except (OSError, HTTPException, ValueError) as error:
            # Their texts may show addresses and headers.
            raise ToolFailedError(f"the server could not be reached ({type(error).__name__})") from error

    def _followed(self, sent: _Sent, cancellation: Cancellation) -> str:
        """Every address on the way is judged anew, because each step makes a connection of its own."""
        deadline = time.monotonic() + self._ability.timeout_seconds
        for _ in range(_REDIRECTS_MAX + 1):
            line = Line(self._guard, connect_seconds=_CONNECT_SECONDS)
            with line, Patience(line.hang_up) as patience:
                cancellation.on_request(line.hang_up)
                patience.expect(deadline - time.monotonic())
                answer = line.ask(sent.method, target_of(sent.url), headers=sent.headers, body=sent.body)
                location = answer.headers.get("Location")
                if answer.status not in _REDIRECTS or not location:
                    text = _text(answer)
                    if patience.ran_out or cancellation.requested:
                        # A body without a length ends well when its connection is ended.
                        raise TimeoutError
                    return text
                sent = _redirected(sent, answer.status, location)
        raise ToolFailedError("the server redirects without end")

    def _filled(self, arguments: Mapping[str, Any]) -> _Sent:
        ability = self._ability
        url = PLACEHOLDER.sub(lambda match: _in_address(arguments.get(match[2])), ability.url)
        query = {name: self._text(value, arguments) for name, value in ability.query.items()}
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        headers = {name: self._text(value, arguments) for name, value in ability.headers.items()}
        if ability.secrets and not url.startswith("https:"):
            self._require_ours(url)
        body = None
        if ability.body is not None:
            body = json.dumps(self._value(ability.body, arguments)).encode()
            headers = {"Content-Type": "application/json", **headers}
        return _Sent(ability.method, url, {"Accept-Encoding": "identity", "User-Agent": "Parlance", **headers}, body)

    def _require_ours(self, url: str) -> None:
        """A secret travels unencrypted only to a host that the operator has opened by name."""
        if not self._guard.opens(target_of(url).host):
            raise ToolFailedError("secrets are only sent over https")

    def _text(self, template: str, arguments: Mapping[str, Any]) -> str:
        return PLACEHOLDER.sub(
            lambda match: self._secret(match[2]) if match[1] else _as_text(arguments.get(match[2])), template
        )

    def _value(self, template: Any, arguments: Mapping[str, Any]) -> Any:
        match template:
            case str():
                alone = PLACEHOLDER.fullmatch(template)
                return arguments.get(alone[2]) if alone and not alone[1] else self._text(template, arguments)
            case dict():
                return {name: self._value(value, arguments) for name, value in template.items()}
            case list():
                return [self._value(value, arguments) for value in template]
        return template

    def _secret(self, name: str) -> str:
        try:
            return self._secrets.get(self._tenant_id, name).strip()
        except SecretMissingError as error:
            raise ToolFailedError(f"the secret {name!r} is not set") from error


def _in_address(value: Any) -> str:
    """One segment of a path, or a part of one: never a step to another folder."""
    text = _as_text(value)
    if text in {".", ".."}:
        raise ToolFailedError("an argument may not be a step in a path")
    return quote(text, safe="")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _redirected(sent: _Sent, status: int, location: str) -> _Sent:
    """As browsers do it; what was meant for the first origin stays there."""
    url = urljoin(sent.url, location)
    if target_of(url).origin != target_of(sent.url).origin:
        plain = {name: sent.headers[name] for name in ("Accept-Encoding", "User-Agent") if name in sent.headers}
        return _Sent("GET", url, plain, None)
    if status in {307, 308}:
        return replace(sent, url=url)
    headers = {name: value for name, value in sent.headers.items() if name.lower() != "content-type"}
    return _Sent("GET", url, headers, None)


def _text(answer: HTTPResponse) -> str:
    kind = answer.headers.get_content_type()
    if not kind.startswith(_TEXTUAL) and not kind.endswith(("+json", "+xml")):
        raise ToolFailedError(f"the server answered {answer.status} with {kind}, which is no text")
    found = b""
    for piece in pieces(answer):
        found += piece
        if len(found) > _BYTES_MAX:
            raise ToolFailedError("the answer is larger than 1 MB")
    text = found.decode(errors="replace")[:RESULT_MAX]
    if answer.status >= 400:
        raise ToolFailedError(f"the server answered {answer.status}: {text[:500]}")
    return text or f"status {answer.status}"
