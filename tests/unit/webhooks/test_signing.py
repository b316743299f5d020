"""Signatures that the scheme's own libraries accept."""

import base64
import hashlib
import hmac

import pytest

from parlance.identity.secrets import RandomSecrets
from parlance.webhooks.signing import new_secret, signed_headers


def test_the_example_that_the_schemes_libraries_are_tested_with() -> None:
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_new_secret_carries_256_bits_and_signs() -> None:
    first, second = (new_secret(RandomSecrets()) for _ in range(2))
    assert first != second
    key = base64.b64decode(first.removeprefix("whsec_"), validate=True)
    assert len(key) == 32
    signature = signed_headers(first, message_id="m", timestamp=5, body=b"x")["webhook-signature"]
    expected = base64.b64encode(hmac.new(key, b"m.5.x", hashlib.sha256).digest()).decode()
    assert signature == f"v1,{expected}"


@pytest.mark.parametrize("secret", ["", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - base64 has its own words
        signed_headers(secret, message_id="m", timestamp=1, body=b"")
