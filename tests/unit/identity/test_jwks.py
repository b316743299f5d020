"""Public keys of issuers: from where they may come, how often they are fetched, which of them fit."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from parlance.errors import InvalidInputError, UnavailableError
from parlance.identity.jwks import HttpFetch, JwksError, KeySets, check_url
from tests.fakes.clock import ManualClock

URL = "https://issuer.example/keys"
_EC = ec.generate_private_key(ec.SECP256R1())
_EC_WIDE = ec.generate_private_key(ec.SECP384R1())
_RSA = rsa.generate_private_key(65537, 2048)


def ec_key(**more: Any) -> dict[str, Any]:
    return {**jwt.algorithms.ECAlgorithm.to_jwk(_EC.public_key(), as_dict=True), "kid": "1", **more}


def rsa_key(**more: Any) -> dict[str, Any]:
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(_RSA.public_key(), as_dict=True), "kid": "1", **more}


class Published:
    """An issuer's key set; counts fetches. `None` cannot be reached."""

    def __init__(self, *keys: object) -> None:
        self.keys: list[object] | None = list(keys)
        self.fetches = 0

    def __call__(self, url: str) -> bytes:
        self.fetches += 1
        if self.keys is None:
            raise JwksError("unreachable")
        return json.dumps({"keys": self.keys}).encode()


class Bench:
    def __init__(self, *keys: object) -> None:
        self.clock = ManualClock()
        self.published = Published(*keys)
        self.sets = KeySets(self.published, self.clock)

    def finds(self, kid: str | None = "1", algorithm: str = "ES256") -> bool:
        return self.sets.key(URL, kid=kid, algorithm=algorithm) is not None


class TestAddresses:
    @pytest.mark.parametrize("url", [URL, "https://issuer.example:8443/keys?x=1", "https://[2001:db8::1]/keys"])
    def test_https(self, url: str) -> None:
        check_url(url, allow_loopback=False)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000/k", "http://localhost/k", "http://[::1]/k"])
    def test_this_machine_only_where_it_is_allowed(self, url: str) -> None:
        check_url(url, allow_loopback=True)
        with pytest.raises(InvalidInputError):
            check_url(url, allow_loopback=False)

    @pytest.mark.parametrize(
        "url",
        ["", "x", "//x/keys", "http://issuer.example/keys", "http://169.254.169.254/", "file:///etc/passwd",
         "ftp://x/y", "https://", "https://u:p@x/keys", "https://x:99999/", "https://x y/", "https://x/\n", "http://[",
         "data:,x", "http://127.0.0.1.example/", "http://localhost.example/"],
    )  # fmt: skip
    def test_nothing_else(self, url: str) -> None:
        with pytest.raises(InvalidInputError):
            check_url(url, allow_loopback=True)
        with pytest.raises(JwksError):
            HttpFetch(allow_loopback=True)(url)


class TestChoosing:
    @pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
    def test_the_key_of_that_id_for_that_algorithm(self, algorithm: str) -> None:
        bench = Bench(ec_key(), rsa_key(), ec_key(kid="2"))
        found = bench.sets.key(URL, kid="1", algorithm=algorithm)
        assert found is not None
        assert (found.algorithm_name, found.key_id) == (algorithm, "1")

    @pytest.mark.parametrize(
        "key",
        [
            {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "1"},
            {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "1", "alg": "ES256"},
            rsa_key(),
            rsa_key(alg="ES256"),
            ec_key(use="enc"),
            ec_key(alg="ES384"),
            ec_key(crv="P-384"),
            ec_key(x="AA"),
            {"kty": "EC", "kid": "1"},
            {"kty": "EC", "kid": "1", "crv": "P-256", "x": 5, "y": []},
            {**jwt.algorithms.ECAlgorithm.to_jwk(_EC, as_dict=True), "kid": "1"},
            {**jwt.algorithms.ECAlgorithm.to_jwk(_EC_WIDE.public_key(), as_dict=True), "kid": "1"},
            "not a key",
            None,
            [],
        ],
    )
    def test_no_other_key_fits(self, key: object) -> None:
        assert not Bench(key).finds()

    def test_without_an_id_only_a_single_key_is_meant(self) -> None:
        assert Bench(ec_key(), rsa_key()).finds(kid=None)
        assert not Bench(ec_key(), ec_key(kid="2")).finds(kid=None)

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", ""])
    def test_an_algorithm_that_has_no_public_keys(self, algorithm: str) -> None:
        assert not Bench(ec_key(), rsa_key(), {"kty": "oct", "k": "c2Vj", "kid": "1"}).finds(algorithm=algorithm)


class TestFetching:
    def test_keys_are_fetched_once_in_ten_minutes(self) -> None:
        bench = Bench(ec_key())
        for _ in range(3):
            assert bench.finds()
        bench.clock.advance(599)
        assert bench.finds()
        assert bench.published.fetches == 1
        bench.clock.advance(1)
        assert bench.finds()
        assert bench.published.fetches == 2

    def test_an_unknown_id_has_them_fetched_again_but_not_at_will(self) -> None:
        bench = Bench(ec_key())
        assert bench.finds()
        for _ in range(100):
            assert not bench.finds("unknown")
        assert bench.published.fetches == 1
        bench.clock.advance(30)
        bench.published.keys = [ec_key(kid="new")]
        assert bench.finds("new")
        for number in range(100):
            assert not bench.finds(str(number))
        assert bench.published.fetches == 2

    def test_the_last_keys_serve_for_an_hour_while_the_issuer_is_away(self) -> None:
        bench = Bench(ec_key())
        assert bench.finds()
        bench.published.keys = None
        bench.clock.advance(3599)
        assert bench.finds()
        bench.clock.advance(1)
        with pytest.raises(UnavailableError):
            bench.finds()

    def test_an_issuer_that_is_away_is_not_asked_all_the_time(self) -> None:
        bench = Bench(ec_key())
        bench.published.keys = None
        for _ in range(10):
            with pytest.raises(UnavailableError):
                bench.finds()
        assert bench.published.fetches == 1
        bench.published.keys = [ec_key()]
        bench.clock.advance(30)
        assert bench.finds()

    @pytest.mark.parametrize("published", [b"", b"x", b"[]", b"null", b"{}", b'{"keys": 5}', b"\xff", b"[" * 9000])
    def test_what_is_no_key_set(self, published: bytes) -> None:
        with pytest.raises(UnavailableError):
            KeySets(lambda _: published, ManualClock()).key(URL, kid="1", algorithm="ES256")
