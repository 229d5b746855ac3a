"""Child processes: started so that none outlives us, their output passed on, stopped in order."""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from devtools.paths import ROOT
from devtools.terminal import say

# Looked up before any fork: between fork and exec only a plain system call is safe. Looking it up there would wait for
# ever where another thread held the loader's lock.
_LINUX: bool = sys.platform == "linux"
_PRCTL = ctypes.CDLL(None).prctl if _LINUX else None
_PR_SET_PDEATHSIG = 1


def die_with_parent(with_signal: int = signal.SIGTERM) -> Callable[[], None]:
    """For Popen's preexec_fn: Linux sends the child this signal if we die, even by kill -9.

    Not SIGINT for our own programs: children of a background job start with it ignored.
    """

    def before_exec() -> None:
        if _PRCTL is not None:
            _PRCTL(_PR_SET_PDEATHSIG, int(with_signal))

    return before_exec


def end_leftover(pid: int, sign: str, with_signal: int, *, seconds: float = 20) -> None:
    """Stop the process of an earlier run, if it lives: its id is known, and a sign in its command line."""
    if not _is_ours(pid, sign):
        return
    say(f"stopping process {pid}, left over from an earlier run")
    os.kill(pid, with_signal)
    deadline = time.monotonic() + seconds
    while _is_ours(pid, sign):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _is_ours(pid: int, sign: str) -> bool:
    """Ids are used again, so the command line has to say it too."""
    if _LINUX:  # a small machine may have no ps
        try:
            shown = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return False
        return sign in shown
    command = ["ps", "-o", "command=", "-p", str(pid)]
    return sign in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def tail_of(log: Path, lines: int = 12) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


class Supervisor:
    """Runs programs side by side and hands each line they print to `write(name, line)`.

    One thread only: `pump` passes lines on while we wait for something else.
    As a context manager it turns Ctrl-C, SIGTERM and SIGHUP into `stop_requests`.
    """

    def __init__(self, env: Mapping[str, str], write: Callable[[str, str], None]) -> None:
        self.env = {**env, "PYTHONUNBUFFERED": "1"}
        self.write = write
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.stop_requests = 0
        self._selector = selectors.DefaultSelector()
        self._unfinished: dict[str, bytes] = {}

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._request_stop)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.programs):
            self.stop(name, grace=5)
        self._selector.close()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)

    def start(self, name: str, *command: str) -> None:
        """Start a program in the project's folder, in a process group of its own."""
        program = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - we have one thread
        )
        assert program.stdout is not None  # noqa: S101 - for the type checker
        os.set_blocking(program.stdout.fileno(), False)
        self._selector.register(program.stdout, selectors.EVENT_READ, name)
        self.programs[name] = program

    def pump(self, seconds: float = 0.2) -> None:
        """Pass on what the programs print, for at most this long."""
        for key, _ in self._selector.select(seconds):
            self._read(key.data)

    def ended(self) -> dict[str, int]:
        """The exit codes of the programs that ended by themselves."""
        codes = {name: program.poll() for name, program in self.programs.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def stop(self, name: str, *, grace: float) -> None:
        """End one program gently; after `grace` seconds, or at a second Ctrl-C, by force."""
        program = self.programs.pop(name)
        if program.poll() is None:
            program.terminate()
        deadline = time.monotonic() + grace
        requests = self.stop_requests
        while program.poll() is None:
            if time.monotonic() > deadline or self.stop_requests > max(requests, 1):
                say(f"{name} did not stop in time: ending it by force")
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()
            self._pump_or_sleep(0.05)
        self._drain(name, program)

    def _pump_or_sleep(self, seconds: float) -> None:
        if self._selector.get_map():
            self.pump(seconds)
        else:
            time.sleep(seconds)

    def _read(self, name: str) -> None:
        key = next((k for k in self._selector.get_map().values() if k.data == name), None)
        if key is None:
            return
        try:
            chunk = os.read(key.fd, 65536)
        except BlockingIOError:
            return
        *lines, rest = (self._unfinished.get(name, b"") + chunk).split(b"\n")
        if not chunk:  # closed
            self._selector.unregister(key.fileobj)
            lines, rest = [*lines, rest] if rest else lines, b""
        self._unfinished[name] = rest
        for line in lines:
            self.write(name, line.decode(errors="replace").rstrip())

    def _drain(self, name: str, program: subprocess.Popen[bytes]) -> None:
        """Its last words, without waiting for grandchildren that still hold the pipe."""
        self._read(name)
        assert program.stdout is not None  # noqa: S101 - for the type checker
        if program.stdout in {key.fileobj for key in self._selector.get_map().values()}:
            self._selector.unregister(program.stdout)
        program.stdout.close()

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1
