"""What can be done with a file besides its life cycle: nothing yet, for the content of files is not kept."""

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.callers import Caller
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.library import Library
from parlance.platform.paths import ROOT

_FILE = f"{ROOT}/file/<reference>"


class FileCalls:
    """Refuses by name what would need a file's content."""

    def __init__(self, library: Library) -> None:
        self._files = library.engine("file")

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("GET", f"{_FILE}/download", self.refuse),
            Route("POST", f"{_FILE}/sync", self.refuse),
            Route("POST", f"{_FILE}/upload", self.refuse),
        ]

    def refuse(self, _: Request, caller: Caller, reference: str) -> Answer:
        self._files.fetch(caller.tenant_id, reference)
        raise NotImplementedHereError("Files are kept by name, without their content.")
