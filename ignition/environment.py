"""What differs between machines: variables of the environment, and files that hold the secret ones."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def secret(name: str) -> str:
    """The value of an environment variable, or of the file named by ``<name>_FILE``; empty without either."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name, "")


def required(name: str) -> str:
    """The same of a variable that nothing runs without."""
    if value := secret(name):
        return value
    raise ImproperlyConfigured(
        f"Set the environment variable {name} (or {name}_FILE). `./dev` sets it for you."
    )


def listed(name: str, default: str = "") -> list[str]:
    """A comma-separated environment variable as a list."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]
