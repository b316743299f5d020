"""`POST /jwt/verifyToken`: who a user token belongs to, or the end of all login sessions of its user.

A session is ended only by a token that its own tenant's issuer signed for us and that names the user: whoever can
forge neither can end nobody's. See `parlance.identity.tokens`.
"""

import json
from typing import Any

from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.identity.request_ids import RequestIds
from parlance.identity.tokens import InvalidTokenError, TokenVerifier, VerifiedToken, claimed_tenant
from parlance.kosmos import ROOT
from parlance.kosmos.clients import data_of
from parlance.kosmos.gates import FreshClient
from parlance.logs import logger

_HEADERS = {"Cache-Control": "no-store"}


class VerifyToken:
    """The group's one route."""

    def __init__(self, verifier: TokenVerifier, request_ids: RequestIds, *, public_key: str) -> None:
        self._verifier = verifier
        self._request_ids = request_ids
        self._public_key = public_key

    def routes(self) -> list[Route[FreshClient]]:
        return [Route("POST", f"{ROOT}/jwt/verifyToken", self.verify)]

    def verify(self, request: Request, caller: FreshClient) -> Answer:
        """Raises InvalidTokenError, and UnauthenticatedError for a uuid that the token's tenant has seen before."""
        data = data_of(request.json_object(), lambda: caller.client)
        token = data.required_text("token")
        self._request_ids.spend(claimed_tenant(token), caller.client.name, caller.request_id)
        result = {"status": 200, "data": json.dumps(_shown(self._verified(token)), ensure_ascii=False)}
        if data.client is not None:
            return Answer(200, data.client.seal(result), _HEADERS)
        return Answer(200, {"data": result, "publicKey": self._public_key}, _HEADERS)

    def _verified(self, token: str) -> VerifiedToken:
        try:
            return self._verifier.verify_or_destroy(token)
        except InvalidTokenError as error:
            logger.info("token refused", reason=error.reason, sessions_ended=error.account is not None)
            raise


def _shown(verified: VerifiedToken) -> dict[str, Any]:
    account = verified.account
    return {
        "user": {"id": account.id, "username": account.username, "status": account.status},
        "tenant": {"id": account.tenant_id},
        "community": {"id": account.community_id},
        "permissions": sorted(account.permissions),
    }
