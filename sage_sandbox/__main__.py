"""`python -m sage_sandbox`: run the sandbox until Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
from types import FrameType

from sage_sandbox.demo_customers import add_demo_customers
from sage_sandbox.faults import FAULTS
from sage_sandbox.server import Sandbox
from sage_sandbox.switches import SWITCHES


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox; answers the exit status."""
    parser = argparse.ArgumentParser(
        prog="sage_sandbox", description="A pretend Sage for development and tests."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8900, help="port to listen on (default 8900)")
    parser.add_argument("--db", help="SQLite file to keep everything in (default: only in memory)")
    parser.add_argument(
        "--public-url", default=os.environ.get("SAGE_SANDBOX_PUBLIC_URL"), help="address in links"
    )
    parser.add_argument(
        "--client-id", default=os.environ.get("SAGE_CLIENT_ID"), help="the only client id accepted"
    )
    parser.add_argument(
        "--client-secret", default=os.environ.get("SAGE_CLIENT_SECRET"), help="and its secret"
    )
    parser.add_argument(
        "--demo-customers", action="store_true", help="put made-up customers into an empty first company"
    )
    parser.add_argument(
        "--list", action="store_true", help="name every switch and fault with its meaning, then stop"
    )
    options = parser.parse_args(arguments)
    if options.list:
        _list()
        return 0
    try:
        sandbox = Sandbox(
            options.db,
            options.port,
            host=options.host,
            client_id=options.client_id,
            client_secret=options.client_secret,
            public_url=options.public_url,
        )
    except OSError as error:
        print(
            f"The Sage sandbox cannot listen on {options.host}:{options.port}: {error.strerror}.",
            file=sys.stderr,
        )
        return 1

    if options.demo_customers:
        sage = sandbox.sage
        with sage.store.transaction():
            add_demo_customers(sage.books(next(iter(sage.store.businesses.values()))))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print(f"Sage sandbox at {sandbox.url} (accountant's pages at {sandbox.url}/)", flush=True)
    try:
        sandbox.serve_forever()
    except KeyboardInterrupt:
        print("Sage sandbox stopped.", flush=True)
    sandbox.stop()
    return 0


def _list() -> None:
    print("Switches (PUT /_control/switches), each with its default")
    for name, switch in SWITCHES.items():
        print(f"  {name} = {switch.default}: {switch.decides}")
    print("Faults (POST /_control/faults)")
    for name, kind in FAULTS.items():
        print(f"  {name}: {kind.explains}")


if __name__ == "__main__":
    sys.exit(main())
