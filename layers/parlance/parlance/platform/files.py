"""What can be done with a file besides its life cycle: bringing its content, getting it, reading it into datasets."""

from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of
from parlance.platform.callers import Caller
from parlance.platform.contents import ContentStore, Place
from parlance.platform.documents import Document
from parlance.platform.errands import Errands
from parlance.platform.file_reading import check_readable
from parlance.platform.library import Library
from parlance.platform.paths import ROOT
from parlance.platform.routes import done
from parlance.platform.uploads import accepted, upload_of

_FILE = f"{ROOT}/file/<reference>"


class FileCalls:
    """The content of files over HTTP."""

    def __init__(self, library: Library, contents: ContentStore, errands: Errands) -> None:
        self._files = library.engine("file")
        self._contents = contents
        self._errands = errands

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{_FILE}/download", self.download),
            Route("POST", f"{_FILE}/sync", self.sync),
            Route("POST", f"{_FILE}/upload", self.upload),
        ]

    def upload(self, request: Request, caller: Caller, reference: str) -> Answer:
        """A content replaces the one before. What is to be brought is there without another call."""
        upload = upload_of(body_of(request))
        file = self._files.fetch(caller.tenant_id, reference)
        self._files.change(caller.tenant_id, file.id, lambda values: {**values, **upload.described})
        return Answer(200, accepted(self._contents, _place(file), upload))

    def download(self, request: Request, caller: Caller, reference: str) -> Answer:
        """An address that is good for a while: in JSON for who asks for that, else as a redirection to it."""
        file = self._files.fetch(caller.tenant_id, reference)
        if self._contents.size(_place(file)) is None:
            raise NotFoundError("file", "The file has no content")
        url = self._contents.download_url(_place(file), name=file_name(file))
        if (request.header("accept") or "").startswith("application/json"):
            return Answer(200, {"url": url})
        return Answer(302, headers={"Location": url}, text="", content_type="text/plain")

    def sync(self, request: Request, caller: Caller, reference: str) -> Answer:
        """Have it read anew into every dataset that it is attached to."""
        body_of(request)
        file = self._files.fetch(caller.tenant_id, reference)
        check_readable(self._contents, file)
        self._errands.read_file(caller.tenant_id, file.id, dataset_id=None)
        return done(file)


def file_name(file: Document) -> str:
    """What a file is called, as far as anybody has said."""
    return str(file.values.get("contentName") or file.values.get("name") or file.id)


def _place(file: Document) -> Place:
    return Place(file.tenant_id, file.id)
