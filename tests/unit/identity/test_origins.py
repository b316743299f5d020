"""Origins on a widget key's list."""

import pytest

from parlance.errors import InvalidInputError
from parlance.identity.origins import checked, is_allowed


@pytest.mark.parametrize(
    ("entry", "spelled"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example/", "https://shop.example"),
        (" http://localhost:8000 ", "http://localhost:8000"),
        ("http://localhost:*", "http://localhost:*"),
        ("https://*.shop.example", "https://*.shop.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_entry_has_one_spelling(entry: str, spelled: str) -> None:
    assert checked(entry) == spelled


@pytest.mark.parametrize(
    "entry",
    ["", "*", "null", "shop.example", "https://", "https://*", "ftp://a.example", "https://a.example/path",
     "https://a.*.example", "https://a example", "https://a.example:port", "https://user@a.example", "https://a..b",
     "https://a.example\n"[:-1] + "?q", "javascript://a"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(entry: str) -> None:
    with pytest.raises(InvalidInputError):
        checked(entry)


@pytest.mark.parametrize(
    ("origin", "entry", "allowed"),
    [
        ("https://shop.example", "https://shop.example", True),
        ("https://SHOP.example", "https://shop.example", True),
        ("http://shop.example", "https://shop.example", False),
        ("https://shop.example:8443", "https://shop.example", False),
        ("https://shop.example.evil.example", "https://shop.example", False),
        ("https://evilshop.example", "https://*.shop.example", False),
        ("https://a.shop.example", "https://*.shop.example", True),
        ("https://a.b.shop.example", "https://*.shop.example", True),
        ("https://shop.example", "https://*.shop.example", False),
        ("https://a.shop.example", "https://shop.example", False),
        ("https://shopXexample", "https://shop.example", False),
        ("http://localhost", "http://localhost:*", True),
        ("http://localhost:5173", "http://localhost:*", True),
        ("http://localhost:5173.evil.example", "http://localhost:*", False),
        ("http://localhostile:1", "http://localhost:*", False),
        ("null", "http://localhost:*", False),
        ("", "http://localhost:*", False),
        ("https://shop.example\n", "https://shop.example", False),
    ],
)
def test_who_is_on_the_list(origin: str, entry: str, *, allowed: bool) -> None:
    assert is_allowed(origin, ["https://other.example", entry]) is allowed
    assert not is_allowed(origin, [])
