"""Every event about Sage that is recorded anywhere has its sentence."""

import ast
from pathlib import Path

import pytest

from sage_integration.explanations import EXPLANATIONS
from sage_integration.log_words import PARTS, SENTENCES, sentence_for

ROOT = Path(__file__).resolve().parents[3]
FAMILIES = ("posting.", "sage.", "contact.", "ledger.", "attention.")
#: Of documents, what their own history tells: the log tells the same by what became of it.
TOLD_OTHERWISE = {"invoice.copied_by_hand", "credit_note.copied_by_hand", "credit_note.posted"}


def recorded(
    families: tuple[str, ...] = FAMILIES, apps: tuple[str, ...] = ("ledger", "sage_integration", "invoicing")
) -> set[str]:
    """The actions that `audit.record` and `audit.record_many` are called with, in the apps that speak of Sage."""
    found = set()
    for app in apps:
        for file in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if _records(node):
                    found |= {
                        each.value
                        for each in ast.walk(node.args[0])
                        if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    }
    return {action for action in found if action.startswith(families)}


def _records(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_call and node.func.attr in ("record", "record_many") and bool(node.args)


def test_every_recorded_event_about_sage_has_a_sentence():
    assert recorded() - set(SENTENCES) == set()
    assert len(recorded()) > 25


def test_whatever_is_done_about_a_document_and_sage_has_a_sentence():
    """Also what was taken over from there, and that somebody called both sides agreed."""
    done = recorded(("invoice.", "credit_note."), ("sage_integration",)) - TOLD_OTHERWISE
    whole = {action for action in done if not action.endswith("_")}
    assert whole - set(SENTENCES) == set()
    assert "invoice.taken_from_sage" in whole


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_a_sentence_is_told_even_where_its_data_is_missing(action):
    sentence = sentence_for(action, {}, "INV-000001")
    assert sentence[0].isupper() or sentence[0] == "£"
    assert "{" not in sentence
    assert SENTENCES[action].part in PARTS


@pytest.mark.parametrize("failure", sorted(EXPLANATIONS))
def test_p17_a_refusal_is_told_in_words_and_never_by_its_class(failure):
    sentence = sentence_for("posting.failed", {"failure": failure}, "Invoice INV-000001-AAAAAA")
    assert failure not in sentence
    assert sentence.endswith(".")


def test_amounts_of_payments_are_told_with_their_thousands():
    data = {"before": "1200.00", "after": "1049.99", "outstanding": "12150.01", "amount": "1049.99"}
    amended = sentence_for("invoice.payment_amended", data, "INV-000001")
    assert amended.endswith("changed from £1,200.00 to £1,049.99; £12,150.01 is outstanding.")
    assert "£1,049.99" in sentence_for("invoice.payment_reversed", data, "INV-000001")


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("received", "A payment"),
        ("written_off", "A write-off"),
        ("set_against", "An allocation in Sage"),
        ("", "A payment"),
    ],
)
def test_g81_what_was_taken_back_is_called_what_it_was(kind, what):
    told = sentence_for("invoice.payment_reversed", {"amount": "20.00", "kind": kind}, "INV-000001")
    assert told == f"{what} of £20.00 for INV-000001 was taken back."
    data = {"amount": "20.00", "kind": kind, "outstanding": "1200.00"}
    told = sentence_for("invoice.payment_reversed", data, "INV-000001")
    assert told == f"{what} of £20.00 for INV-000001 was taken back; £1,200.00 is outstanding."
