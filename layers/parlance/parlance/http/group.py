"""An endpoint group: the routes of one function, entered through one gate, with its own 404 and 405."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from parlance.http.answers import Answer, NoMethodError, NoRouteError
from parlance.http.requests import Request
from parlance.http.routes import Admission, RefusedError, Route

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["Admission", "Group", "RefusedError", "Route"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Group[Caller]:
    """Serves API Gateway events: gate first, then route, then the route's own work.

    `gate` says who calls, or raises; `explain` turns any failure into the dialect's answer. `elsewhere` are methods and
    paths that another function serves: only the other methods of these paths come here, to be refused.
    """

    def __init__(
        self,
        routes: Sequence[Route[Caller]],
        *,
        gate: Callable[[Request], Admission[Caller]],
        explain: Callable[[Exception], Answer],
        elsewhere: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._gate = gate
        self._explain = explain
        self._app = APIGatewayRestResolver()
        self._app.use([self._enter])
        self._app.not_found(self._no_route)
        self._app.exception_handler(Exception)(self._failed)
        self._register(routes, elsewhere)

    def __call__(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        return self._app.resolve(dict(event), context)

    def _register(self, routes: Sequence[Route[Caller]], elsewhere: Sequence[tuple[str, str]]) -> None:
        own, allowed = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        for method, path in elsewhere:
            allowed[path].add(method)
        for route in routes:
            own[route.path].add(route.method)
            allowed[route.path] |= {route.method, *route.elsewhere}
            self._app.route(route.path, method=route.method)(self._answering(route))
        for path in allowed:
            others = [method for method in _METHODS if method not in own[path]]
            self._app.route(path, method=others)(_refusing_method(allowed[path]))

    def _enter(self, app: APIGatewayRestResolver, proceed: "NextMiddleware") -> Response[str]:
        request = Request(app.current_event.raw_event)
        admission = self._gate(request)
        app.context.update(request=request, caller=admission.caller, headers=admission.headers)
        response: Response[str] = proceed(app)
        response.headers.update(admission.headers)
        return response

    def _answering(self, route: Route[Caller]) -> Callable[..., Response[str]]:
        def answer(**path_parts: str) -> Response[str]:
            known = self._app.context
            decoded = {name: unquote(part) for name, part in path_parts.items()}
            return _response(route.answer(known["request"], known["caller"], **decoded))

        return answer

    def _no_route(self, _: Exception) -> Response[str]:
        return _response(self._explain(NoRouteError()))

    def _failed(self, error: Exception) -> Response[str]:
        if isinstance(error, RefusedError):
            return _response(self._explain(error.reason), error.headers)
        return _response(self._explain(error), self._app.context.get("headers", {}))


def _refusing_method(allowed: Iterable[str]) -> Callable[..., Response[str]]:
    def refuse(**_: str) -> Response[str]:
        raise NoMethodError(allowed)

    return refuse


def _response(answer: Answer, headers: Mapping[str, str] | None = None) -> Response[str]:
    text = answer.text or ""
    if answer.body is not None:
        text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        status_code=answer.status,
        content_type=answer.content_type,
        body=text,
        headers={**(headers or {}), **answer.headers},
    )
