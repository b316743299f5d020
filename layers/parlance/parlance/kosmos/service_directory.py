"""`GET /sd`: where the services are. It also answers for every path of the dialect that no group has."""

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.kosmos import ROOT


class ServiceDirectory:
    """`public_url` is the origin that clients use; without it the one that the request came to is named."""

    def __init__(self, public_url: str | None) -> None:
        self._public_url = public_url.rstrip("/") if public_url else None

    def routes(self) -> list[Route[None]]:
        return [Route("GET", f"{ROOT}/sd", self.services)]

    def services(self, request: Request, _: None) -> Answer:
        """A flat map of names to URLs. Clients of the dialect discard it unless it has `licenses`."""
        base = self._public_url or request.base_url
        dialect = f"{base}{ROOT}"
        return Answer(200, {"licenses": dialect, "chatapi": dialect, "chats": f"{base}/api/v1/chats"})
