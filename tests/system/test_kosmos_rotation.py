"""Rotating the server's key is a deployment with the next version; who knows the key before it goes on."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.build import build
from local.deploy import Deployer, Deployment
from local.emulator import Emulator
from parlance_cli import operations
from parlance_cli.deployment import on_emulator
from parlance_cli.identity import operations as identity
from tests.system.client import House
from tests.system.kosmos import Client, KeyPair, Tenancy

pytestmark = pytest.mark.system

ENVELOPE = {"Accept": "application/vnd.parlance.envelope+json"}


def deployed(emulator: Emulator, state_dir: Path, key_version: int) -> Deployment:
    """The stack with that version of the key."""
    parameters = {
        "KeyVersion": str(key_version),
        "LocalVaultKey": "A" * 43 + "=",
        "StreamingRuntime": "buffered",
        "WebSocketEndpoint": "http://127.0.0.1:1",
    }
    deployer = Deployer(endpoint=emulator.endpoint, state_dir=state_dir, parameters=parameters)
    deployer.deploy(build(state_dir / "build.log"))
    return deployer.deployment()


def tenant_of(deployment: Deployment) -> Tenancy:
    """A tenant with a system license and a service key."""
    operated = on_emulator(
        deployment.endpoint,
        conversations_table=deployment.conversations_table,
        identity_table=deployment.identity_table,
        secrets_prefix=deployment.secrets_prefix,
        indexing_queue_url=deployment.indexing_queue_url,
        snapshots_bucket=deployment.snapshots_bucket,
        vault_key=deployment.vault_key,
        base_url=deployment.rest_url,
        websocket_url="",
    )
    operations.create_tenant(operated, "Test", tenant_id="rotating")
    key = identity.create_service_key(operated, "rotating", "ecdsa", "tests")
    text = identity.create_license(operated, "rotating", "tests", "system").text
    house = House(deployment.rest_url, "", "rotating", "", "")
    return Tenancy(house, text, "", key.key_id, key.secret, "", "", "", "", "")


async def sealed_service_keys(tenancy: Tenancy, keys: KeyPair, known_key: str | None) -> tuple[str, Any]:
    """The key that a sealed answer names, and what was in it, for a client that has cached `known_key`."""
    async with Client(tenancy, keys) as client:
        served = client.server_key
        client.server_key = known_key or served
        answer = await client.call("GET", "/servicekeys", headers=client.licensed() | ENVELOPE)
        assert answer["publicKey"] == served
        return served, client.open(answer)


def test_a_client_that_knows_the_key_before_goes_on(tmp_path: Path) -> None:
    """Keys are added and never taken away, whichever version is deployed next."""
    keys = KeyPair()
    with Emulator(state_dir=tmp_path) as emulator:
        deployment = deployed(emulator, tmp_path, 1)
        tenancy = tenant_of(deployment)
        first, listed = asyncio.run(sealed_service_keys(tenancy, keys, None))
        assert first == deployment.server_public_key
        assert [one["keySecret"] for one in listed] == [tenancy.key_secret]

        after = deployed(emulator, tmp_path, 2)
        assert after.server_public_key != first
        # The id of the REST API may change with a deployment.
        tenancy = replace(tenancy, house=replace(tenancy.house, base_url=after.rest_url))
        for known in (first, None):
            served, found = asyncio.run(sealed_service_keys(tenancy, keys, known))
            assert (served, found) == (after.server_public_key, listed)

        assert deployed(emulator, tmp_path, 1).server_public_key == first
