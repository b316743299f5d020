"""What can be done with an ability besides its life cycle."""

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.fields import Sent
from parlance.platform.library import Library
from parlance.platform.paths import ROOT


class Execution(Sent):
    input: str | None = None
    contactId: str | None = None  # noqa: N815 - the wire's name


class AbilityCalls:
    """Running an ability by itself."""

    def __init__(self, library: Library) -> None:
        self._skillsets = library.engine("skillset")
        self._abilities = library.engine("ability")

    def routes(self) -> list[Route[Caller]]:
        return [Route("POST", f"{ROOT}/skillset/<parent>/ability/<reference>/execute", self.execute)]

    def execute(self, request: Request, caller: Caller, parent: str, reference: str) -> Answer:
        read(Execution, body_of(request))
        skillset = self._skillsets.fetch(caller.tenant_id, parent)
        self._abilities.fetch(caller.tenant_id, reference, parent=skillset.id)
        raise NotImplementedHereError("Abilities are kept and not run.")
