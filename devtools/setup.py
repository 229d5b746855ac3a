"""The virtual environment: made when it is missing, filled from the hash-locked requirement files.

Standard library only: this runs with whatever Python the machine has.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.paths import PYTHON, REQUIREMENTS, STATE, VENV
from devtools.terminal import Problem, counted, say

STAMPS = STATE / "stamps"


def ensure_installed(*locks: str) -> None:
    """Have the virtual environment hold what these lock files name, e.g. "run" and "test"."""
    STATE.mkdir(exist_ok=True, mode=0o700)
    with _one_at_a_time():
        _ensure_venv()
        for lock in locks:
            _ensure_lock(lock)


def re_execute_in_venv(script: Path) -> None:
    """Go on in the virtual environment's Python, in this same process."""
    os.execv(PYTHON, [str(PYTHON), str(script), *sys.argv[1:]])  # noqa: S606 - no shell is meant


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (STATE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another ./dev that is installing")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ensure_venv() -> None:
    """Make the environment, and make it again if its Python was upgraded or the folder was moved."""
    stamp = STAMPS / "venv"
    made_by = _venv_identity()
    if made_by and (not stamp.exists() or stamp.read_text() == made_by):
        _write_stamp(stamp, made_by)
        return
    if importlib.util.find_spec("ensurepip") is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise Problem(
            "This Python cannot make virtual environments: it has no ensurepip.\n"
            f"Debian and Ubuntu: sudo apt install python3-venv (or {version}-venv). Then run the same again."
        )
    if VENV.exists():
        say("the virtual environment is of another Python or another folder: making it again")
        shutil.rmtree(VENV)
        shutil.rmtree(STAMPS, ignore_errors=True)
    say(f"making a virtual environment with Python {sys.version.split()[0]}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Problem(f"python -m venv failed:\n{(made.stdout + made.stderr)[-800:]}")
    _write_stamp(stamp, _venv_identity())


def _venv_identity() -> str:
    """Which Python, in which folder; empty when there is none that runs."""
    if not PYTHON.exists():
        return ""
    ask = "import pip, sys; print(*sys.version_info[:2], sep='.')"
    asked = subprocess.run([str(PYTHON), "-c", ask], capture_output=True, text=True, check=False)
    return f"{asked.stdout.strip()} {VENV}" if asked.returncode == 0 else ""


def _ensure_lock(name: str) -> None:
    lock = REQUIREMENTS / f"{name}.txt"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text() == wanted:
        return
    total = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.MULTILINE | re.IGNORECASE))
    say(f"installing requirements/{lock.name} (up to {counted(total, 'package')}, each checked by its hash)")
    output = _pip_install(lock, total)
    if output is not None:
        missing = re.search(r"No matching distribution found for (\S+)", output)
        if not (missing and name == "embedded"):
            raise Problem(_why_pip_failed(lock, output))
        # Services look for an installed server next, and name the way out if there is none.
        say(f"there is no {missing[1]} for this platform: an installed server will be looked for instead")
    _write_stamp(stamp, wanted)


def _pip_install(lock: Path, total: int) -> str | None:
    """Install with progress; what pip said if it failed, else None."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    environment = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUNBUFFERED": "1"}
    said: list[str] = []
    with subprocess.Popen(
        # The lock is the whole answer. Without --no-deps, pip looks at newer releases of what is asked for
        # with an extra (coverage[toml]) before it meets the locked one, and stops for want of its hash.
        [*command, "--require-hashes", "--no-deps", "-r", str(lock)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        assert pip.stdout is not None  # noqa: S101 - for the type checker
        seen = 0
        for line in pip.stdout:
            said.append(line)
            if match := re.match(r"(?:Collecting|Requirement already satisfied:) ([^\s;(]+)", line):
                seen += 1
                if sys.stderr.isatty() or seen % 10 == 0:
                    _show_progress(f"  {seen:3} of {total}  {match[1]}")
            elif line.startswith("Installing collected packages"):
                _show_progress("  unpacking")
    _show_progress("")
    return "".join(said) if pip.returncode else None


def _show_progress(text: str) -> None:
    """One line that is written over on a terminal; in a log, a line each."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[:100]}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def _why_pip_failed(lock: Path, output: str) -> str:
    errors = "".join(line for line in output.splitlines(keepends=True) if "ERROR" in line) or output[-1200:]
    if "hash" in errors.lower() and "do not match" in errors.lower():
        cure = "A downloaded file is not the one that was locked. Do not go on; look at where it came from."
    elif "No matching distribution found" in errors:
        cure = "Is the package index reachable, and does it have this version for this Python and platform?"
    else:
        cure = "Check the network, and pip's settings if this machine needs a mirror or a proxy."
    return f"pip could not install requirements/{lock.name}.\n{errors.strip()}\n{cure}"


def _write_stamp(stamp: Path, text: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(text)
