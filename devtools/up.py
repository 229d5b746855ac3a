"""./dev up and the commands that drive a running application: journey and screenshots."""

import argparse
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from devtools import services
from devtools.environment import application_environment, uses_sandbox
from devtools.paths import PYTHON, ROOT, STATE
from devtools.ports import free_port, next_free_port, take_port
from devtools.processes import Supervisor, tail_of
from devtools.stack import Ports, migrate, running_stack, write_to_file, write_to_terminal
from devtools.terminal import Problem, say

WEB_PORT = 8000
SANDBOX_PORT = 8900
STACK_LOG = STATE / "logs" / "stack.log"
DEMO_PASSWORD = "ignition-demo"  # noqa: S105 - printed for everybody who tries the demo
DEMO_PEOPLE = {
    "alice@brook.example": "owner of Brook & Co",
    "bob@brook.example": "staff at Brook & Co",
    "carol@cedar.example": "owner of Cedar LLP",
    "operator@ignition.example": "operator of the service, at /admin/",
}


def up(arguments: list[str]) -> int:
    """Run everything until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="./dev up", description="Set up and run everything until Ctrl-C.")
    parser.add_argument(
        "--port", type=int, help=f"where the web pages are (default {WEB_PORT}, or the next free)"
    )
    options = parser.parse_args(arguments)
    with services.open_lock() as lock:
        if not services.hold(lock):
            where = services.published().get("PUBLIC_URL")
            raise Problem(
                f"Another ./dev up is running in this folder{f': {where}' if where else ''}.\n"
                "Use that one, or stop it with Ctrl-C in its terminal and run the same again."
            )
        services.SHARED.unlink(missing_ok=True)
        sandbox_port = _free_from(SANDBOX_PORT, "the Sage sandbox") if uses_sandbox() else SANDBOX_PORT
        try:
            return _run_until_interrupted(Ports(web=_web_port(options.port), sandbox=sandbox_port))
        except KeyboardInterrupt:
            return 0
        finally:
            services.SHARED.unlink(missing_ok=True)
            say("stopped")


def drive(module: str, arguments: list[str]) -> int:
    """Run `python -m <module>` against the whole application and return its exit code.

    That is the ./dev up of this folder if one runs; else one of our own, on free ports, with data that is
    thrown away afterwards or, with --keep, with the development data.
    """
    with _application(keep="--keep" in arguments) as (environment, supervisor):
        driver = subprocess.Popen([str(PYTHON), "-m", module, *arguments], cwd=ROOT, env=environment)
        while driver.poll() is None:
            if supervisor is None:
                driver.wait()
            elif supervisor.stop_requests:
                driver.terminate()
                driver.wait()
                raise KeyboardInterrupt
            else:
                supervisor.pump(0.1)
        if driver.returncode and supervisor is not None:
            say(f"what web, worker, beat and sandbox said is in {STACK_LOG}")
        return driver.returncode


def _run_until_interrupted(ports: Ports) -> int:
    with services.servers(STATE, durable=True) as servers:
        environment = _environment(servers, STATE, ports)
        migrate(environment)
        with running_stack(environment, ports, state=STATE, write=write_to_terminal) as supervisor:
            services.publish({**_to_lend(environment), "holder": "up"})
            _welcome(environment, ports)
            while not supervisor.stop_requests:
                supervisor.pump()
                for name, code in supervisor.ended().items():
                    say(f"{name} ended by itself with exit code {code}: stopping the rest")
                    return 1
    return 0


def _environment(servers: dict[str, str], state: Path, ports: Ports) -> dict[str, str]:
    ours = application_environment(servers, state=state, web_port=ports.web, sandbox_port=ports.sandbox)
    return {"OPERATORS_NEED_SECOND_FACTOR": "0", **ours}  # the made-up operator has no telephone


def _to_lend(environment: dict[str, str]) -> dict[str, str]:
    """What another ./dev needs to use our servers: our own variables, not the whole environment."""
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "PUBLIC_URL", "SAGE_")
    return {name: value for name, value in environment.items() if name.startswith(ours)}


def _welcome(environment: dict[str, str], ports: Ports) -> None:
    sage = (
        f"http://127.0.0.1:{ports.sandbox}  (a pretend one)"
        if uses_sandbox()
        else environment["SAGE_API_URL"]
    )
    width = max(map(len, DEMO_PEOPLE))
    people = "\n".join(f"    {email:<{width}}  {who}" for email, who in DEMO_PEOPLE.items())
    print(
        f"\n  Ignition  {environment['PUBLIC_URL']}\n  Sage      {sage}\n\n"
        f"  Sign in with the password {DEMO_PASSWORD} as\n{people}\n\n  Ctrl-C stops everything.\n",
        flush=True,
    )


def _web_port(wanted: int | None) -> int:
    if wanted is None:
        return _free_from(WEB_PORT, "the web pages")
    if not take_port(wanted):
        raise Problem(
            f"Port {wanted} is in use by another program. Choose another with ./dev up --port N, "
            "or leave --port away and a free one is found."
        )
    return wanted


def _free_from(usual: int, what: str) -> int:
    port = next_free_port(usual)
    if port != usual:
        say(f"port {usual} is in use: {what} will be on {port}")
    return port


@contextmanager
def _application(*, keep: bool) -> Iterator[tuple[dict[str, str], Supervisor | None]]:
    with ExitStack() as running:
        if lent := services.lent_by_up():
            say(f"using the ./dev up that runs at {lent['PUBLIC_URL']}")
            yield {**lent, **os.environ}, None
            return
        ports = Ports(web=free_port(), sandbox=free_port())
        if keep:
            state = STATE
            servers = running.enter_context(services.development_servers("drive"))
        else:
            state = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="ignition-")))
            servers = running.enter_context(services.servers(state, durable=False))
        environment = _environment(servers, state, ports)
        # Somebody waits for payments to come back, from whichever Sage.
        environment["POLL_SECONDS"] = os.environ.get("POLL_SECONDS", "5")
        migrate(environment)
        try:
            stack = running_stack(environment, ports, state=state, write=write_to_file(STACK_LOG))
            supervisor = running.enter_context(stack)
        except Problem as problem:
            raise Problem(f"{problem}\nThe end of {STACK_LOG}:\n{tail_of(STACK_LOG, 30)}") from problem
        yield environment, supervisor
