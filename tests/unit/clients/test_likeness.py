"""What counts as the same client, on names labelled by hand and rule by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.likeness import Party, Reason, Verdict, match, read_name, twins, why_alike
from tests.unit.clients.labelled import labelled


def outcome(left, right):
    """The verdict and the reasons for one against one."""
    (found,) = match([left], [right])
    return found.verdict, found.best.reasons if found.best else ()


def verdict(left, right):
    return outcome(Party(1, left), Party(2, right))[0]


def suggested(matches):
    return {(m.best.right.key, m.left.key) for m in matches if m.verdict >= Verdict.SUGGESTED}


def test_p04_suggestions_for_the_labelled_names_are_right_and_miss_little():
    clients, contacts, same = labelled()
    assert len(clients) + len(contacts) - len(same) >= 290
    found = suggested(match(contacts, clients))
    assert len(found & same) / len(found) >= 0.98
    assert len(found & same) / len(same) >= 0.95


def test_p04_of_the_labelled_names_none_would_be_made_a_second_time():
    clients, contacts, same = labelled()
    partner = {contact: client for client, contact in same}
    for found in match(contacts, clients):
        if found.left.key in partner:
            offered = [candidate.right.key for candidate in found.candidates]
            assert partner[found.left.key] in offered, found.left.name


def test_g54_every_labelled_name_is_full_partly_or_not_matched():
    clients, contacts, _ = labelled()
    verdicts = {found.verdict for found in match(contacts, clients)}
    assert verdicts == set(Verdict)


def test_the_labelled_names_match_the_same_from_either_side():
    clients, contacts, _ = labelled()
    there = suggested(match(contacts, clients))
    back = {(theirs, ours) for ours, theirs in suggested(match(clients, contacts))}
    assert there == back


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ("Tarn Foods Ltd", "Tarn Foods Limited", Reason.FORM_SPELLING),
        ("Tarn Foods", "Tarn Foods Limited", Reason.FORM_MISSING),
        ("Tarn & Fell Foods", "Tarn and Fell Foods", Reason.AMPERSAND),
        ("Tarn foods", "Tarnfoods", Reason.SPACING),
        ("Tarn  Foods", "Tarn Foods", Reason.SPACING),
        ("Tarn's Foods", "Tarns Foods", Reason.PUNCTUATION),
        ("Tàrn Foods", "Tarn Foods", Reason.ACCENTS),
        ("The Tarn Kitchen", "Tarn Kitchen", Reason.LEADING_THE),
        ("Tarn Food Co", "Tarn Food Company", Reason.ABBREVIATION),
        ("Dr Ada Tarn", "Ada Tarn", Reason.TITLE),
        ("Tarn Foods Wholesale", "Wholesale Tarn Foods", Reason.ORDER),
        ("Tarnhowe Foods", "Tarnhwoe Foods", Reason.ONE_LETTER),
    ],
)
def test_a_suggestion_says_in_what_the_names_differ(left, right, reason):
    found, reasons = outcome(Party(1, left), Party(2, right))
    assert (found, reasons) == (Verdict.SUGGESTED, (reason,))


def test_several_differences_are_all_named():
    _, reasons = outcome(Party(1, "TARN & FELL LTD"), Party(2, "Tarn and Fell Limited"))
    assert set(reasons) == {Reason.FORM_SPELLING, Reason.AMPERSAND, Reason.CASE}


def test_f40_the_same_name_or_the_same_address_is_exact_and_neither_is_not():
    client = Party("C7", "Tarn Foods", emails=("office@tarn.example",))
    assert (
        outcome(Party("S3", "Something Else", emails=(" OFFICE@tarn.example ",)), client)[0] == Verdict.EXACT
    )
    assert outcome(Party("S3", " TARN FOODS ", emails=("x@else.example",)), client)[0] == Verdict.EXACT
    assert outcome(Party("S3", "Something Else", emails=("x@else.example",)), client)[0] == Verdict.NEW


def test_f42_ltd_against_limited_is_a_hint_and_blocks_nothing():
    (found,) = match([Party(1, "Acme Co Ltd", emails=("a@a.example",))], [Party(2, "Acme Co Limited")])
    assert found.verdict == Verdict.SUGGESTED
    assert found.exact == []


def test_g55_an_address_used_twice_on_either_side_decides_nothing_but_still_warns():
    contact = Party("S", "Fell Dairy", emails=("books@group.example",))
    ours = [
        Party(n, name, emails=("books@group.example",)) for n, name in enumerate(["Tarn Foods", "Beck Farm"])
    ]
    (found,) = match([contact], ours)
    assert found.verdict == Verdict.DOUBTFUL
    assert {candidate.reasons for candidate in found.candidates} == {(Reason.SHARED_EMAIL,)}
    assert len(found.exact) == 2


def test_d15_two_of_the_same_name_are_never_guessed_between():
    client = Party("C", "Tarn Foods", postal_code="LA22 9AA")
    contacts = [Party("S1", "Tarn Foods", postal_code="LA22 9AA"), Party("S2", "Tarn Foods")]
    for found in match(contacts, [client]):
        assert found.verdict == Verdict.DOUBTFUL
        assert Reason.SEVERAL in found.best.reasons


def test_a_name_that_fits_somebody_else_better_is_not_suggested_twice():
    contacts = [Party("S1", "Tarn Foods Ltd"), Party("S2", "Tarn Foods Limited")]
    first, second = match(contacts, [Party("C", "Tarn Foods Ltd")])
    assert (first.verdict, second.verdict) == (Verdict.EXACT, Verdict.DOUBTFUL)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("vat_number", Reason.OTHER_VAT_NUMBER),
        ("company_number", Reason.OTHER_COMPANY_NUMBER),
    ],
)
def test_another_official_number_makes_even_the_same_name_a_question(field, reason):
    left = Party(1, "Tarn Foods Ltd", **{field: "123456789"})
    found, reasons = outcome(left, Party(2, "Tarn Foods Ltd", **{field: "987654321"}))
    assert found == Verdict.DOUBTFUL
    assert reason in reasons


def test_the_same_company_number_is_the_same_company_whatever_it_is_called():
    left = Party(1, "Tarn Foods Ltd", company_number="01234567")
    found, reasons = outcome(left, Party(2, "Beck Wholesale Ltd", company_number="1234567"))
    assert (found, reasons) == (Verdict.SUGGESTED, (Reason.SAME_COMPANY_NUMBER,))


def test_companies_of_one_vat_group_are_asked_about():
    left = Party(1, "Tarn Foods Ltd", vat_number="GB 123 4567 89")
    found, reasons = outcome(left, Party(2, "Beck Wholesale Ltd", vat_number="123456789"))
    assert (found, reasons) == (Verdict.DOUBTFUL, (Reason.SAME_VAT_NUMBER,))


def test_sister_companies_with_one_address_are_asked_about():
    left = Party(1, "Tarn Holdings Ltd", emails=("tarn@tarn.example",))
    assert outcome(left, Party(2, "Tarn Trading Ltd", emails=("tarn@tarn.example",)))[0] == Verdict.DOUBTFUL


def test_a_person_and_that_persons_company_are_two_until_somebody_says_otherwise():
    assert verdict("Sarah Penhale", "Sarah Penhale Ltd") == Verdict.DOUBTFUL
    person = Party(1, "Penhale Bookkeeping", is_person=True)
    assert outcome(person, Party(2, "Penhale Bookkeeping Ltd"))[0] == Verdict.DOUBTFUL


def test_a_postcode_confirms_a_slip_and_another_one_questions_it():
    def with_postcodes(ours, theirs):
        left = Party(1, "Tarnhowe Foods", postal_code=ours)
        return outcome(left, Party(2, "Tarnhwoe Foods", postal_code=theirs))

    assert with_postcodes("LA22 9AA", "la229aa")[0] == Verdict.SUGGESTED
    found, reasons = with_postcodes("LA22 9AA", "EX1 1AA")
    assert found == Verdict.DOUBTFUL
    assert Reason.OTHER_POSTCODE in reasons


def test_two_spellings_that_are_both_in_use_are_two_words():
    others = [Party(f"o{n}", f"{word} {n} Shop") for n in range(3) for word in ("Harlock", "Harlook")]
    assert verdict("Harlock Farm", "Harlook Farm") == Verdict.SUGGESTED
    (found,) = match([Party("S", "Harlock Farm")], [Party("C", "Harlook Farm"), *others])
    assert found.verdict == Verdict.DOUBTFUL


@pytest.mark.parametrize(
    "name", ["", "   ", "🎂", "&", "Ltd", "The", "t/a", "Limited Ltd", "\u200f\u200e", "," * 300, "x" * 300]
)
def test_names_that_are_hardly_names_are_compared_all_the_same(name):
    assert verdict(name, name) == (Verdict.EXACT if name.strip() else Verdict.NEW)
    assert verdict(name, "Tarn Foods") == Verdict.NEW


def test_marks_of_direction_are_not_letters():
    assert verdict("\u200fTarn Foods\u200e", "Tarn Foods Ltd") == Verdict.SUGGESTED


def test_a_trading_name_is_asked_about():
    assert outcome(Party(1, "Ada Tarn t/a Fell Cakes"), Party(2, "Fell Cakes")) == (
        Verdict.DOUBTFUL,
        (Reason.TRADING_NAME,),
    )


def test_twins_in_one_list_are_each_found_once_the_surest_first():
    parties = [
        Party(n, name) for n, name in enumerate(["Tarn Ltd", "Beck", "Tarn Limited", "tarn ltd", "Fell"])
    ]
    pairs = [(pair.left.key, pair.right.key) for pair in twins(parties)]
    assert pairs == [(0, 3), (0, 2), (2, 3)]


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_written_likeness_is_the_same_both_ways(one, other):
    there, back = why_alike(Party(1, one), Party(2, other)), why_alike(Party(2, other), Party(1, one))
    assert (there.verdict, there.is_exact, there.score) == (back.verdict, back.is_exact, back.score)
    assert set(there.reasons) == set(back.reasons)


@given(st.text(min_size=1, max_size=60))
def test_a_name_can_always_be_read(text):
    name = read_name(text)
    assert name.key == "".join(name.words)
