"""Checks that read the project's own files: secrets, locks, migrations, lengths. Each returns what is wrong."""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from devtools.paths import REQUIREMENTS, ROOT

LONG, TOO_LONG = 400, 450  # lines of a module: aimed at, allowed
ALLOWED = "secret-scan: allow"
SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[oprsu]_[A-Za-z0-9]{36}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a live payment key": r"\b[rs]k_live_[A-Za-z0-9]{16,}",
    "a signed web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a Fernet key": r"(?<![A-Za-z0-9_/+-])[A-Za-z0-9_-]{43}=(?![A-Za-z0-9=])",
    "a password in an address": r"\b(?:postgres(?:ql)?|rediss?|smtps?|https?)://[^\s:/@{}$<]*:(?!password@)[^\s/@{}$<]{6,}@",
}
HOST = re.compile(r"://|--(?:index-url|extra-index-url|find-links|trusted-host)|^-i\s|\s@\s", re.MULTILINE)


def secrets_in_sources() -> str:
    """Places in tracked files that look like a secret, unless the line says `secret-scan: allow`."""
    patterns = {what: re.compile(pattern) for what, pattern in SECRETS.items()}
    found = []
    for path, text in _texts():
        for number, line in enumerate(text.splitlines(), 1):
            if ALLOWED in line:
                continue
            found += [
                f"{path}:{number}: {what}" for what, pattern in patterns.items() if pattern.search(line)
            ]
    return "\n".join(found)


def stale_locks() -> str:
    """Requirement files that were changed since the locks were made."""
    recorded = {}
    for line in (REQUIREMENTS / "lock.sha256").read_text().splitlines():
        digest, name = line.split()
        recorded[name.removeprefix("./").removeprefix("*")] = digest
    files = sorted([*REQUIREMENTS.glob("*.in"), *REQUIREMENTS.glob("*.txt")])
    changed = [
        path.name
        for path in files
        if recorded.get(path.name) != hashlib.sha256(path.read_bytes()).hexdigest()
    ]
    gone = sorted(set(recorded) - {path.name for path in files})
    if not changed and not gone:
        return ""
    return f"changed since the locks were made: {', '.join(changed + gone)}. Run ./dev lock."


def hosts_in_locks() -> str:
    """Lock files that say where packages come from: that is for each machine to know."""
    found = []
    for path in sorted(REQUIREMENTS.glob("*.txt")):
        found += [f"{path.name}: {match[0].strip()}" for match in HOST.finditer(path.read_text())]
    return "\n".join(found)


def extensions_in_migrations() -> str:
    """Migrations that need a PostgreSQL extension: the embedded server has none."""
    asks = re.compile(r"CREATE\s+EXTENSION|contrib\.postgres\.operations|[A-Za-z]+Extension\(", re.IGNORECASE)
    return "\n".join(
        f"{path}: needs a PostgreSQL extension"
        for path, text in _texts("*/migrations/*.py")
        if asks.search(text)
    )


def overlong_modules() -> str:
    """Modules that should have become packages."""
    found = []
    for path, text in _texts("*.py"):
        lines = text.count("\n")
        if lines > TOO_LONG and "/migrations/" not in str(path):
            found.append(f"{path}: {lines} lines; split it by noun ({LONG} is the aim)")
    return "\n".join(found)


def _texts(*patterns: str) -> Iterator[tuple[Path, str]]:
    """The tracked and the new text files of the project, with what is in them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(set(listed.stdout.split("\0")) - {""}):
        try:
            yield Path(name), (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, or a file just deleted
