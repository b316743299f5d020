"""One function of the platform dialect: its group, entered under any of the API's roots."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from parlance.http.group import Admission, Group, Route
from parlance.http.requests import Request
from parlance.platform.callers import Caller
from parlance.platform.errors import explain
from parlance.platform.routes import ROOT

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Tokens are sent in a header that no browser adds by itself, so any page may call.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Accept, X-RunAs-User-Id, X-RunAs-Child-User-Email, X-Timezone"
    ),
    "Access-Control-Max-Age": "600",
}


def canonical(path: str) -> str:
    """A path under the one root that routes are written with: `/v1/…` and `/api/…` mean `/api/v1/…`."""
    if path.startswith(f"{ROOT}/"):
        return path
    for alias in ("/v1/", "/api/"):
        if path.startswith(alias):
            return f"{ROOT}/{path.removeprefix(alias)}"
    return path


class PlatformService:
    """Answers the events of API Gateway for some routes of the dialect."""

    def __init__(self, routes: Sequence[Route[Caller]], gate: Callable[[Request], Admission[Caller]]) -> None:
        self.routes = routes
        self._group = Group(routes, gate=gate, explain=explain)

    def __call__(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        if event["httpMethod"] in {"HEAD", "OPTIONS"}:
            return {"statusCode": 200, "multiValueHeaders": _multi(CORS_HEADERS), "body": "", "isBase64Encoded": False}
        answer = self._group({**event, "path": canonical(event["path"])}, context)
        answer["multiValueHeaders"] |= _multi(CORS_HEADERS)
        return answer


def _multi(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in headers.items()}
