"""What is said about a pair of parties: the classes and the reasons."""

from enum import IntEnum, StrEnum


class Verdict(IntEnum):
    """What is to be done about a pair, the surest last."""

    NEW = 0  #: nothing worth a question
    DOUBTFUL = 1  #: somebody has to decide
    SUGGESTED = 2  #: surely the same, though not written the same
    EXACT = 3  #: the same name or e-mail address, trimmed and ignoring case (ruling D10)


class Reason(StrEnum):
    """Why two parties look like the same one, or do not, in words for a chip."""

    SAME_NAME = "same name"
    SAME_EMAIL = "same e-mail"
    SAME_VAT_NUMBER = "same VAT number"
    SAME_COMPANY_NUMBER = "same company number"
    SAME_POSTCODE = "same postcode"
    CASE = "differs only by case"
    SPACING = "differs only by spacing"
    PUNCTUATION = "differs only by punctuation"
    ACCENTS = "differs only by accents"
    AMPERSAND = "differs only by & and “and”"
    FORM_SPELLING = "differs only by Ltd and Limited"
    FORM_MISSING = "differs only by the company form"
    LEADING_THE = "differs only by “The”"
    ABBREVIATION = "differs only by an abbreviation"
    TITLE = "differs only by a title"
    ORDER = "same words in another order"
    ONE_LETTER = "one letter differs"
    TRADING_NAME = "trades under this name"
    SIMILAR_NAME = "similar name"
    OTHER_FORM = "another company form"
    SHARED_EMAIL = "same e-mail, but used by several"
    OTHER_VAT_NUMBER = "another VAT number"
    OTHER_COMPANY_NUMBER = "another company number"
    OTHER_POSTCODE = "another postcode"
    SEVERAL = "more than one fits"

    @property
    def is_against(self) -> bool:
        """Whether it speaks against the two being the same."""
        return self in _AGAINST


_AGAINST = {
    Reason.OTHER_FORM,
    Reason.SHARED_EMAIL,
    Reason.OTHER_VAT_NUMBER,
    Reason.OTHER_COMPANY_NUMBER,
    Reason.OTHER_POSTCODE,
    Reason.SEVERAL,
}
