"""./dev check: everything that can be said about the code without running its tests, each in one line."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from devtools import audit, environment_reference, migration_rules, source_checks
from devtools.paths import PYTHON, ROOT, STATE
from devtools.services import throwaway_servers
from devtools.terminal import counted
from devtools.testing import environment_for_tests

Findings = str  # empty when all is well


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at: its name, and a function that returns what it found wrong."""

    name: str
    look: Callable[[], Findings]


def check(arguments: list[str]) -> int:
    """Run every check, or those whose names contain one of the arguments; 1 if any found something."""
    with throwaway_servers() as servers:
        checks = all_checks(environment_for_tests(servers))
        chosen = [each for each in checks if not arguments or any(word in each.name for word in arguments)]
        if not chosen:
            print("There is no such check. There are:", *(each.name for each in checks), sep="\n  ")
            return 2
        failed = _run_side_by_side(chosen)
    if failed:
        print(f"\n{counted(len(failed), 'check')} of {len(chosen)} failed: {', '.join(failed)}")
        return 1
    print(f"All {len(chosen)} checks passed.")
    return 0


def all_checks(environment: Mapping[str, str]) -> list[Check]:
    """The checks, slowest first, so that they take the shortest time side by side."""

    def tool(name: str, *command: str) -> Check:
        return Check(name, lambda: _run(command, environment))

    python = str(PYTHON)
    lint_imports = "from importlinter.cli import lint_imports_command as main; main()"
    return [
        tool("types", python, "-m", "mypy"),
        tool("migrations are complete", python, "manage.py", "makemigrations", "--check", "--dry-run"),
        tool(
            *("system checks", python, "manage.py", "check"),
            *("--database", "default", "--fail-level", "WARNING"),
        ),
        tool(
            *("import contracts", python, "-c", lint_imports),
            *("--no-logo", "--cache-dir", str(STATE / "import-linter")),
        ),
        tool("lint", python, "-m", "ruff", "check", "--quiet", "--output-format", "concise"),
        tool("format", python, "-m", "ruff", "format", "--check", "--output-format", "concise"),
        Check("secrets", source_checks.secrets_in_sources),
        Check("migrations need no downtime", migration_rules.migrations_that_need_downtime),
        Check("environment reference is fresh", environment_reference.stale_reference),
        Check("known weaknesses", audit.known_weaknesses),
        Check("packages without a hash", lambda: "\n".join(audit.packages_without_hash())),
        Check("licences", audit.binding_licences),
        Check("locks are fresh", source_checks.stale_locks),
        Check("locks name no host", source_checks.hosts_in_locks),
        Check("no extensions", source_checks.extensions_in_migrations),
        Check("lengths", source_checks.overlong_modules),
    ]


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> Findings:
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (ran.stdout.strip() or f"exit code {ran.returncode}") if ran.returncode else ""


def _run_side_by_side(checks: list[Check]) -> list[str]:
    """Print each check as it ends; the names of those that found something."""
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        running = {threads.submit(_timed, each): each for each in checks}
        for ended in as_completed(running):
            name = running[ended].name
            findings, seconds = ended.result()
            print(f"{'FAILED' if findings else 'ok':<6}  {seconds:5.1f} s  {name}", flush=True)
            if findings:
                failed.append(name)
                print("\n".join(f"        {line}" for line in findings.splitlines()), flush=True)
    return failed


def _timed(each: Check) -> tuple[Findings, float]:
    started = time.monotonic()
    findings = each.look()
    return findings, time.monotonic() - started
