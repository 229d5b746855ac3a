"""./dev test: pytest against servers of its own, which are thrown away afterwards."""

import secrets
import subprocess
import tempfile
from pathlib import Path

from devtools.environment import application_environment
from devtools.paths import PYTHON, ROOT, TEST_RESULTS
from devtools.secret_files import fernet_key
from devtools.services import throwaway_servers
from devtools.terminal import say

# Nothing of the machine's own settings may change what a test sees.
NOT_FOR_TESTS = (
    "DATABASE_ROLE",
    "EMAIL_",
    "FROM_EMAIL",
    "LOG_LEVEL",
    "POLL_SECONDS",
    "SAGE_",
    "SSL_REDIRECT",
)
FOR_TESTS = {"SAGE_OPENAPI_DIR"}
ALL_TESTS = [
    *("-n", "auto", "--maxprocesses", "12", "--dist", "loadgroup"),
    # A test that waits for ever fails after twenty minutes, and what every thread did is printed.
    *("-o", "faulthandler_timeout=1200", "-o", "faulthandler_exit_on_timeout=true"),
    "--max-worker-restart=0",  # a worker started anew would wait for tests that it never gets
    f"--junitxml={TEST_RESULTS}",
]


def test(arguments: list[str]) -> int:
    """Run pytest with these arguments, or every test in parallel; pytest's exit code."""
    if not arguments:
        TEST_RESULTS.unlink(missing_ok=True)
    with throwaway_servers() as servers:
        say("running " + ("the tests asked for" if arguments else "every test"))
        command = [str(PYTHON), "-m", "pytest", *(arguments or ALL_TESTS)]
        return subprocess.run(command, cwd=ROOT, env=environment_for_tests(servers), check=False).returncode


def environment_for_tests(servers: dict[str, str]) -> dict[str, str]:
    """The application's environment with settings as in production and secrets of this run only."""
    with tempfile.TemporaryDirectory() as state:
        environment = application_environment(servers, state=Path(state))
    kept = {
        name: value
        for name, value in environment.items()
        if name in FOR_TESTS or not name.startswith(NOT_FOR_TESTS)
    }
    return {
        **kept,
        "STATIC_FROM_FOLDERS": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEYS": fernet_key(),
        "PUBLIC_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    }
