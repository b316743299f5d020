"""What the platform itself offers: its models. Its other lists are declared and hold nothing."""

from collections.abc import Callable, Sequence
from typing import Annotated, Never

from parlance.agents.models.names import MODELS
from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.documents import Document, Position, Slice
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.fields import AS_WHOLE, NAMED, Resource, Sent, choice, number, text
from parlance.platform.paths import ROOT

_BASE = f"{ROOT}/platform"
_SEARCHED = ("ability", "doc", "example", "guide", "manual", "secret", "tutorial")
_FETCHED = ("doc", "example", "guide", "manual", "tutorial")
# What a model may be told and may say where nothing else is known of it.
_INPUT_TOKENS, _OUTPUT_TOKENS = 8_192, 4_096

MODEL = Resource(
    "platformModel",
    path="platform/model",
    prefix="model",
    fields=(
        *NAMED,
        text("provider", shown="parlance"),
        text("family", required=True),
        choice("type", ("language",), shown="language"),
        number("maxTokens", shown=_INPUT_TOKENS + _OUTPUT_TOKENS),
        number("maxInputTokens", shown=_INPUT_TOKENS),
        number("maxOutputTokens", shown=_OUTPUT_TOKENS),
    ),
    calls=("list",),
)


def _empty(name: str) -> Resource:
    calls = ("list", "fetch") if name in _FETCHED else ("list",)
    return Resource(f"platform{name.capitalize()}", path=f"platform/{name}", prefix=name, fields=NAMED, calls=calls)


CATALOGUE = (
    MODEL,
    *map(_empty, ("ability", "action", "doc", "example", "guide", "manual", "report", "secret", "tutorial")),
)


def offered(kind: str) -> list[Document]:
    """What a list of the catalogue holds, for every tenant."""
    if kind != MODEL.kind:
        return []
    return [Document("", name, 0, 0, {"name": name, "family": name}) for name in MODELS]


class OfferedDocuments:
    """`parlance.platform.documents.DocumentStore` of what is the same for everybody, and nobody's to change."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = sorted(documents, key=lambda document: document.position)

    def get(self, _: str, parent: str, document_id: str) -> Document | None:  # noqa: ARG002 - there is no parent
        return next((document for document in self._documents if document.id == document_id), None)

    def slice(
        self,
        _: str,
        parent: str,  # noqa: ARG002 - there is none
        *,
        after: Position | None,
        newest_first: bool,
        limit: int,
    ) -> Slice:
        ordered = self._documents[::-1] if newest_first else self._documents
        left = [one for one in ordered if after is None or _is_beyond(one.position, after, newest_first=newest_first)]
        return Slice(left[:limit], left[limit - 1].position if len(left) > limit else None)

    def by_alias(self, _: str, alias: str) -> str | None:  # noqa: ARG002 - there are none
        return None

    def create(self, document: Document, *, token: str) -> Never:  # noqa: ARG002 - refused
        raise NotImplementedHereError("What the platform offers cannot be changed.")

    def replace(self, before: Document, after: Document, *, token: str) -> Never:  # noqa: ARG002 - refused
        raise NotImplementedHereError("What the platform offers cannot be changed.")

    def delete(self, document: Document, *, token: str) -> Never:  # noqa: ARG002 - refused
        raise NotImplementedHereError("What the platform offers cannot be changed.")


def _is_beyond(position: Position, mark: Position, *, newest_first: bool) -> bool:
    return position < mark if newest_first else position > mark


class Search(Sent):
    search: str
    take: Annotated[int, AS_WHOLE] | None = None


class CatalogueCalls:
    """Searching in what there is not, and making something of it."""

    def routes(self) -> list[Route[Caller]]:
        return [
            *(Route("POST", f"{_BASE}/{name}/search", self.nothing_found) for name in _SEARCHED),
            Route("POST", f"{_BASE}/example/<reference>/clone", self._absent("example")),
            Route("POST", f"{_BASE}/report/<reference>/generate", self._absent("report")),
            Route("POST", f"{_BASE}/report/generate", self.reports),
        ]

    def nothing_found(self, request: Request, _: Caller) -> Answer:
        read(Search, body_of(request))
        return Answer(200, {"items": []})

    def reports(self, request: Request, _: Caller) -> Answer:
        """An answer for each report that was asked for: there is none of them."""
        return Answer(200, {name: {"error": "Not found"} for name in body_of(request)})

    def _absent(self, kind: str) -> Callable[..., Answer]:
        def answer(request: Request, _: Caller, reference: str) -> Answer:
            body_of(request)
            raise NotFoundError(kind, "Not found", details={"reference": reference})

        return answer
