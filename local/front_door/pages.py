"""The built pages at the paths that they have on AWS, and the demo credentials for the playground."""

from collections.abc import Iterable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, request_response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from local.front_door.loopback import LoopbackOnly
from local.seed import read_credentials

PAGES = {
    "/": "index.html",
    "/datasets": "datasets.html",
    "/keys": "keys.html",
    "/docs": "docs/index.html",
    "/docs/websocket": "docs/websocket.html",
}
FILES = ("widget.js", "favicon.svg", "docs/openapi.json", "docs/asyncapi.json")
NOT_BUILT = "The pages have not been built yet: run `make web`.\n"

SECURITY = {
    # Swagger UI draws some of its symbols from data addresses and styles some elements one by one.
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'self'",
            "connect-src 'self' ws: wss:",
            "img-src 'self' data:",
            "style-src 'self' 'unsafe-inline'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
FOR_EVERYBODY = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""What other people's pages may load."""

SHOWN = (
    "base_url",
    "websocket_url",
    "tenant_id",
    "agent_id",
    "api_key",
    "widget_key",
    "chatbotkit_secret",
    "user_token",
)
"""What the playground may know of the credentials: nothing of operators, nothing of the second tenant."""


class Assets(StaticFiles):
    """Files with a digest in their names, which never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As found, to be kept for good."""
        response = await super().get_response(path, scope)
        if response.status_code in {200, 304}:
            response.headers.update(SECURITY | {"Cache-Control": "public, max-age=31536000, immutable"})
        return response


def page_routes(directory: Path, credentials_file: Path | None) -> Iterable[BaseRoute]:
    """The routes of everything that a browser loads."""

    def serving(file: str) -> Route:
        path = next((path for path, page in PAGES.items() if page == file), f"/{file}")

        async def serve(_: Request) -> Response:
            if not (directory / file).is_file():
                return PlainTextResponse(NOT_BUILT, status_code=503)
            headers = SECURITY | {"Cache-Control": "no-cache"} | (FOR_EVERYBODY if file == "widget.js" else {})
            return FileResponse(directory / file, headers=headers)

        return Route(path, serve, methods=["GET"])

    async def credentials(_: Request) -> Response:
        if credentials_file is None:
            raise HTTPException(404)
        known = read_credentials(credentials_file)
        shown = {name: known[name] for name in SHOWN if name in known}
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})

    return [
        *(serving(file) for file in (*PAGES.values(), *FILES)),
        Mount("/assets", Assets(directory=directory / "assets", check_dir=False)),
        Route("/_local/credentials", LoopbackOnly(request_response(credentials))),
    ]
