"""Which addresses may be called."""

# ruff: noqa: S104 - these addresses are judged, nothing listens on them
import ipaddress
import socket

import pytest

from parlance.outbound.addresses import ForbiddenAddressError, Guard, is_public, target_of

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:1:2:3:4:80ff:fffe", "100::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
METADATA = ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "::ffff:169.254.169.254", "0.0.0.0", "fe80::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(ForbiddenAddressError, match="public internet"):
        Guard(resolve=lambda _host, _port: [address]).addresses("innocent.example", 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    assert Guard(resolve=lambda _host, _port: [address]).addresses("example.com", 443) == [address]


def test_one_private_address_among_public_ones_closes_the_host() -> None:
    guard = Guard(resolve=lambda _host, _port: ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(ForbiddenAddressError):
        guard.addresses("example.com", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "::1"])
def test_every_way_of_writing_loopback(host: str) -> None:
    """By the machine's own resolver, which knows the old ways of writing numbers."""
    try:
        socket.getaddrinfo(host, 80)
    except OSError:
        pytest.skip(f"this machine does not resolve {host}")
    with pytest.raises(ForbiddenAddressError):
        Guard().addresses(host, 80)


ANSWERS: dict[str, str] = {"ollama.internal": "10.0.0.5", "localhost": "127.0.0.1",
           "x.ollama.internal": "10.0.0.5"}  # fmt: skip


class TestOpened:
    GUARD = Guard(
        private_hosts=["Ollama.internal", "", " localhost "], resolve=lambda host, _port: [ANSWERS[host.lower()]]
    )

    def test_hosts_may_be_private(self) -> None:
        assert self.GUARD.addresses("ollama.internal", 80) == ["10.0.0.5"]
        assert self.GUARD.addresses("localhost", 80) == ["127.0.0.1"]

    def test_others_may_not(self) -> None:
        with pytest.raises(ForbiddenAddressError):
            self.GUARD.addresses("x.ollama.internal", 80)

    @pytest.mark.parametrize("address", METADATA)
    def test_credentials_of_the_cloud_are_closed_to_them_too(self, address: str) -> None:
        guard = Guard(private_hosts=["ollama.internal"], resolve=lambda _host, _port: [address])
        with pytest.raises(ForbiddenAddressError):
            guard.addresses("ollama.internal", 80)


class TestTargets:
    def test_are_taken_apart(self) -> None:
        target = target_of("https://api.example.com./v1/x?y=%20z#part")
        assert (target.host, target.port, target.path) == ("api.example.com", 443, "/v1/x?y=%20z")
        assert target_of("http://[2606:4700::1]:8080").authority == "[2606:4700::1]:8080"
        assert target_of("https://example.com:443/").authority == "example.com"

    @pytest.mark.parametrize(
        "url",
        ["", "x", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "data:,x",
         "http://", "http:///x", "http://user@example.com/", "http://user:pass@example.com/", "http://example.com:0/",
         "http://example.com:99999/", "http://example.com:x/", "http://exa mple.com/", "http://example.com/\r\nX: y",
         "http://example.com\\@127.0.0.1/", "http://[::1", "http://ex\u00e4mple.com/", "http://" + "a" * 300 + ".com/",
         "http://127.0.0.1%00.example.com\x00/"],
    )  # fmt: skip
    def test_that_are_none(self, url: str) -> None:
        with pytest.raises(ForbiddenAddressError):
            target_of(url)
