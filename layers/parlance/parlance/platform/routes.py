"""The routes that every resource has, made from its declaration."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.engine import ResourceEngine
from parlance.platform.fields import Resource
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery, query_of
from parlance.platform.paths import ROOT
from parlance.platform.rendering import WHOLE, Forms, lines_answer, listed_answer, page_answer, view


def done(document: Document) -> Answer:
    """What creating, changing and deleting answer."""
    return Answer(200, {"id": document.id})


def listed(
    request: Request,
    engine: ResourceEngine,
    tenant_id: str,
    query: ListQuery,
    shown: Callable[[Document], Mapping[str, Any]],
) -> Answer:
    """A list that is no resource's own: a page, or all of it as lines."""
    if wanted_form(request) is Form.LINES:
        return lines_answer(shown(document) for document in engine.walk(tenant_id, query))
    page = engine.page(tenant_id, query)
    return page_answer([shown(document) for document in page.documents], page.cursor)


class ResourceLists[Written]:
    """A resource's list and its export: a page, or all of it in one of the `forms`."""

    def __init__(self, library: Library, kind: str, forms: Forms[Written]) -> None:
        self._library = library
        self._engine = library.engine(kind)
        self._resource = self._engine.resource
        self._forms = forms

    def routes(self) -> list[Route[Caller, Answer | Written]]:
        base = _base(self._resource)
        routes: list[Route[Caller, Answer | Written]] = []
        if "list" in self._resource.calls:
            routes.append(Route("GET", f"{base}/list", self.listing))
        if self._resource.exports:
            routes.append(Route("GET", f"{base}/export", self.export))
        return routes

    def listing(self, request: Request, caller: Caller, parent: str = "") -> Answer | Written:
        if wanted_form(request) is Form.LINES:
            return self._forms.lines(self._views(request, caller, parent))
        page = self._engine.page(
            caller.tenant_id, self._query(request), parent=_parent(self._library, self._resource, caller, parent)
        )
        return listed_answer(self._resource, page)

    def export(self, request: Request, caller: Caller, parent: str = "") -> Answer | Written:
        if wanted_form(request) is Form.CSV:
            return self._forms.table(self._views(request, caller, parent))
        return self.listing(request, caller, parent)

    def _views(self, request: Request, caller: Caller, parent: str) -> Iterator[dict[str, Any]]:
        owner = _parent(self._library, self._resource, caller, parent)
        found = self._engine.walk(caller.tenant_id, self._query(request), parent=owner)
        return (view(self._resource, document) for document in found)

    def _query(self, request: Request) -> ListQuery:
        return query_of(request, filters=self._resource.filters, oldest_first=self._resource.oldest_first)


class ResourceRoutes:
    """One resource over HTTP. Its lists are whole answers."""

    def __init__(self, library: Library, kind: str) -> None:
        self._library = library
        self._engine = library.engine(kind)
        self.resource = self._engine.resource

    def routes(self) -> list[Route[Caller]]:
        """Only the calls that the declaration has. A parent's id reaches them as `parent`."""
        return [*self.calls(), *ResourceLists(self._library, self.resource.kind, WHOLE).routes()]

    def calls(self) -> list[Route[Caller]]:
        """All but the lists."""
        base = _base(self.resource)
        served: dict[str, tuple[str, str, Callable[..., Answer]]] = {
            "create": ("POST", f"{base}/create", self.create),
            "fetch": ("GET", f"{base}/<reference>/fetch", self.fetch),
            "update": ("POST", f"{base}/<reference>/update", self.update),
            "delete": ("POST", f"{base}/<reference>/delete", self.delete),
        }
        return [Route(*served[call]) for call in self.resource.calls if call in served]

    def create(self, request: Request, caller: Caller, parent: str = "") -> Answer:
        body = body_of(request)
        return done(self._engine.create(caller.tenant_id, body, parent=self._parent(caller, parent)))

    def fetch(self, _: Request, caller: Caller, reference: str, parent: str = "") -> Answer:
        found = self._engine.fetch(caller.tenant_id, reference, parent=self._parent(caller, parent))
        return Answer(200, view(self.resource, found))

    def update(self, request: Request, caller: Caller, reference: str, parent: str = "") -> Answer:
        body = body_of(request)
        return done(self._engine.update(caller.tenant_id, reference, body, parent=self._parent(caller, parent)))

    def delete(self, request: Request, caller: Caller, reference: str, parent: str = "") -> Answer:
        body_of(request)
        return done(self._engine.delete(caller.tenant_id, reference, parent=self._parent(caller, parent)))

    def _parent(self, caller: Caller, reference: str) -> str:
        return _parent(self._library, self.resource, caller, reference)


def _base(resource: Resource) -> str:
    return f"{ROOT}/{resource.path.replace('{parent}', '<parent>')}"


def _parent(library: Library, resource: Resource, caller: Caller, reference: str) -> str:
    """The id of the parent, which must exist; "" where there is none. Raises NotFoundError."""
    if resource.parent is None:
        return ""
    return library.engine(resource.parent).fetch(caller.tenant_id, reference).id
