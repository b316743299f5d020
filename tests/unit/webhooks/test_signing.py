"""Signatures, against what the scheme's reference libraries make of the same message."""

import base64
import re

import pytest

from parlance.webhooks import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_known_message_has_the_known_signature() -> None:
    headers = signing.headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at_seconds=1_614_265_330)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(("event_id", "body", "at"), [("b", b"{}", 1), ("a", b"{ }", 1), ("a", b"{}", 2)])
def test_id_body_and_time_are_all_signed(event_id: str, body: bytes, at: int) -> None:
    known = signing.headers(SECRET, "a", b"{}", at_seconds=1)["webhook-signature"]
    assert signing.headers(SECRET, event_id, body, at_seconds=at)["webhook-signature"] != known


def test_secrets_are_of_the_schemes_form_and_never_the_same() -> None:
    first, second = signing.new_secret(), signing.new_secret()
    assert first != second
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", first)
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


@pytest.mark.parametrize("secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_*"])
def test_what_is_no_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(signing.SigningSecretError):
        signing.headers(secret, "a", b"{}", at_seconds=1)
