"""Whose address counts for a limit."""

import pytest

from parlance.http.requests import Request
from parlance.http.viewers import NO_FRONT_DOOR, Viewers

SECRET = "s3cret-of-the-distribution"


def request(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request({"headers": named, "requestContext": {"identity": {"sourceIp": "198.51.100.1"}}})


def test_the_distribution_is_believed() -> None:
    told = request(X_Parlance_Origin_Secret=SECRET, X_Parlance_Viewer_Ip="203.0.113.9")
    assert Viewers(SECRET).address_of(told) == "203.0.113.9"


@pytest.mark.parametrize("shown", ["", "wrong", SECRET[:-1], SECRET + "x", "ü"])
def test_nobody_else_is(shown: str) -> None:
    claimed = request(X_Parlance_Origin_Secret=shown, X_Parlance_Viewer_Ip="203.0.113.9")
    assert Viewers(SECRET).address_of(claimed) == "198.51.100.1"
    assert Viewers(SECRET).address_of(request(X_Parlance_Viewer_Ip="203.0.113.9")) == "198.51.100.1"


@pytest.mark.parametrize("shown", [NO_FRONT_DOOR, "", SECRET])
def test_without_a_front_door_no_header_is(shown: str) -> None:
    claimed = request(X_Parlance_Origin_Secret=shown, X_Parlance_Viewer_Ip="203.0.113.9")
    assert Viewers(NO_FRONT_DOOR).address_of(claimed) == "198.51.100.1"


def test_a_front_door_that_says_nothing_is_no_address() -> None:
    assert Viewers(SECRET).address_of(request(X_Parlance_Origin_Secret=SECRET)) == "198.51.100.1"
