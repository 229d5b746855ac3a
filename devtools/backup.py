"""./dev backup and ./dev restore: the whole database into one file, and back into an empty database."""

import os
import subprocess
from pathlib import Path

import psycopg2

from devtools import roles
from devtools.embedded_postgres import find_binaries
from devtools.environment import application_environment, for_manage
from devtools.paths import PYTHON, ROOT, STATE
from devtools.services import development_servers
from devtools.terminal import Problem, say

LONGEST = 3600
#: What an address may say, as PostgreSQL's own programs are told it; whatever else it says is refused by name.
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "application_name": "PGAPPNAME",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "channel_binding": "PGCHANNELBINDING",
}


def backup(arguments: list[str]) -> int:
    """Write the database of DATABASE_URL, else the development one, into a file that only its owner can read."""
    (target,) = _one(arguments, "./dev backup FILE")
    if target.exists():
        raise Problem(f"{target} exists already. Choose another name, so that no backup is overwritten.")
    with development_servers("backup") as servers:
        dump(servers["DATABASE_URL"], target)
    say(f"wrote {target} ({target.stat().st_size:,} bytes)")
    say("Keep SECRET_KEY and FIELD_ENCRYPTION_KEYS elsewhere: without them the tokens in it open nothing.")
    return 0


def restore(arguments: list[str]) -> int:
    """Read such a file into the database of DATABASE_URL, else the development one, which has to be empty."""
    (source,) = _one(arguments, "./dev restore FILE")
    if not source.is_file():
        raise Problem(f"There is no file {source}.")
    with development_servers("restore") as servers:
        load(source, servers["DATABASE_URL"])
        environment = application_environment(servers, state=STATE)
        for command in (["migrate", "--verbosity", "0"], ["look_before_sending"]):
            full = [str(PYTHON), "manage.py", *command]
            subprocess.run(full, cwd=ROOT, env=for_manage(environment, command), check=True, timeout=LONGEST)
    say("restored. The nightly comparison lists what Sage has and this backup does not know.")
    return 0


def dump(url: str, target: Path) -> None:
    """Every row of every practice into a new file; raises Problem with what pg_dump said."""
    partial = target.with_name(target.name + ".part")
    partial.touch(mode=0o600)
    command = [_program("pg_dump"), "--format=custom", f"--role={roles.OWNER}", f"--file={partial}"]
    try:
        _run([*command, "--no-owner", "--no-privileges", "--schema=public"], url)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def load(source: Path, url: str) -> None:
    """The dump into an empty database, all or nothing; raises Problem where it is not empty or does not fit."""
    if tables := _tables(url):
        raise Problem(
            f"The database has {tables} tables already, so nothing was restored. Name an empty one in DATABASE_URL."
        )
    command = [_program("pg_restore"), f"--role={roles.OWNER}", "--no-owner", "--no-privileges"]
    listed = _run([_program("pg_restore"), "--list", str(source)], url)
    kept = source.with_name(source.name + ".list")
    # The schema itself is there in every database; making it again would be refused.
    kept.write_text("\n".join(line for line in listed.splitlines() if " SCHEMA - public" not in line))
    try:
        _run(
            [
                *command,
                "--single-transaction",
                "--exit-on-error",
                f"--use-list={kept}",
                f"--dbname={_dbname(url)}",
                str(source),
            ],
            url,
        )
    finally:
        kept.unlink()


def _one(arguments: list[str], usage: str) -> list[Path]:
    if len(arguments) != 1:
        raise Problem(f"Usage: {usage}")
    return [Path(arguments[0]).absolute()]


def _program(name: str) -> str:
    program = find_binaries() / name
    if not program.exists():
        raise Problem(f"There is no {name}. Install PostgreSQL's client programs.")
    return str(program)


def _tables(url: str) -> int:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


def _dbname(url: str) -> str:
    return str(psycopg2.extensions.parse_dsn(url)["dbname"])


def _run(command: list[str], url: str) -> str:
    """Run a client program; the password goes through its environment, never onto its command line."""
    dsn = psycopg2.extensions.parse_dsn(url)
    if unknown := sorted(set(dsn) - set(VARIABLES)):
        raise Problem(f"DATABASE_URL says {', '.join(unknown)}, which backup and restore do not know.")
    environment = {**os.environ, **{VARIABLES[part]: str(value) for part, value in dsn.items()}}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST
    )
    if done.returncode:
        raise Problem(f"{Path(command[0]).name} failed, and nothing was changed:\n{done.stderr[-800:]}")
    return done.stdout
