"""The environment that the application's processes get. What the person has set wins over everything here."""

import os
from collections.abc import Mapping
from pathlib import Path

from devtools.secret_files import fernet_key, password, secret

OWNER_COMMANDS = frozenset({"migrate", "makemigrations", "flush", "sqlflush"})
SANDBOX_CLIENT_ID = "ignition-sandbox"
SANDBOX_CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - of a pretend Sage on this machine
SAGE_ADDRESSES = ("SAGE_AUTHORIZE_URL", "SAGE_TOKEN_URL", "SAGE_REVOKE_URL", "SAGE_API_URL")


def uses_sandbox() -> bool:
    """Whether Sage is our sandbox: unless the person named another server."""
    return not any(os.environ.get(name) for name in SAGE_ADDRESSES)


def application_environment(
    servers: Mapping[str, str], *, state: Path, web_port: int = 8000, sandbox_port: int = 8900
) -> dict[str, str]:
    """Everything that `ignition/settings.py` asks for, on this machine."""
    ours = {
        "SECRET_KEY": secret(state, "SECRET_KEY", lambda: password() + password()),
        "FIELD_ENCRYPTION_KEYS": secret(state, "FIELD_ENCRYPTION_KEYS", fernet_key),
        "PUBLIC_URL": f"http://127.0.0.1:{web_port}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "STATIC_FROM_FOLDERS": "1",
    }
    if uses_sandbox():
        sandbox = f"http://127.0.0.1:{sandbox_port}"
        ours |= {
            "SAGE_AUTHORIZE_URL": f"{sandbox}/oauth2/auth/central",
            "SAGE_TOKEN_URL": f"{sandbox}/token",
            "SAGE_REVOKE_URL": f"{sandbox}/revoke",
            "SAGE_API_URL": f"{sandbox}/v3.1",
            "SAGE_CLIENT_ID": SANDBOX_CLIENT_ID,
            "SAGE_CLIENT_SECRET": SANDBOX_CLIENT_SECRET,
            "POLL_SECONDS": "15",  # our own sandbox minds no questions; whoever records a payment is looking
        }
    return {**ours, **servers, **os.environ}


def for_manage(environment: Mapping[str, str], arguments: list[str]) -> dict[str, str]:
    """The same, as the owner of the tables for the few commands that change the schema."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command in OWNER_COMMANDS:
        return {"DATABASE_ROLE": "ignition_owner", **environment}
    return dict(environment)
