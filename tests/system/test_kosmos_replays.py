"""A request of the identity dialect is good once, and only for a while."""

import asyncio
import math
import time
from collections import Counter
from urllib.parse import quote

import httpx
import pytest

from tests.local.cloud import LocalCloud
from tests.system.kosmos import Client, Headers, KeyPair, Tenancy

pytestmark = [pytest.mark.system, pytest.mark.anyio]

COPIES = 50
RESETS = 20


async def span_of(client: Client) -> float:
    """Seconds that a request may be early or late."""
    found = await client.call("GET", "/environment", headers={"license": client.tenancy.system_license})
    return float(found["allowed_time_span"])


async def refusal_of(client: Client, headers: Headers, method: str = "GET", path: str = "/servicekeys") -> bytes:
    """The bytes of a 401."""
    answer: httpx.Response = await client.http.request(method, path, headers=headers)
    assert answer.status_code == 401, (answer.status_code, answer.text)
    return answer.content


async def test_a_captured_request_is_worth_nothing(tenancy: Tenancy) -> None:
    """Neither at the endpoint that it was for nor at another, whatever is changed about it."""
    async with tenancy.client() as client:
        headers = client.licensed()
        assert await client.call("GET", "/servicekeys", headers=headers)
        await refusal_of(client, headers)
        await refusal_of(client, headers, "DELETE", f"/servicekey/{quote(tenancy.key_id, safe='')}")
        await refusal_of(client, headers, "POST", "/jwt/verifyToken")
        padded = {**headers, "requestid": headers["requestid"].rstrip("=")}
        await refusal_of(client, padded)
        [key] = await client.service_keys()
        assert key["keySecret"] == tenancy.key_secret


async def test_a_request_captured_at_one_endpoint_is_spent_at_the_others(tenancy: Tenancy) -> None:
    """The other way round: the id was spent where no license is shown."""
    async with tenancy.client() as client:
        headers = client.licensed()
        await client.call("POST", "/jwt/verifyToken", 401, headers=headers, json={"data": {"token": "odd"}})
        await refusal_of(client, headers)


async def test_a_replay_under_the_mirror_image_of_the_key_is_one(tenancy: Tenancy) -> None:
    """(X, -Y) agrees on the same shared key, so whoever captured the headers can send them under it."""
    async with tenancy.client() as client:
        headers = client.licensed()
        assert await client.call("GET", "/servicekeys", headers=headers)
        await refusal_of(client, headers | {"publickey": client.keys.mirrored().public})


async def test_a_uuid_is_spent_once_for_each_client(tenancy: Tenancy) -> None:
    async with tenancy.client() as client, Client(tenancy, KeyPair()) as other:
        assert await client.call("GET", "/servicekeys", headers=client.licensed(uuid="one"))
        assert await other.call("GET", "/servicekeys", headers=other.licensed(uuid="one"))
        await refusal_of(client, client.licensed(uuid="one"))
        assert await client.call("GET", "/servicekeys", headers=client.licensed(uuid="two"))


async def test_as_php_clients_send_it(tenancy: Tenancy) -> None:
    """`appId`, a uuid that is none, and a time that was rounded up."""
    async with tenancy.client() as client:
        request_id = {"appId": "php", "uuid": "65f1a2b3c4d5e", "ts": math.ceil(time.time())}
        headers = client.licensed() | {"requestid": client.seal(request_id)}
        assert await client.call("GET", "/servicekeys", headers=headers)
        await refusal_of(client, client.licensed() | {"requestid": client.seal(request_id)})


