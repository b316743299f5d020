"""Base64 is read as clients write it, and nothing else is."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlance.ecdsa.encoding import decode, encode


@given(
    st.binary(max_size=200), st.booleans(), st.booleans(), st.integers(1, 80), st.sampled_from(["\n", "\r\n", " \t"])
)
def test_every_tolerated_spelling_reads_the_same(
    data: bytes, urlsafe: bool, padded: bool, width: int, separator: str
) -> None:
    text = (urlsafe_b64encode(data) if urlsafe else b64encode(data)).decode()
    text = text if padded else text.rstrip("=")
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    assert decode(separator.join([*lines, ""])) == data


@given(st.binary(max_size=200))
def test_it_is_written_in_the_standard_alphabet_padded_in_one_line(data: bytes) -> None:
    assert encode(data) == b64encode(data).decode()


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAAAA",
        "=",
        "====",
        "AA=",
        "AA===",
        "AAA==",
        "AAAA=",
        "AAAA====",
        "AA==AAAA",
        "=AAAA",
        "AB==",
        "AAB=",
        "AB",
        "!!!!",
        "AA\0A",
        "AAA\x0b",
        "AAAÉ",
        "\uff21" * 4,
        "AAA\udc80",
        "AA%3D%3D",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text)


@given(st.text(alphabet="AQgw+/-_=\n é", max_size=12))
def test_what_is_read_is_written_back_with_the_same_digits(text: str) -> None:
    try:
        data = decode(text)
    except ValueError:
        return
    digits = text.replace("\n", "").replace(" ", "").replace("-", "+").replace("_", "/").rstrip("=")
    assert encode(data).rstrip("=") == digits
