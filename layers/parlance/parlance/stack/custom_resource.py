"""A custom resource of CloudFormation: it is asked with an event, and answers with a PUT to an address in it.

Whatever happens, CloudFormation must get an answer, or the deployment stands still for an hour. The protocol is the
one of "Custom resource request objects" and "response objects" in the CloudFormation user guide.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.request import Request, urlopen

from parlance.http.faults import log_fault

type Properties = Mapping[str, Any]
type Work = Callable[[Properties], Mapping[str, str]]
type Put = Callable[[str, bytes], None]

_TIMEOUT = 10.0


class CustomResource:
    """Creating and updating are one: `work` makes sure that all is as the properties say, and returns attributes.

    Deleting does nothing. The physical id never changes, so an update is never followed by a deletion.
    """

    def __init__(self, physical_id: str, work: Work, put: Put | None = None) -> None:
        self._physical_id = physical_id
        self._work = work
        self._put = put or _put

    def __call__(self, event: Mapping[str, Any], _: object) -> None:
        answer = {
            "PhysicalResourceId": event.get("PhysicalResourceId", self._physical_id),
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
        }
        self._put(event["ResponseURL"], json.dumps(answer | self._outcome(event)).encode())

    def _outcome(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if event["RequestType"] == "Delete":
            return {"Status": "SUCCESS"}
        try:
            return {"Status": "SUCCESS", "Data": self._work(event["ResourceProperties"])}
        except Exception as error:  # noqa: BLE001 - the entry point of a deployment step: every failure is an answer
            return {"Status": "FAILED", "Reason": f"{type(error).__name__}, logged as {log_fault(error)}"}


def _put(url: str, body: bytes) -> None:
    # An empty content type, because the address is signed without one.
    request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - CloudFormation's own
    with urlopen(request, timeout=_TIMEOUT):  # noqa: S310 - the same
        pass
