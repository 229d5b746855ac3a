"""What the secret scan and the lock checks take for a finding."""

import re

import pytest

from devtools.source_checks import HOST, SECRETS


def finds(line: str) -> bool:
    return any(re.search(pattern, line) for pattern in SECRETS.values())


@pytest.mark.parametrize(
    "parts",
    [
        ("-----BEGIN RSA PRIVATE", " KEY-----"),
        ("AKIA", "IOSFODNN7EXAMPLE"),
        ("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"),
        ("0123456789abcdefghijABCDEFGHIJ0123456789abc", "="),
        ("postgres://ignition:", "correct-horse@db:5432/ignition"),
    ],
)
def test_a_secret_is_found(parts):
    assert finds("KEY = '" + "".join(parts) + "'")


@pytest.mark.parametrize(
    "line",
    [
        "postgres://ignition:${POSTGRES_PASSWORD}@db:5432/ignition",
        "postgres://user:password@host:5432/database",
        "amqp==5.4.2 --hash=sha256:9362660c4a31150cf18e78cae2ce8aa1e929fc6c6739e69f6dd5dbea9c3edc82",
    ],
)
def test_an_example_is_no_secret(line):
    assert not finds(line)


@pytest.mark.parametrize("line", ["--index-url somewhere", "x @ file", "x==1 # https://index.example/simple"])
def test_a_lock_that_names_a_host_is_found(line):
    assert HOST.search(line)