async def test_of_50_copies_at_once_exactly_one_passes(tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        await client.service_keys()
        headers = client.licensed()

        async def send() -> int:
            return (await client.http.get("/servicekeys", headers=headers)).status_code

        assert Counter(await asyncio.gather(*(send() for _ in range(COPIES)))) == {200: 1, 401: COPIES - 1}


async def test_a_request_outside_the_window_is_refused_on_either_side(tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        span = await span_of(client)
        for late in (span + 2, -span - 30, 10 * span, -10 * span):
            await refusal_of(client, client.licensed(late=late))
        for late in (span - 30, -span + 2):
            assert await client.call("GET", "/servicekeys", headers=client.licensed(late=late))


async def test_all_failures_look_the_same(tenancy: Tenancy) -> None:
    """What cannot be opened, what is stale, what came before, and whatever else is wrong with these headers."""
    async with tenancy.client() as client:
        used = client.licensed()
        assert await client.call("GET", "/servicekeys", headers=used)
        stranger = KeyPair().public
        wrong = {
            "replayed": used,
            "stale": client.licensed(late=10 * await span_of(client)),
            "of another key": client.licensed() | {"publickey": stranger},
            "undecryptable": client.licensed() | {"requestid": client.seal("x")[:-8] + "AAAAAAA="},
            "no envelope": client.licensed() | {"requestid": "odd"},
            "no key": client.licensed() | {"publickey": "odd"},
            "no request id": client.licensed() | {"requestid": client.seal("odd")},
            "no time": client.licensed(ts="now"),
            "no license": client.licensed("lk_odd"),
            "unknown license": client.licensed("lk_" + "A" * 43),
            "undecryptable license": client.licensed() | {"licensekey": "odd"},
        }
        bodies = {reason: await refusal_of(client, headers) for reason, headers in wrong.items()}
        bodies |= {f"without {name}": await refusal_of(client, without(client, name)) for name in used}
    assert len(set(bodies.values())) == 1, bodies


def without(client: Client, name: str) -> Headers:
    headers = client.licensed()
    del headers[name]
    return headers


async def test_a_reset_ends_the_old_secret_at_once(tenancy: Tenancy) -> None:
    """With an id that holds / + and =, and a path that holds them percent-encoded."""
    async with tenancy.client() as client:
        key = await a_key_with_every_sign(client)
        old = {"keyId": key["keyId"], "keySecret": key["keySecret"], "license": tenancy.system_license}
        asked = {"data": "x", "publicKey": client.keys.public, "privateKey": client.keys.private}
        await client.call("POST", "/ecdsa_helper", headers=old, json=asked)
        path = f"/servicekey/{quote(key['keyId'], safe='')}"
        [new] = await client.call("DELETE", path, headers=client.licensed())
        await client.call("POST", "/ecdsa_helper", 401, headers=old, json=asked)
        await client.call("POST", "/ecdsa_helper", 401, headers={**old, "keyId": new["keyId"]}, json=asked)
        fresh = old | {"keyId": new["keyId"], "keySecret": new["keySecret"]}
        await client.call("POST", "/ecdsa_helper", headers=fresh, json=asked)
        assert await client.service_keys() == [new]
        assert (new["tag"], new["type"]) == (key["tag"], key["type"])
        assert new["keyId"] != key["keyId"]
        await client.call("DELETE", path, 404, headers=client.licensed())


async def a_key_with_every_sign(client: Client) -> Headers:
    """Reset the tenant's key until its id holds / and + and =."""
    [key] = await client.service_keys()
    for _ in range(50):
        if {"/", "+", "="} <= set(key["keyId"]):
            return dict(key)
        path = f"/servicekey/{quote(key['keyId'], safe='')}"
        [key] = await client.call("DELETE", path, headers=client.licensed())
    raise AssertionError("no id with every sign")


async def test_of_20_resets_at_once_one_key_is_left(tenancy: Tenancy) -> None:
    path = f"/servicekey/{quote(tenancy.key_id, safe='')}"
    async with tenancy.client() as client:

        async def reset() -> httpx.Response:
            return await client.http.delete(path, headers=client.licensed())

        answers = await asyncio.gather(*(reset() for _ in range(RESETS)))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 404: RESETS - 1}
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        assert await client.service_keys() == won
    assert won[0]["keyId"] != tenancy.key_id


async def test_an_unknown_key_is_not_found(tenancy: Tenancy, cloud: LocalCloud) -> None:
    async with tenancy.client() as client:
        for key_id in (
            "none",
            "A" * 44,
            quote(cloud.credentials["service_key"]["keyId"], safe=""),
            "%00",
            "a%2F..%2Fb",
        ):
            await client.call("DELETE", f"/servicekey/{key_id}", 404, headers=client.licensed())
