"""Secrets of this machine: made once, kept in files that only we can read, never on a command line."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path


def password() -> str:
    """A new password, safe in a URL and in a configuration file."""
    return secrets.token_urlsafe(24)


def fernet_key() -> str:
    """A new key of the kind that cryptography's Fernet takes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def secret_file(state: Path, name: str, make: Callable[[], str] = password) -> Path:
    """The file that holds this secret, written with a new one the first time."""
    path = state / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_suffix(".new")
        partial.touch(mode=0o600)
        partial.write_text(make())
        partial.rename(path)
    return path


def secret(state: Path, name: str, make: Callable[[], str] = password) -> str:
    """The secret of this name, the same one on every call."""
    return secret_file(state, name, make).read_text().strip()
