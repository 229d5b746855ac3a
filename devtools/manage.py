"""./dev manage: Django's manage.py with the servers running, whether or not ./dev up does."""

import subprocess

from devtools.environment import application_environment, for_manage
from devtools.paths import PYTHON, ROOT, STATE
from devtools.services import development_servers


def manage(arguments: list[str]) -> int:
    """Run manage.py with these arguments; its exit code."""
    with development_servers("manage") as servers:
        environment = for_manage(application_environment(servers, state=STATE), arguments)
        command = [str(PYTHON), "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
