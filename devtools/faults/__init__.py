"""./dev faults: random faults and kills while work is posted, then an audit of everything that was promised."""

import subprocess
import tempfile
from pathlib import Path

from devtools.environment import application_environment
from devtools.paths import PYTHON, ROOT
from devtools.processes import die_with_parent
from devtools.services import throwaway_servers
from devtools.stack import migrate
from devtools.terminal import say


def faults(arguments: list[str]) -> int:
    """Play random histories on servers that are thrown away afterwards; 1 when a promise was broken."""
    with tempfile.TemporaryDirectory() as state, throwaway_servers() as servers:
        environment = application_environment(servers, state=Path(state))
        environment |= {"DEBUG": "0", "LOG_LEVEL": "CRITICAL", "DJANGO_SETTINGS_MODULE": "ignition.settings"}
        migrate(environment)
        say("playing random histories")
        playing = subprocess.Popen(
            [str(PYTHON), "-m", "devtools.faults.rounds", *arguments],
            cwd=ROOT,
            env=environment,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - we have one thread
        )
        try:
            return playing.wait()
        except KeyboardInterrupt:
            playing.terminate()
            playing.wait()
            raise
