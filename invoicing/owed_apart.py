"""Credited invoices of which the ledger says that something else is owed: the credit was taken off there.

What is read in the ledger is kept by an app above, which says by `say_what_is_owed_apart` how it is told of.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from ledger import actions
from ledger.states import State

Told = Callable[[Collection[int]], Mapping[int, str]]
_told: list[Told] = []


def say_what_is_owed_apart(told: Told) -> None:
    """Let chips say what this tells, by the ids of invoices; an app calls this once, when it starts."""
    _told.append(told)


def owed_apart(credited: Collection[int]) -> dict[int, str]:
    """What differs, in words, by the id of each of these credited invoices on which something else is owed there."""
    return {pk: words for told in _told for pk, words in told(credited).items()} if credited else {}


def with_owed_apart(state: State, invoice_id: int, words: str) -> State:
    """The same state, saying that it differs and leading to the decision, unless something else comes first."""
    if not words or state.tone != "good":
        return state
    others = (state.main, *state.others) if state.main else state.others
    return replace(
        state,
        label="Differs in Sage",
        tone="warn",
        icon="git-compare",
        note=words,
        main=actions.review(invoice_id),
        others=others,
    )
