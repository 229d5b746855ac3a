"""TCP ports of 127.0.0.1, each given to one ./dev at a time, however many start in the same moment.

Between the choice of a port and the program that listens there pass seconds, in which a second ./dev would find it
free as well. So whoever chooses one holds a file lock of its number until it ends; the system lets go of the locks of
a process that dies.
"""

import fcntl
import os
import socket
import tempfile
from pathlib import Path

#: Descriptors whose locks we hold, by port.
_held: dict[int, int] = {}


def free_port() -> int:
    """A port that nobody listens on and no other ./dev has chosen; ours until we end."""
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port: int = listener.getsockname()[1]
        if _take(port):
            return port


def next_free_port(first: int) -> int:
    """The first such port from this one on; ours until we end."""
    return next(port for port in range(first, first + 200) if take_port(port))


def take_port(port: int) -> bool:
    """Whether this very port was free, and is ours now until we end."""
    return _is_free(port) and _take(port)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _take(port: int) -> bool:
    if port in _held:
        return False
    folder = Path(tempfile.gettempdir()) / f"ignition-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held[port] = descriptor
    return True
