"""The last step of the editor: what was looked at before a proposal is sent, and the figures of its lines."""

from datetime import timedelta
from decimal import Decimal

import pytest

from practices.tenancy import practice_scope
from proposals.operations import editing
from tests.integration.proposals.offers import MONTHLY, UPFRONT, a_client, a_draft, a_line
from tests.integration.proposals.test_editor import at


@pytest.fixture
def draft(brook):
    with practice_scope(brook.pk):
        return a_draft(a_line(MONTHLY), on=brook.today())


def test_the_checklist_leads_to_what_has_to_be_mended(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft(client=a_client(), on=brook.today())
    page = client_of("alice").get(at("proposal-check", draft.pk))
    assert f'href="{at("proposal-edit", draft.pk)}#signatories"' in page.text
    assert "Nobody signs for the client" in page.text
    assert "The terms are the starter wording" in page.text


def marks_of(page) -> list[tuple[str, str]]:
    """What the page says of each thing it looked at, and the mark beside it."""
    return [(check["label"], check["state"]) for check in page.context["checks"]]


def test_a_step_with_a_warning_is_not_ticked_off(client_of, brook, draft):
    marks = marks_of(client_of("alice").get(at("proposal-check", draft.pk)))
    assert ("The terms are the starter wording", "warn") in marks
    assert ("Terms", "done") not in marks
    assert ("Client and dates", "done") in marks


def test_the_checklist_counts_services_and_groups(client_of, draft):
    assert "1 service in 1 group" in client_of("alice").get(at("proposal-check", draft.pk)).text


def test_a_start_in_the_past_is_warned_of_where_work_recurs_from_it(client_of, brook):
    with practice_scope(brook.pk):
        today = brook.today()
        late = a_draft(a_line(MONTHLY), on=today, starts_on=today - timedelta(days=100))
        once = a_draft(a_line(UPFRONT), on=today, starts_on=today - timedelta(days=100))
        now = a_draft(a_line(MONTHLY), on=today)
    browser, warning = client_of("alice"), ("It starts in the past", "warn")
    page = browser.get(at("proposal-check", late.pk))
    assert warning in marks_of(page)
    assert "£120.00 is billed first, on" in page.text
    assert f'href="{at("proposal-edit", late.pk)}#id_starts_on"' in page.text
    for other in (once, now):
        assert warning not in marks_of(browser.get(at("proposal-check", other.pk)))


def test_figures_of_a_line_are_written_as_somebody_would_type_them(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(MONTHLY, price="250", quantity=Decimal(12), discount_percent=Decimal("2.5")))
        line = draft.lines.get()
    form = client_of("alice").get(at("line-edit", draft.pk, line.pk)).context["form"]
    shown = [str(form[name].value()) for name in ("unit_price", "quantity", "discount_percent")]
    assert shown == ["250", "12", "2.5"]


def test_a_line_alone_in_its_group_cannot_be_moved(client_of, brook, draft):
    browser, services = client_of("alice"), at("proposal-services", draft.pk)
    assert "Move Bookkeeping up" not in browser.get(services).text
    with practice_scope(brook.pk):
        editing.add_lines(draft.groups.get(), 1, [a_line(name="Second")])
    assert "Move Bookkeeping up" in browser.get(services).text
