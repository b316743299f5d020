"""What is read from a request, and what is refused."""

from typing import Any

import pytest

from parlance.errors import InvalidInputError, TooLargeError
from parlance.http.requests import BODY_BYTES_MAX, Request, parse_object


def _request(**event: Any) -> Request:
    return Request({"path": "/", "headers": {}, **event})


def test_headers_are_found_in_any_case() -> None:
    request = _request(headers={"X-API-Key": "k"})
    assert request.header("x-api-key") == request.header("X-Api-KEY") == "k"
    assert request.header("other") is None
    assert _request(headers=None).header("x-api-key") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/u/a%20b", "a b"),
        ("/u/a%2Fb/", "a/b"),
        ("/u/a%252Fb", "a%2Fb"),
        ("/u/%E2%98%95", "☕"),
        ("/u/a+b", "a+b"),
        ("/u//a", "/a"),
    ],
)
def test_a_path_is_decoded_once(path: str, expected: str) -> None:
    assert _request(path=path).path_after("/u/") == expected


def test_a_path_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        _request(path="/u/%FF").path_after("/u/")


def test_a_body_may_be_missing_where_none_is_needed() -> None:
    assert _request(body=None).json_object_or_nothing() == {}
    assert _request(body=" \n").json_object_or_nothing() == {}
    assert _request(body='{"a": 1}').json_object_or_nothing() == {"a": 1}
    with pytest.raises(InvalidInputError):
        _request(body="\x1c").json_object_or_nothing()  # White space, but not to JSON.
    with pytest.raises(InvalidInputError):
        _request(body=None).json_object()


def test_a_body_has_a_size() -> None:
    fits = '{"a": "' + "x" * (BODY_BYTES_MAX - 9) + '"}'
    assert len(_request(body=fits).json_object()["a"]) == BODY_BYTES_MAX - 9
    with pytest.raises(TooLargeError):
        _request(body=fits + " ").json_object()


def test_a_refusal_names_what_was_read() -> None:
    with pytest.raises(InvalidInputError, match="The frame"):
        parse_object("[]", what="The frame")


@pytest.mark.parametrize("text", ["-1e999", "1e999", "Infinity", "NaN", '{"a": "\\udfff"}', '{"\\ud800": 1}'])
def test_what_cannot_be_stored_or_sent_on_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_object(f'{{"v": {text}}}')
