"""Who it is that calls, when the front door stands between us and them."""

import hmac

from parlance.http.requests import Request

SECRET_HEADER = "x-parlance-origin-secret"  # noqa: S105 - the name of a header
ADDRESS_HEADER = "x-parlance-viewer-ip"
NO_FRONT_DOOR = "none"


class Viewers:
    """Tells the addresses of viewers. Behind a distribution API Gateway sees only the distribution's.

    What the distribution says is believed when `origin_secret` comes with it, which nobody else knows. Without a front
    door the secret is `NO_FRONT_DOOR`, and no header is believed.
    """

    def __init__(self, origin_secret: str) -> None:
        self._secret = origin_secret.encode()
        self._has_front_door = origin_secret != NO_FRONT_DOOR

    def address_of(self, request: Request) -> str:
        told = request.header(ADDRESS_HEADER)
        return told if told and self._is_from_front_door(request) else request.source_ip

    def _is_from_front_door(self, request: Request) -> bool:
        shown = (request.header(SECRET_HEADER) or "").encode()
        return self._has_front_door and hmac.compare_digest(shown, self._secret)
