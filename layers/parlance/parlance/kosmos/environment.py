"""`GET /environment`: what a client must know of this deployment before it can seal anything."""

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Admission, Route
from parlance.identity.licenses import License, Licenses
from parlance.kosmos import ROOT


class LicenseGate:
    """Lets a request in by the license in its header `license`, whatever its level."""

    def __init__(self, licenses: Licenses) -> None:
        self._licenses = licenses

    def __call__(self, request: Request) -> Admission[License]:
        """Raises UnauthenticatedError."""
        return Admission(self._licenses.verify(request.header("license")), {})


class Environment:
    """The environment object: the curve of all keys, the seconds that a request may be early or late, and which
    deployment this is."""

    def __init__(self, *, curve: str, allowed_time_span: float, stage: str, region: str, version: str) -> None:
        self._values = {
            "EC_CURVE_NAME": curve,
            "allowed_time_span": allowed_time_span,
            "stage": stage,
            "region": region,
            "version": version,
        }

    def routes(self) -> list[Route[License]]:
        return [Route("GET", f"{ROOT}/environment", lambda _, __: Answer(200, self._values))]
