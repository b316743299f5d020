"""A client of the identity dialect over real HTTP, written from the dialect's description and not from our code."""

import base64
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.system.client import House

type Json = dict[str, Any]
type Headers = dict[str, str]

CURVE = ec.SECP256K1()
ERROR_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


class KeyPair:
    """One side of the envelopes."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        self._private = private or ec.generate_private_key(CURVE)

    @property
    def public(self) -> str:
        point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.b64encode(point[1:]).decode()

    @property
    def private(self) -> str:
        return base64.b64encode(self._private.private_numbers().private_value.to_bytes(32)).decode()

    def mirrored(self) -> Self:
        """The other key that agrees on the same shared keys: (X, -Y)."""
        order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
        return type(self)(ec.derive_private_key(order - self._private.private_numbers().private_value, CURVE))

    def seal(self, text: str, other: str) -> str:
        iv = os.urandom(16)
        return base64.b64encode(iv + self._cipher(other).encrypt(iv, text.encode(), None)).decode()

    def open(self, envelope: str, other: str) -> str:
        data = base64.b64decode(envelope, validate=True)
        return self._cipher(other).decrypt(data[:16], data[16:], None).decode()

    def _cipher(self, other: str) -> AESGCM:
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, b"\x04" + base64.b64decode(other, validate=True))
        return AESGCM(self._private.exchange(ec.ECDH(), point))


@dataclass(frozen=True)
class Tenancy:
    """A tenant of the identity dialect, with everything that its callers can show."""

    house: House
    system_license: str = field(repr=False)
    user_license: str = field(repr=False)
    key_id: str
    key_secret: str = field(repr=False)
    issuer: str
    issuer_secret: str = field(repr=False)
    user_id: str
    username: str
    community_id: str

    @property
    def tenant_id(self) -> str:
        return self.house.tenant_id

    def client(self) -> "Client":
        return Client(self)

    def token(
        self,
        session_id: str | None,
        *,
        key: Any = None,
        algorithm: str = "HS256",
        headers: dict[str, Any] | None = None,
        without: Iterable[str] = (),
        **claims: object,
    ) -> str:
        """A token of the tenant's issuer, or something like one. It lives for a minute."""
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": "parlance",
            "tid": self.tenant_id,
            "sub": self.user_id,
            "sid": session_id,
            "iat": now,
            "exp": now + 60,
        } | claims
        for name in without:
            del said[name]
        return jwt.encode(said, self.issuer_secret if key is None else key, algorithm=algorithm, headers=headers)

    @property
    def service(self) -> Headers:
        """What a backend shows."""
        return {"keyId": self.key_id, "keySecret": self.key_secret, "license": self.system_license}


class Client:
    """One client of a tenant, with a key pair of its own."""

    def __init__(self, tenancy: Tenancy, keys: KeyPair | None = None) -> None:
        self.tenancy = tenancy
        self.keys = keys or KeyPair()
        self.http = httpx.AsyncClient(
            base_url=f"{tenancy.house.base_url}/chatapi",
            trust_env=False,
            timeout=180,
            limits=httpx.Limits(max_connections=100),
        )
        self.server_key = ""

    async def __aenter__(self) -> Self:
        self.server_key = (await self.http.get("/publickeys")).json()["publicKey"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def seal(self, value: object) -> str:
        """A text as it is, anything else as JSON."""
        text = value if isinstance(value, str) else json.dumps(value)
        return self.keys.seal(text, self.server_key)

    def open(self, answer: Mapping[str, str]) -> Any:
        """A sealed answer, under the key that it names."""
        return json.loads(self.keys.open(answer["data"], answer["publicKey"]))

    def signed(self, *, late: float = 0, uuid: str | None = None, **fields: object) -> Headers:
        """The headers of one request that was made `late` seconds ago."""
        request_id = {"appid": "tests", "uuid": uuid or str(uuid4()), "ts": int(time.time() - late)} | fields
        return {"publickey": self.keys.public, "requestid": self.seal(request_id)}

    def licensed(self, text: str | None = None, **signing: Any) -> Headers:
        """The same with the tenant's system license, or another one."""
        return self.signed(**signing) | {"licensekey": self.seal(text or self.tenancy.system_license)}

    async def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        """What a call answers that must have this status; an error must have the dialect's shape."""
        answer = await self.http.request(method, path, **arguments)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        if status >= 400:
            assert_error(answer)
        return answer.json()

    async def service_keys(self) -> list[Json]:
        found: list[Json] = await self.call("GET", "/servicekeys", headers=self.licensed())
        return found

    async def verify(self, token: str, status: int = 200, *, sealed: bool = True) -> Any:
        """What `/jwt/verifyToken` answers: who the token belongs to, or the error."""
        data = self.seal({"token": token}) if sealed else {"token": token}
        answer = await self.call("POST", "/jwt/verifyToken", status, headers=self.signed(), json={"data": data})
        if status >= 400:
            return answer
        result = self.open(answer) if sealed else answer["data"]
        assert answer["publicKey"] == self.server_key
        assert result["status"] == 200
        return json.loads(result["data"])

    async def query(
        self,
        text: str,
        status: int = 200,
        *,
        agent: str = "default",
        sealed: bool = True,
        headers: Headers | None = None,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Any:
        """What an agent answers, or the error."""
        asked = {"userInput": text, **(data or {})}
        shown = self.tenancy.service if headers is None else headers
        if sealed:
            shown = shown | self.signed()
        body = {"data": self.seal(asked) if sealed else asked}
        answer = await self.call("POST", f"/query/agent/{agent}", status, headers=shown, params=params, json=body)
        return self.open(answer) if sealed and status < 400 else answer


def assert_error(answer: httpx.Response) -> None:
    """The dialect's error shape, and nothing of our insides in it."""
    assert answer.headers["content-type"].startswith("application/json"), (answer.headers, answer.text)
    body = answer.json()
    assert set(body) == {"statusCode", "error", "message"}, body
    assert body["statusCode"] == answer.status_code
    assert body["error"] == ERROR_NAMES[answer.status_code]
    assert isinstance(body["message"], str)
    assert body["message"]
    assert not any(word in answer.text for word in ("Traceback", "botocore", "dynamodb", "Error(", "parlance.")), body
