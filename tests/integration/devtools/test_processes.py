"""Child processes: their lines are passed on, they stop when asked, and by force when they do not listen."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from devtools.paths import ROOT
from devtools.ports import next_free_port, take_port
from devtools.processes import Supervisor, end_leftover

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def written():
    return []


@pytest.fixture
def supervisor(written):
    # Handlers belong to the whole process, so they are put back.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with Supervisor(os.environ, lambda name, line: written.append((name, line))) as supervisor:
        yield supervisor
    for number, handler in before.items():
        signal.signal(number, handler)


def pump_until(supervisor, condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        supervisor.pump(0.05)


def test_lines_come_whole_and_with_the_name_of_their_program(supervisor, written):
    supervisor.start("talker", sys.executable, "-c", "print('one'); print('two', end='')")
    pump_until(supervisor, lambda: len(written) == 2)
    assert written == [("talker", "one"), ("talker", "two")]
    pump_until(supervisor, supervisor.ended)
    assert supervisor.ended() == {"talker": 0}


def test_a_program_that_does_not_listen_is_ended_by_force(supervisor, written):
    supervisor.start("stubborn", sys.executable, "-c", STUBBORN)
    pump_until(supervisor, lambda: written)
    program = supervisor.programs["stubborn"]
    supervisor.stop("stubborn", grace=0.1)
    assert program.returncode == -signal.SIGKILL


def test_an_interrupt_is_a_request_to_stop(supervisor):
    os.kill(os.getpid(), signal.SIGINT)
    assert supervisor.stop_requests == 1


def test_only_a_leftover_of_ours_is_ended(supervisor, written):
    """A process id is used again by others: the command line has to fit too."""
    supervisor.start("other", sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
    pump_until(supervisor, lambda: written)
    program = supervisor.programs["other"]
    end_leftover(program.pid, "postgres -D somewhere", signal.SIGTERM)
    assert program.poll() is None
    end_leftover(program.pid, "time.sleep(60)", signal.SIGTERM)
    assert program.wait(5) == -signal.SIGTERM


def test_a_busy_port_is_passed_over():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        busy = listener.getsockname()[1]
        assert not take_port(busy)
        assert next_free_port(busy) > busy


def test_programs_that_start_at_once_choose_different_ports():
    choose = "from devtools.ports import next_free_port as n; print(n(38200), flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    programs = [subprocess.Popen([sys.executable, "-c", choose], cwd=ROOT, **pipes) for _ in range(4)]
    ports = [program.stdout.readline().strip() for program in programs]
    for program in programs:
        program.communicate("\n", timeout=10)
    assert len(set(ports)) == 4
