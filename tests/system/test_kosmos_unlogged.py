"""What the identity dialect keeps out of the logs: every credential, every private key, and what is said."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from local.clients import emulator_session
from local.deploy import STACK
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from parlance_cli.identity import operations as identity
from tests.local.cloud import LocalCloud
from tests.system.conftest import QUESTION, SENTENCE
from tests.system.kosmos import KeyPair, Tenancy
from tests.system.logs import assert_unlogged, logged, wait_until_logged, written_to_files

pytestmark = [pytest.mark.system, pytest.mark.anyio]

TEXT = "The safe of the harbour opens with 0000-quince."
FUNCTIONS = [
    f"Kosmos{name}"
    for name in (
        *("ServiceKeys", "Jwt", "EcdsaHelper", "Environment"),
        *("Healthz", "PublicKeys", "WellKnown", "ServiceDirectory"),
    )
]


def private_keys_of_the_server(cloud: LocalCloud) -> list[str]:
    """As they lie in Secrets Manager."""
    session = emulator_session()
    stacks = session.client("cloudformation", endpoint_url=cloud.aws_endpoint).describe_stacks(StackName=STACK)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks["Stacks"][0]["Outputs"]}
    vault: Any = session.client("secretsmanager", endpoint_url=cloud.aws_endpoint)
    text = vault.get_secret_value(SecretId=outputs["ServerKeysSecret"])["SecretString"]
    return [pair["private_key"] for pair in json.loads(text)["keys"]]


async def call_everything(tenancy: Tenancy, token: str, stale: str) -> list[str]:
    """Well, and wrong in every way that might log something. What was secret in it."""
    pair = KeyPair()
    async with tenancy.client() as client:
        for path in ("/healthz", "/publickeys", "/.well-known", "/sd", "/nothing"):
            await client.http.get(path, headers=tenancy.service, params={"note": TEXT})
        for text in (tenancy.user_license, f"lk_{TEXT}"):
            await client.http.get("/environment", headers={"license": text})
        for text in (tenancy.system_license, tenancy.user_license, f"lk_{TEXT}"):
            await client.http.get("/servicekeys", headers=client.licensed(text))
        spent = client.licensed()
        for _ in range(2):
            await client.http.get("/servicekeys", headers=spent)
        for body in (b"{", TEXT.encode(), json.dumps({"data": TEXT, "privateKey": pair.private}).encode()):
            for path in ("/jwt/verifyToken", "/ecdsa_helper", "/query/agent/default"):
                headers = tenancy.service | client.signed() | {"Authorization": f"Bearer {token}"}
                await client.http.post(path, headers=headers, content=body)
        asked = {"data": TEXT, "publicKey": client.keys.public, "privateKey": pair.private}
        await client.call("POST", "/ecdsa_helper", headers=tenancy.service, json=asked)
        await client.call("POST", "/ecdsa_helper", 401, headers={**tenancy.service, "keyId": TEXT}, json=asked)
        await client.call("POST", "/ecdsa_helper/decrypt", 400, headers=tenancy.service, json=asked)
        await client.verify(token, sealed=False)
        bearer = {"Authorization": f"Bearer {token}"}
        said = await client.query(QUESTION, headers=bearer)
        assert SENTENCE.strip() in said["response"]
        await client.query(TEXT, headers=tenancy.service, sealed=False)
        await client.query(TEXT, 403, headers=bearer, data={"tenantId": TEXT})
        await client.query(TEXT, 503, headers=bearer, agent="broken")
        await client.verify(stale, 401)
        await client.verify(f"{token}{token}", 401)
        path = f"/servicekey/{quote(tenancy.key_id, safe='')}"
        [new] = await client.call("DELETE", path, headers=client.licensed())
        return [client.keys.private, pair.private, new["keySecret"], spent["licensekey"], spent["requestid"]]


async def test_no_credential_or_text_is_ever_logged(
    cloud: LocalCloud, build_tenancy: Callable[..., Tenancy], deployment: Deployment
) -> None:
    since = int(time.time() * 1000)
    tenancy = build_tenancy(dataset=True)
    operations.create_agent(deployment, tenancy.tenant_id, "Broken", agent_id="broken", settings={"pace": "fast"})
    session = identity.create_login_session(deployment, tenancy.tenant_id, tenancy.user_id, seconds=3600)
    token = tenancy.token(session.id)
    stale = tenancy.token(session.id, exp=int(time.time()) - 60)
    secrets = await call_everything(tenancy, token, stale)

    await wait_until_logged(cloud, *((f"/{name}Logs", "REPORT") for name in FUNCTIONS), since=since)
    written = await asyncio.to_thread(lambda: [*logged(cloud), *written_to_files(cloud)])
    assert any(place.endswith("KosmosAgentQueryFunction.log") and "model failed" in text for place, text in written)
    known = cloud.credentials
    seeded = [known["license_key"], known["service_key"]["keySecret"], known["user_token"]]
    held = [tenancy.system_license, tenancy.user_license, tenancy.key_secret, tenancy.issuer_secret]
    stored = [*private_keys_of_the_server(cloud), (cloud.state_dir / "vault.key").read_text()]
    said = [TEXT, "quince", QUESTION, "harbour burn whale oil"]
    signatures = [one.rpartition(".")[2] for one in (token, stale, known["user_token"])]
    assert_unlogged(written, [*seeded, *held, *stored, *said, token, stale, *signatures, *secrets])
    for place, text in written:
        assert not re.search(r"\blk_[A-Za-z0-9_-]{16,}|\beyJ[A-Za-z0-9_-]{16,}\.", text), place
