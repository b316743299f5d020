"""What the functions write to their logs: no key, no ticket, no text of anybody's."""

import io
from collections.abc import Iterator

import pytest

from parlance.chats.errors import explain
from tests.functions.cloud import Cloud
from tests.functions.logs import captured_logs

_TEXT = "The launch code is 0000."


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at any level, in the form in which it leaves the function."""
    with captured_logs() as written:
        yield written


def test_logs_hold_no_secret_and_no_text(cloud: Cloud, log: io.StringIO) -> None:
    house = cloud.house()
    chat_id = cloud.chat(house)
    ticket = cloud.rest("POST", f"/api/v1/chats/{chat_id}/tickets", key=house.key).body["ticket"]
    first = cloud.connected(house, chat_id)
    second, _ = cloud.connect(query={"ticket": ticket})
    cloud.send(first, {"content": _TEXT})
    cloud.send(second, {"content": _TEXT, "nonsense": {}})
    cloud.send(second, {"content": [_TEXT]})
    cloud.gateway.failures = [500] * 5
    cloud.work()
    cloud.send(second, {"content": _TEXT})
    cloud.gateway.hang_up(second)
    cloud.work()
    cloud.gateway.failures = []
    cloud.rest("POST", "/api/v1/chats", key=house.key, body={"user_id": [_TEXT]})
    written = log.getvalue()
    assert "frame dropped" in written or "greeting dropped" in written
    for secret in (house.key, house.key[3:20], ticket, ticket.split(".")[1], _TEXT):
        assert secret not in written


def test_an_unforeseen_failure_is_logged_by_id_and_answered_by_id(log: io.StringIO) -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, str]()[_TEXT]
    answer = explain(caught.value)
    assert isinstance(answer.body, dict)
    told = answer.body["error"]
    assert (answer.status, told["code"]) == (500, "INTERNAL_ERROR")
    written = log.getvalue()
    assert told["details"]["error_id"] in written
    assert "test_secrecy.py" in written
    assert _TEXT not in written
    assert _TEXT not in str(told)
