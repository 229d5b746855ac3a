"""What the client chooses: one package, add-ons, and who may choose."""

from decimal import Decimal

import pytest

from practices.tenancy import practice_scope
from proposals import errors
from proposals.choices import Choice
from proposals.links import public_path
from proposals.models import ProposalGroup, ProposalLine, ProposalOption
from proposals.operations import send_proposal
from tests.factories import TODAY
from tests.integration.proposals.offers import ON_COMPLETION, a_client, a_draft, a_line, as_it_is, sign
from tests.integration.proposals.test_public_pages import form_of, text_of


def with_packages(*signatories: str, on=TODAY):
    """A sent offer: £100 for everybody, package Basic or Full (£500), and an add-on of £40."""
    draft = a_draft(a_line(price="100"), client=a_client(*(signatories or ("Mara Hill",))), on=on)
    basic, full = (
        ProposalOption.objects.create(proposal=draft, name=name, position=position)
        for position, name in enumerate(("Basic", "Full"))
    )
    for option, name, price in ((basic, "Books", "200"), (full, "Everything", "500")):
        _add(draft, option, name, price)
    _add(draft, None, "Payroll", "40", is_optional=True, is_taken=False)
    return send_proposal(draft, on=on), basic, full


def _add(draft, option, name, price, **values):
    group = ProposalGroup.objects.create(proposal=draft, heading=name, option=option, position=5)
    line = a_line(name=name, price=price, **values)
    line.proposal, line.group, line.position = draft, group, 9
    line.save()


def add_on() -> ProposalLine:
    return ProposalLine.objects.get(is_optional=True)


def test_g10_the_first_signatory_has_to_choose_a_package(brook):
    with practice_scope(brook.pk):
        proposal, *_ = with_packages()
        with pytest.raises(errors.ChoiceMissing):
            sign(proposal)


def test_g10_g11_what_the_first_signatory_chose_is_agreed(brook):
    with practice_scope(brook.pk):
        proposal, _, full = with_packages()
        sign(proposal, choice=Choice(full.pk, frozenset({add_on().pk})))
        agreed = {line.name for line in ProposalLine.objects.agreed()}
        assert agreed == {"Bookkeeping", "Everything", "Payroll"}
        assert as_it_is(proposal).chosen_option == full


def test_g27_only_the_first_signatory_chooses(brook):
    with practice_scope(brook.pk):
        proposal, basic, full = with_packages("Mara Hill", "Noor Aziz")
        with pytest.raises(errors.NotYourTurn):
            sign(proposal, 1, choice=Choice(full.pk))
        sign(proposal, choice=Choice(basic.pk))
        sign(proposal, 1, choice=Choice(full.pk, frozenset({add_on().pk})))
        assert as_it_is(proposal).chosen_option == basic
        assert not add_on().is_taken


def test_what_is_not_offered_is_not_agreed(brook):
    with practice_scope(brook.pk):
        proposal, basic, _ = with_packages()
        fixed = ProposalLine.objects.get(name="Bookkeeping")
        for choice in (Choice(basic.pk + 99), Choice(basic.pk, frozenset({fixed.pk}))):
            with pytest.raises(errors.UnknownChoice):
                sign(proposal, choice=choice)


def test_g42_the_page_compares_packages_and_recalculates_without_a_script(client, brook):
    with practice_scope(brook.pk):
        proposal, _, full = with_packages(on=brook.today())
        extra = add_on()
    path = public_path(proposal)
    page = client.get(path)
    assert "£360.00 when you accept" in text_of(page)  # (100 + 200) with VAT
    data = form_of(page) | {"option": full.pk, "add_ons": [extra.pk]}
    again = client.post(f"{path}price/", data)
    assert "£768.00 when you accept" in text_of(again)  # (100 + 500 + 40) with VAT
    with practice_scope(brook.pk):
        assert as_it_is(proposal).chosen_option is None
    client.post(f"{path}sign/", data | {"signed_name": "Mara Hill"})
    accepted = client.get(path)
    assert "An invoice for £768.00 follows" in text_of(accepted)
    assert "Books" not in text_of(accepted)
    with practice_scope(brook.pk):
        assert as_it_is(proposal).chosen_option == full


def test_an_add_on_of_another_package_is_left_out_of_the_total(client, brook):
    with practice_scope(brook.pk):
        proposal, basic, _ = with_packages(on=brook.today())
    page = client.post(f"{public_path(proposal)}price/", {"option": basic.pk, "add_ons": ["1", "x"]})
    assert page.status_code == 200
    assert "£360.00 when you accept" in text_of(page)


def test_g12_g56_a_deposit_is_due_on_acceptance_and_open_prices_say_so(client, brook):
    with practice_scope(brook.pk):
        line = a_line(ON_COMPLETION, price="500", deposit=Decimal(100), billing_basis="minimum")
        proposal = send_proposal(a_draft(line, on=brook.today()), on=brook.today())
    text = text_of(client.get(public_path(proposal)))
    assert "£120.00 when you accept" in text
    assert "£480.00" in text
    assert "Price to be confirmed. At least £500.00" in text


def test_g15_the_preview_shows_services_packages_and_letter_as_the_client_sees_them(client_of, brook):
    with practice_scope(brook.pk):
        proposal, *_ = with_packages(on=brook.today())
    text = text_of(client_of("alice").get(f"/p/brook-co/proposals/{proposal.pk}/preview/"))
    for words in ("Bookkeeping", "Basic", "Full", "Payroll", "Dear Mara Hill"):
        assert words in text
