"""Which addresses are called at all: names on the public internet, over HTTPS, and nothing that leads elsewhere."""

import pytest

from practices.outbound import UnsafeAddress, check_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001::1",
    ],
)
def test_a_private_address_is_not_public_however_it_is_wrapped(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"]
)
def test_the_public_internet_is(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "https://user@hooks.example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://intranet/",
        "https://hooks.example.com:port/",
        "https://hooks.exämple.com/",
        "https:///nowhere",
        "https://hooks.example.com/a b",
        "hooks.example.com",
    ],
)
def test_what_is_not_a_name_on_https_is_refused_before_it_is_looked_up(url):
    with pytest.raises(UnsafeAddress):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/ignition?a=b", "https://hooks.example.com:443/", "https://a.bc.de./"]
)
def test_a_name_on_https_is_fine(url):
    check_url(url)
