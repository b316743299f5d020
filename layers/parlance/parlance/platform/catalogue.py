"""What the platform itself offers: its models. Examples, manuals and templates are lists that hold nothing."""

from collections.abc import Callable, Sequence
from typing import Any

from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.fields import Sent
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, page_answer

_LISTED = ("ability", "action", "doc", "example", "guide", "manual", "report", "secret", "tutorial")
_SEARCHED = ("ability", "doc", "example", "guide", "manual", "secret", "tutorial")
_FETCHED = ("doc", "example", "guide", "manual", "tutorial")
_BASE = f"{ROOT}/platform"
# What a model may be told and may say where nothing else is known of it.
_INPUT_TOKENS, _OUTPUT_TOKENS = 8_192, 4_096


class Search(Sent):
    search: str
    take: int | None = None


class CatalogueCalls:
    """The models that are configured, by name."""

    def __init__(self, models: Sequence[str]) -> None:
        self._models = models

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{_BASE}/model/list", self.models),
            *(Route("GET", f"{_BASE}/{name}/list", self.nothing) for name in _LISTED),
            *(Route("POST", f"{_BASE}/{name}/search", self.nothing_found) for name in _SEARCHED),
            *(Route("GET", f"{_BASE}/{name}/<reference>/fetch", self._absent(name)) for name in _FETCHED),
            Route("POST", f"{_BASE}/example/<reference>/clone", self._absent("example")),
            Route("POST", f"{_BASE}/report/<reference>/generate", self._absent("report")),
            Route("POST", f"{_BASE}/report/generate", self.reports),
        ]

    def models(self, request: Request, _: Caller) -> Answer:
        items = [_model(name) for name in self._models]
        return lines_answer(items) if wanted_form(request) is Form.LINES else page_answer(items, "")

    def nothing(self, request: Request, _: Caller) -> Answer:
        return lines_answer([]) if wanted_form(request) is Form.LINES else page_answer([], "")

    def nothing_found(self, request: Request, _: Caller) -> Answer:
        read(Search, body_of(request))
        return Answer(200, {"items": []})

    def reports(self, request: Request, _: Caller) -> Answer:
        """An answer for each report that was asked for: there is none of them."""
        return Answer(200, {name: {"error": "Not found"} for name in body_of(request)})

    def _absent(self, kind: str) -> Callable[..., Answer]:
        def answer(request: Request, _: Caller, reference: str) -> Answer:
            if request.method == "POST":
                body_of(request)
            raise NotFoundError(kind, "Not found", details={"reference": reference})

        return answer


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "createdAt": 0,
        "updatedAt": 0,
        "provider": "parlance",
        "family": name,
        "type": "language",
        "maxTokens": _INPUT_TOKENS + _OUTPUT_TOKENS,
        "maxInputTokens": _INPUT_TOKENS,
        "maxOutputTokens": _OUTPUT_TOKENS,
    }
