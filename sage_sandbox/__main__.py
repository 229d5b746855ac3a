"""`python -m sage_sandbox`: run the sandbox until Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
from types import FrameType

from sage_sandbox.server import Sandbox


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
    options = parser.parse_args(arguments)
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


if __name__ == "__main__":
    sys.exit(main())
