"""The whole way of an engagement: draft, review of its letter, sending, two signatures, and the evidence checked."""

from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import expect

from practices.tenancy import practice_scope
from proposals.evidence import faults_of
from proposals.links import public_url
from tests.browser.conftest import PHONE
from tests.browser.messages import link_in_newest_message
from tests.browser.soundness import findings_on
from tests.integration.proposals.offers import MONTHLY, a_client, a_draft, a_line
from tests.integration.proposals.test_choices import with_packages


def test_a_draft_is_reviewed_sent_signed_by_two_people_and_its_evidence_verified(brook, alice, visitor):
    with practice_scope(brook.pk):
        client = a_client("Mara Hill", "Noor Aziz")
        draft = a_draft(a_line(price="250"), a_line(MONTHLY), client=client, on=brook.today())
    page = f"/p/{brook.slug}/proposals/{draft.pk}/"
    alice.goto(f"{page}letter/")
    expect(alice.locator("main")).to_contain_text("Dear Mara Hill,")
    alice.get_by_label("Include the right to cancel").check()
    alice.get_by_role("button", name="Save", exact=True).click()
    expect(alice.locator("main")).to_contain_text("Right to cancel")
    alice.goto(page)
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.get_by_role("button", name="Send again")).to_be_visible()

    mara = visitor(**PHONE)
    mara.goto(link_in_newest_message(alice))
    expect(mara.get_by_role("heading", level=1)).to_contain_text("£300.00 when you accept")
    draw_on(mara)
    mara.get_by_label("Type your full name to sign").fill("Mara Hill")
    mara.get_by_role("button", name="Sign and accept").click()
    expect(mara.locator("#sign")).to_contain_text("You have signed")

    noor = visitor(**PHONE, java_script_enabled=False)
    noor.goto(link_in_newest_message(alice))
    expect(noor.locator("#signed")).to_contain_text("Mara Hill")
    noor.get_by_label("Type your full name to sign").fill("Noor Aziz")
    noor.get_by_role("button", name="Sign and accept").click()
    expect(noor.get_by_role("heading", level=1)).to_have_text("You have accepted this proposal")
    expect(noor.locator("#signed .drawing")).to_be_visible()

    alice.goto(page)
    with alice.expect_download() as download:
        alice.get_by_role("link", name="Evidence file").click()
    content = Path(download.value.path()).read_bytes()
    assert faults_of(content) == []
    assert faults_of(content.replace(b"Noor", b"Nora", 1))


def draw_on(page):
    """One stroke across the signature field."""
    pad = page.locator(".signature-pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 20, middle)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 20 + step * 25, middle + (step % 2) * 20)
    page.mouse.up()


def test_the_page_with_packages_and_the_one_of_an_old_link_are_sound(brook, visitor, watch):
    """What the walk along the links does not meet: a choice to make, somebody else's turn, a link that ran out."""
    with practice_scope(brook.pk):
        proposal, *_ = with_packages("Mara Hill", "Noor Aziz", on=brook.today())
        links = [public_url(proposal, signatory.person) for signatory in proposal.signatories.all()]
        proposal.link_expires_at = timezone.now() - timedelta(minutes=1)
        links.append(public_url(proposal))
    page, found = visitor(), {}
    for address in links:
        answer = page.goto(address)
        if findings := findings_on(page, answer.text()):
            found[address] = findings
    watch.expect_refusals(410)
    assert found == {}
