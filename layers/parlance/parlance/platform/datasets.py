"""What can be done with a dataset besides its life cycle and that of its records."""

from typing import Annotated, Any, Literal

from pydantic import Field

from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.knowledge.rules import SearchRules, fit
from parlance.knowledge.search import Hit, Search
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.fields import Sent
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.paths import ROOT
from parlance.platform.records import record_values
from parlance.platform.routes import done
from parlance.platform.searching import FILTER_SCHEMA, check_filter, matches

_DATASET = f"{ROOT}/dataset/<parent>"
_FOUND_DEFAULT, _FOUND_MAX = 10, 100
_FILTERED_MAX = 10_000


class SearchBody(Sent):
    search: str
    filter: Annotated[dict[str, Any], Field(json_schema_extra=FILTER_SCHEMA)] | None = None


class Attach(Sent):
    type: Literal["source"] | None = None


class Detach(Sent):
    deleteRecords: bool | None = None  # noqa: N815 - the wire's name


class DatasetCalls:
    """Search, and the files that a dataset was made from."""

    def __init__(self, library: Library, search: Search) -> None:
        self._datasets = library.engine("dataset")
        self._files = library.engine("file")
        self._attached = library.engine("datasetFile")
        self._search = search

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_DATASET}/search", self.search),
            Route("POST", f"{_DATASET}/file/<reference>/attach", self.attach),
            Route("POST", f"{_DATASET}/file/<reference>/detach", self.detach),
            Route("POST", f"{_DATASET}/file/<reference>/sync", self.sync),
        ]

    def search(self, request: Request, caller: Caller, parent: str) -> Answer:
        asked = read(SearchBody, body_of(request))
        wanted = asked.filter or {}
        check_filter(wanted)
        dataset = self._datasets.fetch(caller.tenant_id, parent)
        rules = SearchRules.of(dataset.values)
        limit = min(rules.limit(_FOUND_DEFAULT), _FOUND_MAX)
        among = _FILTERED_MAX if wanted else limit
        hits = self._search.search(caller.tenant_id, dataset.id, asked.search, limit=among)
        kept = rules.kept([hit for hit in hits if matches(hit.record.meta, wanted)])
        return Answer(200, {"id": dataset.id, "records": [_hit(hit) for hit in kept[:limit]]})

    def attach(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        sent = read(Attach, body_of(request))
        dataset = self._datasets.fetch(caller.tenant_id, parent)
        file = self._files.fetch(caller.tenant_id, reference)
        if self._attachment(caller, dataset, file) is None:
            shown = {name: file.values[name] for name in ("name", "description", "visibility") if name in file.values}
            values = {**shown, "fileId": file.id, "type": sent.type or "source"}
            self._attached.put(caller.tenant_id, values, parent=dataset.id)
        return done(file)

    def detach(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        read(Detach, body_of(request))
        dataset, file = self._both(caller, parent, reference)
        attached = self._attachment(caller, dataset, file)
        if attached is None:
            raise NotFoundError("file", "Not found")
        self._attached.delete(caller.tenant_id, attached.id, parent=dataset.id)
        return done(file)

    def sync(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        body_of(request)
        self._both(caller, parent, reference)
        raise NotImplementedHereError("Files are not read into datasets over this API. Create records instead.")

    def _both(self, caller: Caller, parent: str, reference: str) -> tuple[Document, Document]:
        return self._datasets.fetch(caller.tenant_id, parent), self._files.fetch(caller.tenant_id, reference)

    def _attachment(self, caller: Caller, dataset: Document, file: Document) -> Document | None:
        query = ListQuery(filters={"fileId": [file.id]})
        return next(self._attached.walk(caller.tenant_id, query, parent=dataset.id), None)


def _hit(hit: Hit) -> dict[str, Any]:
    return {"id": hit.record.id, **record_values(hit.record), "score": fit(hit)}
