"""The server's public key, as the two endpoints spell it that everybody may ask for it."""

from parlance.http.answers import Answer
from parlance.http.routes import Route
from parlance.kosmos import ROOT

# Clients keep the key for up to a day anyhow; this long it may also be kept on the way.
_HEADERS = {"Cache-Control": "public, max-age=300"}


class PublicKeys:
    """`GET /publickeys` and `GET /.well-known`. The key comes from the configuration, so nothing is asked for it."""

    def __init__(self, public_key: str) -> None:
        self._public_key = public_key

    def routes(self) -> list[Route[None]]:
        return [Route("GET", f"{ROOT}/publickeys", lambda _, __: self._named("publicKey"))]

    def well_known_routes(self) -> list[Route[None]]:
        return [Route("GET", f"{ROOT}/.well-known", lambda _, __: self._named("public_key"))]

    def _named(self, name: str) -> Answer:
        return Answer(200, {name: self._public_key}, _HEADERS)
