"""The custom resource that makes the server's keys, asked as CloudFormation asks it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from functions.stack.server_keys import app
from local.settings import ROOT
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey, PublicKey
from parlance.ecdsa.server_keys import ServerKeys
from parlance.storage.secret_text import AwsSecretText
from tests.functions.cloud import Cloud

SECRET = "keys-of-a-stack"


class Waiting:
    """Where CloudFormation waits for an answer."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator["Waiting"]:
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/answer?token=x"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def waiting(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    secrets: Any = boto3.client("secretsmanager")
    secrets.create_secret(Name=SECRET)
    monkeypatch.setenv("SERVER_KEYS_SECRET", SECRET)
    app.resource.cache_clear()
    with Waiting().serving() as waiting:
        yield waiting
    app.resource.cache_clear()
    secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    secrets.close()


def ask(waiting: Waiting, kind: str = "Create", version: str = "1", curve: str = "secp256k1") -> dict[str, Any]:
    event = json.loads((ROOT / "events" / "server-keys.json").read_text())
    event |= {"RequestType": kind, "ResponseURL": waiting.url}
    event["ResourceProperties"] |= {"KeyVersion": version, "CurveName": curve}
    app.handler(event, None)
    return waiting.answers[-1]


def keys(curve: Curve = Curve.SECP256K1) -> ServerKeys:
    return ServerKeys(AwsSecretText(SECRET), curve)


def test_the_first_deployment_makes_a_pair_and_the_second_keeps_it(waiting: Waiting) -> None:
    first = ask(waiting)
    assert first["Status"] == "SUCCESS"
    assert PublicKey.parse(first["Data"]["PublicKey"], Curve.SECP256K1) == keys().ensure(1)
    again = ask(waiting, "Update")
    assert (again["Data"], again["PhysicalResourceId"]) == (first["Data"], first["PhysicalResourceId"])


def test_the_next_version_is_another_pair_beside_the_first(waiting: Waiting) -> None:
    old = ask(waiting)["Data"]["PublicKey"]
    new = ask(waiting, "Update", version="2")["Data"]["PublicKey"]
    assert new != old
    client = PrivateKey.generate(Curve.SECP256K1)
    sealed = Keyring(client).encrypt("Hello", PublicKey.parse(old, Curve.SECP256K1))
    assert keys().keyring(new).decrypt(sealed, client.public_key) == "Hello"
    assert ask(waiting, "Update", version="1")["Data"]["PublicKey"] == old


def test_deleting_leaves_every_key(waiting: Waiting) -> None:
    key = ask(waiting)["Data"]["PublicKey"]
    assert ask(waiting, "Delete")["Status"] == "SUCCESS"
    assert keys().keyring(key).public_key.text == key


@pytest.mark.parametrize(("version", "curve"), [("x", "secp256k1"), ("1", "curve25519")])
def test_what_cannot_be_done_is_answered_as_failed(waiting: Waiting, version: str, curve: str) -> None:
    answer = ask(waiting, version=version, curve=curve)
    assert answer["Status"] == "FAILED"
    assert "Data" not in answer


def test_another_curve(waiting: Waiting) -> None:
    answer = ask(waiting, curve="prime256v1")
    assert PublicKey.parse(answer["Data"]["PublicKey"], Curve.P256) == keys(Curve.P256).ensure(1)
