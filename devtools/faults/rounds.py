"""`./dev faults`: random histories of people, workers and faults, each followed by an audit of every promise.

A seed is a history. One that breaks a promise is printed with its seed, cut down to the steps that matter.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import django
import time_machine
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ignition.settings")
    django.setup()

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from devtools.faults import interleavings
from devtools.faults.database_clock import move_along
from devtools.faults.invariants import Violation
from devtools.faults.shrinking import shrunk
from devtools.faults.steps import STEPS
from devtools.faults.world import MORNING, World
from practices.prepared import keep_plans
from sage_sandbox.server import Sandbox

#: A step: its name, and the seed of what it draws.
Step = tuple[str, int]
History = list[Step]
#: Either belt is enough (FACTS.md 14), so a round may do without one of them.
BELTS: tuple[dict[str, object], ...] = ({}, {}, {"idempotency": False}, {"index_delay_seconds": 90})
LENGTH = 30
LOST, TWICE, STUCK = "I1", "I2", "I8"


@dataclass
class Result:
    """What came of a history."""

    broken: list[Violation] = field(default_factory=list)
    faults: int = 0
    kills: int = 0


def main() -> int:
    """Play the rounds and print what came of them; 1 when a promise was broken."""
    options = _options(sys.argv[1:])
    if options.interleavings:
        return _interleave(options)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    total = Result()
    started = time.monotonic()
    with playing() as play:
        for number in range(options.rounds):
            history = history_of(seed + number, options.steps)
            result = play(history, seed + number)
            total.faults, total.kills = total.faults + result.faults, total.kills + result.kills
            total.broken += result.broken
            if result.broken:
                _tell(seed + number, history, result, play)
                break
            if (number + 1) % 10 == 0:
                say(f"{number + 1} rounds, {total.faults} faults, {total.kills} kills: all is well")
    _print(options, seed, total, number + 1, time.monotonic() - started)
    return 1 if total.broken else 0


def _interleave(options: argparse.Namespace) -> int:
    started = time.monotonic()
    played = interleavings.run(options.interleavings, options.seed or 0, options.workers, say)
    figures = {
        "interleavings": played.rounds,
        "unsaid_differences": len(played.broken),
        "broken": [f"seed {seed}: {words}" for seed, words in played.broken],
        "ended": dict(played.met),
        "seconds": round(time.monotonic() - started, 1),
        "seed": options.seed or 0,
    }
    if options.json:
        print(json.dumps(figures), flush=True)
    else:
        for name, value in figures.items():
            say(f"{name:>18}  {value}")
    return 1 if played.broken else 0


def say(text: str) -> None:
    """A line of progress; the clock of this process is not one to print."""
    print(text, file=sys.stderr, flush=True)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=50, help="how many histories (50)")
    add("--seed", type=int, help="of the first one; each further one has the next number (random)")
    add("--steps", type=int, default=LENGTH, help=f"steps of a history ({LENGTH})")
    add(
        "--interleavings",
        type=int,
        default=0,
        help="instead: so many interleavings of edits here and in Sage",
    )
    add("--workers", type=int, default=2, help="processes that play interleavings (2)")
    add("--json", action="store_true", help="end with one line of JSON on standard output")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return options


def history_of(seed: int, length: int = LENGTH) -> History:
    """The history of a seed: always the same one."""
    draw = random.Random(seed)  # noqa: S311 - repeatable on purpose
    names, weights = list(STEPS), [weight for weight, _ in STEPS.values()]
    return [(name, draw.randrange(2**32)) for name in draw.choices(names, weights, k=length)]


@contextmanager
def playing() -> Iterator[Callable[[History, int], Result]]:
    """A function that plays a history from its beginning, in the database and a pretend Sage of this process."""
    settings.SAGE_CLIENT_ID, settings.SAGE_CLIENT_SECRET = "ignition/faults", "not-a-secret"
    settings.SAGE_TIMEOUT = (5, 1)
    settings.SAGE_REQUESTS_PER_MINUTE = 100_000
    games = 0
    move_along()
    keep_plans()
    with (
        Sandbox(client_id=settings.SAGE_CLIENT_ID, client_secret=settings.SAGE_CLIENT_SECRET) as sandbox,
        time_machine.travel(MORNING, tick=True) as clock,
    ):
        for name, value in sandbox.handle.settings.items():
            setattr(settings, name, value)

        def play(history: History, seed: int) -> Result:
            nonlocal games
            games += 1
            cache.clear()
            world = World(sandbox.handle, clock, f"Round {games}")
            for switch, value in BELTS[seed % len(BELTS)].items():
                sandbox.handle.switch(switch, value)
            for name, own_seed in history:
                STEPS[name][1](world, random.Random(own_seed))  # noqa: S311 - repeatable on purpose
            broken = world.come_to_rest()
            return Result(broken, world.faults, world.kills)

        yield play
    connection.close()


def _tell(seed: int, history: History, result: Result, play: Callable[[History, int], Result]) -> None:
    say(f"seed {seed} breaks a promise:")
    for violation in result.broken:
        say(f"    {violation}")
    say("leaving out what does not matter")
    wanted = {violation.invariant for violation in result.broken}

    def fails(shorter: History) -> bool:
        return bool(wanted & {violation.invariant for violation in play(shorter, seed).broken})

    short = shrunk(history, fails)
    say(f"--seed {seed}, {len(short)} of {len(history)} steps (belts: {BELTS[seed % len(BELTS)] or 'both'}):")
    for name, own_seed in short:
        say(f"    {name:<16} {own_seed}")


def _print(options: argparse.Namespace, seed: int, total: Result, rounds: int, seconds: float) -> None:
    def count(invariant: str) -> int:
        return sum(violation.invariant == invariant for violation in total.broken)

    difference = Decimal(sum(violation.difference for violation in total.broken)) / 100
    figures = {
        "rounds": rounds,
        "faults": total.faults,
        "kills": total.kills,
        "lost": count(LOST),
        "duplicates": count(TWICE),
        "difference": f"{difference:.2f}",
        "stuck": count(STUCK),
        "violations": len(total.broken),
        "seconds": round(seconds, 1),
        "seed": seed,
    }
    if options.json:
        print(json.dumps(figures), flush=True)
    else:
        for name, value in figures.items():
            say(f"{name:>12}  {value}")


if __name__ == "__main__":
    sys.exit(main())
