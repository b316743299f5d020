"""Contacts: the people that bots talk to, and what belongs to each."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from parlance.errors import ConflictError, InvalidInputError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import Form, body_of, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.declarations import SECRET
from parlance.platform.documents import Document, fingerprint_alias
from parlance.platform.library import Library
from parlance.platform.lists import query_of
from parlance.platform.memories import Memories
from parlance.platform.paths import ROOT
from parlance.platform.rendering import lines_answer, page_answer, view
from parlance.platform.routes import done, listed
from parlance.platform.secrets import SecretCalls

_CONTACT = f"{ROOT}/contact/<parent>"
_BELONGING = {"conversation": "conversation", "memory": "memory", "rating": "rating", "task": "task"}


class ContactCalls:
    """Finding or making a contact, and the lists of what belongs to one."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._contacts = library.engine("contact")
        self._memories = Memories(library)
        self._secrets = SecretCalls(library)

    def routes(self) -> list[Route[Caller]]:
        secret = f"{_CONTACT}/secret/<reference>"
        return [
            Route("POST", f"{ROOT}/contact/ensure", self.ensure),
            Route("POST", f"{_CONTACT}/memory/search", self.search_memories),
            *(Route("GET", f"{_CONTACT}/{part}/list", self._list_of(kind)) for part, kind in _BELONGING.items()),
            Route("GET", f"{_CONTACT}/secret/list", self.secrets),
            Route("GET", f"{_CONTACT}/space/list", self.spaces),
            Route("POST", f"{secret}/authenticate", self._on_secret(self._secrets.authenticate)),
            Route("POST", f"{secret}/mint", self._on_secret(self._secrets.mint)),
            Route("POST", f"{secret}/proxy", self._on_secret(self._secrets.proxy)),
            Route("POST", f"{secret}/revoke", self._on_secret(self._secrets.revoke)),
            Route("POST", f"{secret}/verify", self._on_secret(self._secrets.verify)),
        ]

    def ensure(self, request: Request, caller: Caller) -> Answer:
        return done(self.ensured(caller.tenant_id, body_of(request)))

    def ensured(self, tenant_id: str, body: dict[str, Any]) -> Document:
        """The contact of a fingerprint, brought up to date, or a new one. Raises InvalidInputError."""
        fingerprint = body.get("fingerprint")
        if not fingerprint or not isinstance(fingerprint, str):
            raise InvalidInputError("fingerprint: Field required")
        known = self._contacts.by_alias(tenant_id, fingerprint_alias(fingerprint))
        if known is None:
            try:
                return self._contacts.create(tenant_id, body)
            except ConflictError:
                known = self._contacts.by_alias(tenant_id, fingerprint_alias(fingerprint))
                if known is None:
                    raise
        return self._contacts.update(tenant_id, known, body)

    def upserted(self, tenant_id: str, body: dict[str, Any], known: str | None) -> Document:
        """The contact of the fingerprint, else the known one, brought up to date, or a new one."""
        if body.get("fingerprint"):
            return self.ensured(tenant_id, body)
        if known:
            return self._contacts.update(tenant_id, known, body)
        return self._contacts.create(tenant_id, body)

    def search_memories(self, request: Request, caller: Caller, parent: str) -> Answer:
        contact = self._contacts.fetch(caller.tenant_id, parent)
        return self._memories.found(caller.tenant_id, body_of(request), {"contactId": contact.id})

    def secrets(self, request: Request, caller: Caller, parent: str) -> Answer:
        """The secrets that are each contact's own affair, whether or not this one has seen to theirs."""
        self._contacts.fetch(caller.tenant_id, parent)
        query = replace(query_of(request), filters={"kind": ["personal"]})
        return listed(request, self._library.engine("secret"), caller.tenant_id, query, _secret_view)

    def spaces(self, request: Request, caller: Caller, parent: str) -> Answer:
        """There are no spaces here."""
        self._contacts.fetch(caller.tenant_id, parent)
        return lines_answer([]) if wanted_form(request) is Form.LINES else page_answer([], "")

    def _list_of(self, kind: str) -> Callable[..., Answer]:
        def listing(request: Request, caller: Caller, parent: str) -> Answer:
            contact = self._contacts.fetch(caller.tenant_id, parent)
            engine = self._library.engine(kind)
            query = replace(query_of(request), filters={"contactId": [contact.id]})
            return listed(request, engine, caller.tenant_id, query, partial(view, engine.resource))

        return listing

    def _on_secret(self, call: Callable[..., Answer]) -> Callable[..., Answer]:
        def answer(request: Request, caller: Caller, parent: str, reference: str) -> Answer:
            self._contacts.fetch(caller.tenant_id, parent)
            return call(request, caller, reference)

        return answer


def _secret_view(secret: Document) -> dict[str, Any]:
    """With a type, which clients rely on in this list."""
    return {"type": "plain", **view(SECRET, secret)}
