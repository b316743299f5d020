"""The routes that every resource has, made from its declaration."""

from collections.abc import Callable, Iterator
from typing import Any

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.library import Library
from parlance.platform.lists import query_of
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, listed_answer, table_answer, view


def done(document: Document) -> Answer:
    """What creating, changing and deleting answer."""
    return Answer(200, {"id": document.id})


class ResourceRoutes:
    """One resource over HTTP."""

    def __init__(self, library: Library, kind: str) -> None:
        self._library = library
        self._engine = library.engine(kind)
        self._resource = self._engine.resource

    def routes(self) -> list[Route[Caller]]:
        """Only the calls that the declaration has. A parent's id reaches them as `parent`."""
        base = f"{ROOT}/{self._resource.path.replace('{parent}', '<parent>')}"
        served: dict[str, tuple[str, str, Callable[..., Answer]]] = {
            "create": ("POST", f"{base}/create", self.create),
            "list": ("GET", f"{base}/list", self.listing),
            "fetch": ("GET", f"{base}/<reference>/fetch", self.fetch),
            "update": ("POST", f"{base}/<reference>/update", self.update),
            "delete": ("POST", f"{base}/<reference>/delete", self.delete),
        }
        routes: list[Route[Caller]] = [Route(*served[call]) for call in self._resource.calls]
        if self._resource.exports:
            routes.append(Route("GET", f"{base}/export", self.export))
        return routes

    def create(self, request: Request, caller: Caller, parent: str = "") -> Answer:
        body = body_of(request)
        return done(self._engine.create(caller.tenant_id, body, parent=self._parent(caller, parent)))

    def listing(self, request: Request, caller: Caller, parent: str = "") -> Answer:
        if wanted_form(request) is Form.LINES:
            return lines_answer(self._views(request, caller, parent))
        query = query_of(request, filters=self._resource.filters, oldest_first=self._resource.oldest_first)
        page = self._engine.page(caller.tenant_id, query, parent=self._parent(caller, parent))
        return listed_answer(self._resource, page)

    def export(self, request: Request, caller: Caller, parent: str = "") -> Answer:
        if wanted_form(request) is Form.CSV:
            return table_answer(self._views(request, caller, parent))
        return self.listing(request, caller, parent)

    def fetch(self, _: Request, caller: Caller, reference: str, parent: str = "") -> Answer:
        found = self._engine.fetch(caller.tenant_id, reference, parent=self._parent(caller, parent))
        return Answer(200, view(self._resource, found))

    def update(self, request: Request, caller: Caller, reference: str, parent: str = "") -> Answer:
        body = body_of(request)
        return done(self._engine.update(caller.tenant_id, reference, body, parent=self._parent(caller, parent)))

    def delete(self, request: Request, caller: Caller, reference: str, parent: str = "") -> Answer:
        body_of(request)
        return done(self._engine.delete(caller.tenant_id, reference, parent=self._parent(caller, parent)))

    def _views(self, request: Request, caller: Caller, parent: str) -> Iterator[dict[str, Any]]:
        query = query_of(request, filters=self._resource.filters, oldest_first=self._resource.oldest_first)
        found = self._engine.walk(caller.tenant_id, query, parent=self._parent(caller, parent))
        return (view(self._resource, document) for document in found)

    def _parent(self, caller: Caller, reference: str) -> str:
        """The id of the parent, which must exist. Raises NotFoundError."""
        if self._resource.parent is None:
            return ""
        return self._library.engine(self._resource.parent).fetch(caller.tenant_id, reference).id
