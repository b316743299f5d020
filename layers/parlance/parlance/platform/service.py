"""One function of the platform dialect: its group, entered under any of the API's roots."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from parlance.http.group import Group
from parlance.http.requests import Request
from parlance.http.routes import Admission, Route
from parlance.platform.callers import Caller
from parlance.platform.errors import explain
from parlance.platform.paths import CORS_HEADERS, canonical

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class PlatformService:
    """Answers the events of API Gateway for some routes of the dialect."""

    def __init__(
        self,
        routes: Sequence[Route[Caller]],
        gate: Callable[[Request], Admission[Caller]],
        elsewhere: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`elsewhere` are methods and paths of which this function has only the other methods to refuse."""
        self.routes = routes
        self._group = Group(routes, gate=gate, explain=explain, elsewhere=elsewhere)

    def __call__(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        if event["httpMethod"] in {"HEAD", "OPTIONS"}:
            return {"statusCode": 200, "multiValueHeaders": _multi(CORS_HEADERS), "body": "", "isBase64Encoded": False}
        return self._group({**event, "path": canonical(event["path"])}, context)


def _multi(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in headers.items()}
