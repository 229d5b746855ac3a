"""What speaks for two parties being the same one, and what against it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import IntEnum

from rapidfuzz.distance import OSA

from clients.likeness.lookalikes import LONG, is_a_slip
from clients.likeness.names import TELLING_NOTHING, Name, read_name
from clients.likeness.reasons import Reason, Verdict
from clients.likeness.writing import differs_by

#: From here on two names are like enough to be asked about.
SIMILAR = 0.8


@dataclass(frozen=True)
class Party:
    """A client or a contact as far as it can be compared; ``key`` says whose it is and is not compared."""

    key: Hashable
    name: str
    emails: tuple[str, ...] = ()
    postal_code: str = ""
    vat_number: str = ""
    company_number: str = ""
    #: A human being, where that is known: then a limited company of the same name is somebody else.
    is_person: bool = False
    read: Name = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        emails = dict.fromkeys(each for raw in self.emails if (each := raw.strip().casefold()))
        for name, value in (
            ("read", read_name(self.name)),
            ("emails", tuple(emails)),
            ("postal_code", "".join(self.postal_code.upper().split())),
            ("vat_number", _number(self.vat_number).removeprefix("GB")),
            ("company_number", _number(self.company_number).lstrip("0")),
        ):
            object.__setattr__(self, name, value)  # once, while it is made


def _number(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


@dataclass(frozen=True)
class Alike:
    """One pair: how alike (the score only orders pairs of one verdict) and why."""

    left: Party
    right: Party
    verdict: Verdict
    reasons: tuple[Reason, ...]
    score: int
    #: Equal by name or e-mail (D10): making a second one of it is warned about, whatever the verdict.
    is_exact: bool


class _Names(IntEnum):
    """How two names stand to each other, with what that counts."""

    UNLIKE = 0
    SIMILAR = 60
    RELATED = 75
    SLIP = 90
    SAME_WORDS = 94
    SAME = 97
    IDENTICAL = 100


def why_alike(
    left: Party,
    right: Party,
    *,
    shared_emails: frozenset[str] = frozenset(),
    is_known_word: Callable[[str], bool] = lambda _: False,
) -> Alike:
    """The pair with its verdict and reasons, as if there were nobody else.

    An address in ``shared_emails`` stands for several parties and so proves nothing (G55); two words that are both
    known are two words, however close their spelling.
    """
    names, reasons = _compare_names(left.read, right.read, is_known_word)
    facts = _facts(left, right, shared_emails)
    verdict = _verdict(names, reasons, facts, left, right)
    same_email = bool(facts & {Reason.SAME_EMAIL, Reason.SHARED_EMAIL})
    in_order = [*reasons, *sorted(facts, key=_PLACE.__getitem__)] if facts else reasons
    return Alike(
        left,
        right,
        verdict,
        tuple(in_order),
        int(names) + sum(_WEIGHTS.get(fact, 0) for fact in facts),
        is_exact=names == _Names.IDENTICAL or same_email,
    )


_PLACE = {reason: place for place, reason in enumerate(Reason)}
_WEIGHTS = {
    Reason.SAME_COMPANY_NUMBER: 30,
    Reason.SAME_VAT_NUMBER: 20,
    Reason.SAME_EMAIL: 20,
    Reason.SAME_POSTCODE: 10,
    Reason.OTHER_COMPANY_NUMBER: -30,
    Reason.OTHER_VAT_NUMBER: -20,
    Reason.OTHER_POSTCODE: -5,
}


def _facts(left: Party, right: Party, shared: frozenset[str]) -> set[Reason]:
    facts = set()
    common = set(left.emails) & set(right.emails)
    if common:
        facts.add(Reason.SAME_EMAIL if common - shared else Reason.SHARED_EMAIL)
    for ours, theirs, same, other in (
        (left.vat_number, right.vat_number, Reason.SAME_VAT_NUMBER, Reason.OTHER_VAT_NUMBER),
        (left.company_number, right.company_number, Reason.SAME_COMPANY_NUMBER, Reason.OTHER_COMPANY_NUMBER),
        (left.postal_code, right.postal_code, Reason.SAME_POSTCODE, Reason.OTHER_POSTCODE),
    ):
        if ours and theirs:
            facts.add(same if ours == theirs else other)
    return facts


def _verdict(names: _Names, how: list[Reason], facts: set[Reason], left: Party, right: Party) -> Verdict:
    """What follows from names and facts; the order of these rules is what makes a suggestion trustworthy."""
    other_number = facts & {Reason.OTHER_COMPANY_NUMBER, Reason.OTHER_VAT_NUMBER}
    if Reason.SAME_COMPANY_NUMBER in facts and Reason.OTHER_VAT_NUMBER not in facts:
        return Verdict.EXACT if names == _Names.IDENTICAL else Verdict.SUGGESTED
    if other_number:
        related = names >= _Names.RELATED or facts & {Reason.SAME_EMAIL, Reason.SHARED_EMAIL}
        return Verdict.DOUBTFUL if related or Reason.SAME_VAT_NUMBER in facts else Verdict.NEW
    if names == _Names.IDENTICAL:
        return Verdict.EXACT
    if Reason.SAME_EMAIL in facts:
        return Verdict.EXACT if _may_share_an_address(names, left.read, right.read) else Verdict.DOUBTFUL
    if _same_by_name(names, how, facts, left, right):
        return Verdict.SUGGESTED
    worth_asking = names >= _Names.SIMILAR or facts & {Reason.SAME_VAT_NUMBER, Reason.SHARED_EMAIL}
    return Verdict.DOUBTFUL if worth_asking else Verdict.NEW


def _may_share_an_address(names: _Names, left: Name, right: Name) -> bool:
    """An address unique on both sides decides, unless the names say it is a sister company or a second trade."""
    return names >= _Names.SLIP or not set(left.words) & set(right.words) - TELLING_NOTHING


def _same_by_name(names: _Names, how: list[Reason], facts: set[Reason], left: Party, right: Party) -> bool:
    elsewhere = Reason.OTHER_POSTCODE in facts
    if names >= _Names.SAME_WORDS:
        if Reason.FORM_MISSING not in how:
            return True
        a_person = left.is_person or right.is_person or left.read.may_be_a_person
        return not (elsewhere or a_person)
    confirmed = bool(facts & {Reason.SAME_POSTCODE, Reason.SAME_VAT_NUMBER})
    if names == _Names.SLIP:
        return confirmed or not elsewhere
    return confirmed and names == _Names.RELATED and Reason.ONE_LETTER in how


def _compare_names(
    left: Name, right: Name, is_known_word: Callable[[str], bool]
) -> tuple[_Names, list[Reason]]:
    if not (left.exact and right.exact):
        return _Names.UNLIKE, []
    if left.exact == right.exact:
        return _Names.IDENTICAL, [Reason.SAME_NAME]
    if not (left.key and right.key):
        return _Names.UNLIKE, []
    if left.key == right.key:
        return _same_key(left, right)
    if sorted(left.words) == sorted(right.words):
        names = _Names.SAME_WORDS if len(left.words) > 2 and left.form == right.form else _Names.RELATED
        return names, [Reason.ORDER]
    if left.trading_as in {right.key, right.trading_as} - {""} or right.trading_as == left.key:
        return _Names.RELATED, [Reason.TRADING_NAME]
    if OSA.distance(left.key, right.key, score_cutoff=1) <= 1:
        return _one_letter_apart(left, right, is_known_word)
    return (_Names.SIMILAR, [Reason.SIMILAR_NAME]) if _similar(left, right) else (_Names.UNLIKE, [])


def _same_key(left: Name, right: Name) -> tuple[_Names, list[Reason]]:
    if left.form and right.form and left.form != right.form:
        return _Names.RELATED, [Reason.OTHER_FORM]
    if left.title and right.title and left.title != right.title:
        return _Names.RELATED, [Reason.TITLE]
    reasons = differs_by(left, right)
    return (_Names.SAME_WORDS if Reason.FORM_MISSING in reasons else _Names.SAME), reasons


def _one_letter_apart(
    left: Name, right: Name, is_known_word: Callable[[str], bool]
) -> tuple[_Names, list[Reason]]:
    names = _Names.SLIP if _a_slip_in(left, right, is_known_word) else _Names.RELATED
    return names, [Reason.ONE_LETTER]


def _a_slip_in(left: Name, right: Name, is_known_word: Callable[[str], bool]) -> bool:
    """Whether the one letter that differs is surely a slip: see `lookalikes`."""
    if left.form != right.form or left.title != right.title:
        return False
    if len(left.words) != len(right.words):
        return len(left.key) >= LONG + 3 and is_a_slip(left.key, right.key, alone=True)
    different = [pair for pair in zip(left.words, right.words, strict=True) if pair[0] != pair[1]]
    if len(different) != 1:
        return False
    ((ours, theirs),) = different
    rest = sum(len(word) for word in left.words) - len(ours)
    if is_known_word(ours) and is_known_word(theirs):
        return False
    return is_a_slip(ours, theirs, alone=rest < 3)


def _similar(left: Name, right: Name) -> bool:
    """Worth asking about: most letters in common, one name within the other, or an initial for a given name."""
    if OSA.normalized_similarity(left.key, right.key, score_cutoff=SIMILAR) >= SIMILAR:
        return True
    ours, theirs = set(left.words) - TELLING_NOTHING, set(right.words) - TELLING_NOTHING
    if ours <= theirs or theirs <= ours:
        return sum(len(word) for word in ours & theirs) >= 5
    return _initials_fit(left.words, right.words)


def _initials_fit(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """J Smith Plumbing and John Smith Plumbing."""
    if len(left) != len(right) or len(left) < 2 or left[1:] != right[1:]:
        return False
    shorter, longer = sorted((left[0], right[0]), key=len)
    return len(shorter) == 1 and longer.startswith(shorter)
