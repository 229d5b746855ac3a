"""The state of a document saying something more: of other copies of it in the ledger."""

from collections.abc import Sequence
from dataclasses import replace

from ledger import actions
from ledger.actions import Subject
from ledger.models import Posting
from ledger.states import State


def with_settled_earlier(state: State, subject: Subject, numbers: Sequence[str]) -> State:
    """The same state, saying that something is set in the ledger against these earlier copies."""
    which = " and ".join(numbers)
    copies = "an earlier copy" if len(numbers) == 1 else "earlier copies"
    words = f"In Sage something is set against {which}, {copies} of it, which pays nothing here."
    others = state.others
    if all(each.label != "All copies" for each in others):
        others = (actions.all_copies(subject), *others)
    return replace(state, note=f"{state.note} {words}".strip(), others=others)


def replaced_by(state: State, newer: Posting) -> State:
    """The same state of an earlier copy, saying that a newer one, which has arrived, took its place."""
    by = newer.external_number or newer.reference
    return replace(state, note=f"{state.note} A newer copy, {by}, took its place.".strip())
