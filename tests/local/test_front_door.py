"""What the front door says itself."""

import httpx
import pytest

from tests.local.conftest import Door


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing-here", 404, "NOT_FOUND"),
        ("GET", "/apis/v1/chats", 404, "NOT_FOUND"),
        ("GET", "/ws/chat", 404, "NOT_FOUND"),
        ("TRACE", "/api/v1/chats", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_its_refusals_have_the_shape_of_all_errors(door: Door, method: str, path: str, status: int, code: str) -> None:
    answer = httpx.request(method, f"{door.url}{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == code
