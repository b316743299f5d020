"""Files as documents."""

from parlance.platform.contents import ContentStore, Place
from parlance.platform.documents import Document, DocumentsAround, DocumentStore
from parlance.platform.errands import Errands


class FileDocuments(DocumentsAround):
    """The files' own DocumentStore: with a file its content goes, also one that is still being brought."""

    def __init__(self, store: DocumentStore, contents: ContentStore, errands: Errands) -> None:
        super().__init__(store)
        self._contents = contents
        self._errands = errands

    def delete(self, document: Document, *, token: str) -> None:
        self._errands.forget_file(document.tenant_id, document.id)
        self._store.delete(document, token=token)
        self._contents.remove(Place(document.tenant_id, document.id))
