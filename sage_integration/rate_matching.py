"""Which of Sage's VAT rates one of the practice's rates most likely is; a person confirms it (F28)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from money.vat import VatCode
from sage_integration.models import SageTaxRate
from sage_integration.sage.resources.settings import NOT_REGISTERED

#: Sage's own word for each treatment, the end of its id: three rates are 0 % (FACTS.md 8.1).
WORDS = {
    VatCode.STANDARD: "STANDARD",
    VatCode.REDUCED: "LOWER",
    VatCode.ZERO: "ZERO",
    VatCode.EXEMPT: "EXEMPT",
    VatCode.OUTSIDE_SCOPE: "NO_TAX",
}


@dataclass(frozen=True)
class Suggestion:
    """A rate of Sage and how it stands, in a few words and a tone for the badge."""

    sage_id: str
    word: str
    tone: str


NOTHING = Suggestion("", "Choose one", "warn")
#: However sure we are of it: nothing is in force before somebody has saved it (F32).
SUGGESTED = "Suggested, not saved"


def suggestion(
    vat_code: str, percent: Decimal, offered: Sequence[SageTaxRate], tax_scheme: str
) -> Suggestion:
    """The likeliest of the offered rates for a treatment and its percentage today.

    That of the same treatment and percentage, else the only one with that percentage; 0 % alone says
    nothing. A company that is not registered for VAT can only be meant to use “No VAT” (FACTS.md 8.4).
    """
    by_word = {rate.sage_id.split("_", 1)[-1]: rate for rate in offered}
    if tax_scheme == NOT_REGISTERED:
        none = by_word.get(WORDS[VatCode.OUTSIDE_SCOPE])
        return Suggestion(none.sage_id, "Check: no VAT in Sage", "warn") if none else NOTHING
    named = by_word.get(WORDS[VatCode(vat_code)])
    if named and named.percentage == percent:
        return Suggestion(named.sage_id, SUGGESTED, "warn")
    same_percentage = [rate for rate in offered if rate.percentage == percent]
    if len(same_percentage) == 1 and percent:
        return Suggestion(same_percentage[0].sage_id, SUGGESTED, "warn")
    return NOTHING
