"""What shares the machine with pages in `./dev bench http --beside`: a billing run (W1), a worker that pushes (W2).

As a program it bills the practices it is given, as the daily task does, and ends once nothing is due.
"""

import sys
from collections import deque

import django

from devtools.bench.programs import Programs, start_workers

#: As in `./dev bench push`: one backlog, and small practices behind it.
BACKLOG, SMALL, SMALL_ONES = 1000, 20, 19
THREADS = 32


def add_backlog(sandbox: str) -> list[object]:
    """Practices connected to the pretend Sage whose invoices wait to be let go."""
    # Imported once Django is set up.
    from devtools.bench import population  # noqa: PLC0415
    from sage_sandbox.handle import SandboxHandle  # noqa: PLC0415

    handle, person = SandboxHandle(sandbox), population.owner()
    handle.switch("rate_limit_window_seconds", 6)
    handle.switch("rate_limit_per_minute", 100)
    handle.switch("in_flight_limit", 0)
    sizes = {"Big": BACKLOG, **{f"Small {number}": SMALL for number in range(SMALL_ONES)}}
    businesses = handle.add_businesses(list(sizes))
    made = []
    for (name, postings), business in zip(sizes.items(), businesses, strict=True):
        made.append(population.add_practice(person, business, handle, name=name, postings=postings))
        handle.arm("delay", "* /", times=None, seconds=0.03, business=business)
    return list(made)


def let_work_begin(running: Programs, pushing: list[object], billing: list[int]) -> None:
    """Start a worker and let the backlog go; bill the other practices in a process of its own."""
    from devtools.bench import population  # noqa: PLC0415

    start_workers(running, number=1, threads=THREADS)
    for practice in pushing:
        population.let_leave(practice)  # type: ignore[arg-type]
    running.start("billing", "devtools.bench.http_beside", *map(str, billing))


def main() -> int:
    """Bill until nothing is due."""
    django.setup()
    # Imported once Django is set up.
    from ignition.celery import stand_back  # noqa: PLC0415
    from invoicing.billing_run import run_billing  # noqa: PLC0415
    from invoicing.tasks import CHUNKS_A_TURN  # noqa: PLC0415
    from practices.models import Practice  # noqa: PLC0415
    from practices.tenancy import acting_for  # noqa: PLC0415

    stand_back()
    queue = deque(map(int, sys.argv[1:]))
    today = Practice.objects.get(pk=queue[0]).today()
    billed = 0
    while queue:
        practice = queue.popleft()
        with acting_for(practice):
            outcome = run_billing(today, chunks=CHUNKS_A_TURN)
        billed += outcome.invoices
        if not outcome.is_complete:
            queue.append(practice)
    print(f"billed {billed}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
