"""The identity dialect, whose every group has credentials and failures of its own."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from parlance.ecdsa.curves import Curve
from parlance.http.routes import Route
from parlance.kosmos import ROOT
from parlance.kosmos.agent_query import AgentQuery
from parlance.kosmos.ecdsa_helper import EcdsaHelper
from parlance.kosmos.environment import Environment
from parlance.kosmos.health import Health
from parlance.kosmos.public_keys import PublicKeys
from parlance.kosmos.service_directory import ServiceDirectory
from parlance.kosmos.service_keys import ENVELOPE_TYPE, ServiceKeyRoutes
from parlance.kosmos.verify_token import VerifyToken
from reference import identity_bodies as bodies
from reference.identity_access import BACKEND, FRESH, LICENSED, SCHEMES, SERVICE, USER
from reference.operations import Body, Description, Dialect, Parameter

_JSON = "application/json"
_TEXT = {"type": "string"}

_SESSION = Parameter(
    name="sessionId", where="query", about="The same as in the body; they must not disagree", schema=_TEXT
)
_IDEMPOTENCY = Parameter(
    name="Idempotency-Key",
    where="header",
    about="A question that is sent again under the same key is answered once",
    schema={"type": "string", "minLength": 1, "maxLength": 255},
)
_CLIENT = Parameter(
    name="publickey", where="header", about="Needed where the data or the token is sealed", schema=_TEXT
)
_KEY_ID = Parameter(
    name="keyId", where="path", about="Percent-encoded: it is base64 and may hold `/`, `+` and `=`", schema=_TEXT
)
_HELP = Parameter(
    name="method", where="path", about="What to do", schema={"type": "string", "enum": ["encrypt", "decrypt"]}
)
_KEYS_SHOWN = Body(
    about="Plain, or sealed where `Accept` asks for that",
    content={_JSON: [bodies.ServiceKeys], ENVELOPE_TYPE: [bodies.SealedAnswer]},
)
_HELP_ERRORS = (400, 401, 404, 413, 500)


def _json(about: str, *models: type[BaseModel]) -> Body:
    return Body(about=about, content={_JSON: models})


def _error(about: str) -> Body:
    return _json(about, bodies.IdentityError)


def _routes() -> Sequence[Route[Any, Any]]:
    """The tables hold no more than names here: nobody will call them, so they get none of their collaborators."""
    nobody: Any = None
    keys = PublicKeys("")
    health = Health(nobody, public_key="", version="", clock=nobody)
    environment = Environment(curve="", allowed_time_span=0, stage="", region="", version="")
    return [
        *ServiceKeyRoutes(nobody).routes(),
        *AgentQuery(nobody, nobody, nobody, clock=nobody, ids=nobody).routes(),
        *VerifyToken(nobody, nobody, public_key="").routes(),
        *EcdsaHelper(Curve.SECP256K1).routes(),
        *environment.routes(),
        *health.routes(),
        *keys.routes(),
        *keys.well_known_routes(),
        *ServiceDirectory(None).routes(),
    ]


def _help(**parts: Any) -> Description:
    return Description(
        about="**Dangerous**: it is sent a private key. For trying a client out with keys made for that. Where the "
        "deployment has it off, which is usual, there is nothing at this path.",
        sent=[bodies.HelperText],
        answers={200: _json("What was made of it", bodies.HelperResult)},
        credentials=[SERVICE],
        errors=_HELP_ERRORS,
        **parts,
    )


def _open(summary: str, model: type[BaseModel]) -> Description:
    return Description(summary=summary, answers={200: _json("Always", model)}, credentials=[], errors=())


_DESCRIBED = {
    ("GET", f"{ROOT}/servicekeys"): Description(
        summary="List the tenant's service keys with their secrets",
        about="For a license of the level `system`.",
        answers={200: _KEYS_SHOWN},
        credentials=[LICENSED],
        errors=(401, 403, 500, 503),
    ),
    ("DELETE", f"{ROOT}/servicekey/.+"): Description(
        summary="Reset a service key",
        about="Another key takes its place, in one transaction; the old secret stops working at once. The new key is "
        "answered, as an array of one. For a license of the level `system`.",
        path=f"{ROOT}/servicekey/{{keyId}}",
        parameters=[_KEY_ID],
        answers={200: _KEYS_SHOWN},
        credentials=[LICENSED],
        errors=(400, 401, 403, 404, 500, 503),
    ),
    ("POST", f"{ROOT}/query/agent/<agent_id>"): Description(
        summary="Ask an agent",
        about="A session is a chat, which can be read and continued in the chats dialect under the id in the answer's "
        "header `X-Chat-Id`. What contradicts the identity that was verified is a 403.",
        path=f"{ROOT}/query/agent/{{agentId}}",
        sent=[bodies.PlainQuestion, bodies.SealedRequest],
        parameters=[_SESSION, _CLIENT, _IDEMPOTENCY],
        answers={
            200: _json("The answer: plain, or sealed where the question was", bodies.AgentAnswer, bodies.SealedAnswer),
            503: _error("The agent could not answer, or the service is busy; with `Retry-After`"),
        },
        credentials=[BACKEND, USER, [*BACKEND, *USER]],
        errors=(400, 401, 403, 404, 409, 413, 429, 500, 503),
    ),
    ("POST", f"{ROOT}/jwt/verifyToken"): Description(
        summary="Ask whom a user token belongs to",
        about="A token that its issuer signed for us, but that lets nobody in, ends all login sessions of its user.",
        sent=[bodies.PlainToken, bodies.SealedRequest],
        answers={
            200: _json(
                "Whose it is: plain, or as `TokenResult` in an envelope where the token came in one",
                bodies.VerifiedToken,
                bodies.SealedAnswer,
            ),
            401: _error("The request id is not good, or `Invalid token`"),
        },
        credentials=[FRESH],
        errors=(400, 401, 413, 500, 503),
    ),
    ("POST", f"{ROOT}/ecdsa_helper"): _help(summary="Seal a text with keys that you send"),
    ("POST", f"{ROOT}/ecdsa_helper/<method>"): _help(
        summary="Seal a text, or open an envelope, with keys that you send", parameters=[_HELP]
    ),
    ("GET", f"{ROOT}/environment"): Description(
        summary="Read what a client must know of this deployment",
        answers={200: _json("The environment", bodies.Environment)},
        credentials=[["License"]],
        errors=(401, 500),
    ),
    ("GET", f"{ROOT}/healthz"): Description(
        summary="See whether everything that the service stands on answers",
        answers={
            200: _json("All services are operational", bodies.Health),
            503: _json("One fails or is late; with `Retry-After`", bodies.HealthError),
        },
        credentials=[],
        errors=(),
    ),
    ("GET", f"{ROOT}/publickeys"): _open("Get the server's public key", bodies.PublicKey),
    ("GET", f"{ROOT}/.well-known"): _open("Get the server's public key, under another name", bodies.WellKnownKey),
    ("GET", f"{ROOT}/sd"): _open("See where the services are", bodies.Services),
}

IDENTITY = Dialect(
    name="Identity",
    about="The 1Kosmos Chat API: licenses, service keys and user tokens, and envelopes beside TLS. "
    '`{"data": {…}}` is answered plain, `{"data": "<envelope>"}` in an envelope.',
    routes=_routes,
    described=_DESCRIBED,
    security=SCHEMES,
    errors={
        400: _error("What was sent is not valid, or an envelope does not open"),
        401: _error("A credential is missing or does not hold; the same for whatever is wrong with it"),
        403: _error("The credentials are good, but do not reach this far or contradict each other"),
        404: _error("Nothing of that name, or another tenant's"),
        409: _error("The idempotency key was used for another question"),
        413: _error("The question is over 24 KB, or the body over 1 MB"),
        429: _error("The tenant's limit is used up; with `Retry-After`"),
        500: _error("Something went wrong on our side; the message has an id that the log has too"),
        503: _error("Something that it stands on does not answer; with `Retry-After`"),
    },
)
