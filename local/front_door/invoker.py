"""Calling the deployed WebSocket function, as API Gateway's integration does."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.emulator import CLIENT_ENVIRONMENT, REGION

AT_ONCE = 8
"""How many invocations run side by side. The emulator starts a process for each, which takes a core for some seconds:
sixty of them at once would all miss the time limit."""


@dataclass(frozen=True)
class Answer:
    """What came back from a function: its payload, or the fact that it failed."""

    payload: Any = None
    failed: bool = False


class Invoker(Protocol):
    """Something that invokes the WebSocket function with an event."""

    async def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Invoke and wait for the answer; a failure is an answer too."""


class EmulatorInvoker:
    """Invokes through the emulator's Lambda API."""

    def __init__(self, *, client: httpx.AsyncClient, endpoint: str, function: str, seconds: float) -> None:
        self._client = client
        self._url = f"{endpoint}/2015-03-31/functions/{function}/invocations"
        self._seconds = seconds
        self._places = asyncio.Semaphore(AT_ONCE)
        credentials = Credentials(CLIENT_ENVIRONMENT["AWS_ACCESS_KEY_ID"], CLIENT_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"])
        self._signer = SigV4Auth(credentials, "lambda", REGION)

    async def invoke(self, event: Mapping[str, Any]) -> Answer:
        """One synchronous invocation, given up at the integration's time limit as on AWS. Waiting for it is free."""
        try:
            async with self._places, asyncio.timeout(self._seconds):
                answer = await self._client.send(self._signed(json.dumps(event)))
            payload = answer.json()
        except (TimeoutError, httpx.HTTPError, ValueError):
            return Answer(failed=True)
        failed = answer.status_code != 200 or "x-amz-function-error" in answer.headers
        return Answer(payload=payload, failed=failed)

    def _signed(self, body: str) -> httpx.Request:
        """The emulator lets in only whom a policy or its own credentials allow."""
        signed = AWSRequest("POST", self._url, data=body.encode(), headers={"Content-Type": "application/json"})
        self._signer.add_auth(signed)
        return self._client.build_request(
            "POST", self._url, content=body.encode(), headers=dict(signed.headers.items()), timeout=None
        )
