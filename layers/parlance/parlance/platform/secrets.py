"""What can be done with a secret besides its life cycle."""

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.errors import NotImplementedHereError
from parlance.platform.fields import Sent
from parlance.platform.library import Library
from parlance.platform.paths import ROOT
from parlance.platform.routes import done

_SECRET = f"{ROOT}/secret/<reference>"


class ProxyBody(Sent):
    """A request to somebody else."""

    url: str
    method: str | None = None
    headers: dict[str, str] | None = None
    body: str | None = None


class SecretCalls:
    """Whether a secret has a value, and taking it away. Asking a foreign service for one is not served."""

    def __init__(self, library: Library) -> None:
        self._secrets = library.engine("secret")

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{_SECRET}/authenticate", self.authenticate),
            Route("POST", f"{_SECRET}/mint", self.mint),
            Route("POST", f"{_SECRET}/proxy", self.proxy),
            Route("POST", f"{_SECRET}/revoke", self.revoke),
            Route("POST", f"{_SECRET}/verify", self.verify),
        ]

    def authenticate(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        self._secrets.fetch(caller.tenant_id, reference)
        raise NotImplementedHereError("Signing in at a foreign service is not supported. Set the secret's value.")

    def mint(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        self._secrets.fetch(caller.tenant_id, reference)
        raise NotImplementedHereError("Tokens are not asked of a foreign service. The secret's value is never shown.")

    def proxy(self, request: Request, caller: Caller, reference: str) -> Answer:
        read(ProxyBody, body_of(request))
        self._secrets.fetch(caller.tenant_id, reference)
        raise NotImplementedHereError("Requests are not passed on to other services.")

    def revoke(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        return done(
            self._secrets.change(
                caller.tenant_id,
                reference,
                lambda values: {name: value for name, value in values.items() if name != "value"},
            )
        )

    def verify(self, request: Request, caller: Caller, reference: str) -> Answer:
        body_of(request)
        secret = self._secrets.fetch(caller.tenant_id, reference)
        return Answer(200, {"id": secret.id, "status": _status(secret)})


def _status(secret: Document) -> str:
    return "authenticated" if secret.values.get("value") else "unauthenticated"
