"""Every error a person can meet is explained, and decides for itself what happens next."""

import pytest

from sage_integration.explanations import EXPLANATIONS, failure_of, sentence_of
from sage_integration.sage.errors import (
    MappingMissing,
    OutcomeUnknown,
    Retry,
    SageError,
    SageRejected,
    UnexpectedAnswer,
)
from sage_integration.sync import errors  # noqa: F401  # its classes count as well


def every_error(kind: type[SageError] = SageError) -> list[type[SageError]]:
    return [each for child in kind.__subclasses__() for each in (child, *every_error(child))]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_each_error_has_a_sentence_a_cause_a_way_out_and_a_decision(kind):
    explanation = EXPLANATIONS[kind.__name__]
    for text in (explanation.sentence, explanation.cause, explanation.way_out):
        assert text.endswith(".")
        assert text[0].isupper()
    assert isinstance(kind.retry, Retry)
    assert failure_of(kind()) == kind.__name__


def test_sages_own_words_are_part_of_the_sentence():
    problems = [
        {"code": "RecordInvalid", "message": "This field is required.", "source": "line_items.tax_rate_id"},
        {"code": "RecordInvalid", "message": "Couldn't find Customer.", "source": ""},
    ]
    said = sentence_of(SageRejected("POST /sales_invoices", status=422, problems=problems))
    assert "Sage says: This field is required (line_items.tax_rate_id). Couldn't find Customer." in said
    assert said.endswith("then retry.")


def test_our_own_detail_is_part_of_the_sentence_and_technical_ones_are_not():
    assert "The VAT rate “Half” is not mapped." in sentence_of(
        MappingMissing("the VAT rate “Half” is not mapped")
    )
    assert "GET" not in sentence_of(UnexpectedAnswer("GET /contacts", status=200))
    assert "POST" not in sentence_of(OutcomeUnknown("POST /contacts"))
