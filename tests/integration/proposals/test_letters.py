"""The engagement letter: its parts and their versions, placeholders, what is sent and what keeps it from being sent."""

import re

import pytest

from practices.letterhead import profile_of
from practices.operations import amend_profile
from practices.tenancy import practice_scope
from proposals import errors
from proposals.copies import proposal_pdf_of
from proposals.letters import OFFERED, USUALLY_TOLD, letter_values, not_told
from proposals.models import BrochureBlock, Proposal, ProposalLetter, Terms
from proposals.operations import send_proposal
from proposals.operations.sending import people_to_sign, reasons_not_to_send
from proposals.operations.terms import archive_block, choose_letter, save_block, write_terms
from tests.factories import TODAY
from tests.integration.proposals.offers import a_draft, a_line, a_sent, a_service, as_it_is

Part = Terms.Part


def parts_sent(proposal) -> list[str]:
    return [part["title"] for part in as_it_is(proposal).document["letter"]]


def test_g20_a_proposal_goes_out_with_the_parts_of_the_letter_in_order(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        assert parts_sent(proposal) == [
            "Covering letter",
            "Schedule of services",
            "Fees and payment",
            "Standard terms",
            "Privacy notice",
        ]
        cover = proposal.document["letter"][0]["body"]
        assert "Dear Mara Hill," in cover
        assert "Brook &amp; Co to act for Acme Dental Ltd" in cover
        assert "{{" not in str(proposal.document["letter"])


def test_g20_a_sent_proposal_keeps_its_version_when_the_part_is_edited(brook, cast):
    with practice_scope(brook.pk):
        proposal = a_sent()
        write_terms("Fees are cheap", by=cast.alice, part=Part.FEES)
        later = a_sent()
        versions = [
            {part["part"]: part["version"] for part in as_it_is(each).document["letter"]}["fees"]
            for each in (proposal, later)
        ]
        assert versions == [1, 2]
        assert "cheap" not in str(as_it_is(proposal).document)


def test_g21_the_terms_of_a_service_go_out_only_where_it_is_offered(brook, cast):
    with practice_scope(brook.pk):
        write_terms("We run payroll", by=cast.alice, part=Part.SERVICE, service=a_service("Payroll"))
        without, with_it = a_sent(a_line()), a_sent(a_line(), a_line(name="Payroll"))
        assert "Payroll" not in parts_sent(without)
        assert parts_sent(with_it)[1:3] == ["Schedule of services", "Payroll"]


def test_g21_terms_kept_with_a_service_in_the_library_go_out_until_others_are_written(brook, cast):
    with practice_scope(brook.pk):
        payroll = a_service("Payroll")
        payroll.terms = "Tell us about joiners"
        payroll.save()
        assert "Tell us about joiners" in str(a_sent(a_line(name="Payroll")).document["letter"])
        write_terms("We run payroll", by=cast.alice, part=Part.SERVICE, service=payroll)
        later = str(a_sent(a_line(name="Payroll")).document["letter"])
        assert "We run payroll" in later
        assert "joiners" not in later


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "Complain to {{practice.complaints_officer}}",
            "“Who handles complaints” (practice.complaints_officer) is empty",
        ),
        ("Dear {{client.nme}}", "no placeholder called “client.nme”"),
        ("Dear {{client.name}", "Two braces stand alone"),
        ("Dear {{ <b>client</b>.name }}", "Two braces stand alone"),
        ("{{client.__class__}}", "no placeholder called “client.__class__”"),
    ],
)
def test_g22_a_placeholder_without_value_or_name_blocks_sending_and_is_listed(brook, cast, words, said):
    with practice_scope(brook.pk):
        write_terms(words, by=cast.alice, part=Part.COVER)
        draft = a_draft()
        [reason] = reasons_not_to_send(draft, on=TODAY)
        assert said in reason.message
        assert "Covering letter" in reason.message
        with pytest.raises(errors.LetterIncomplete):
            send_proposal(draft, on=TODAY)


def test_g92_the_profile_feeds_the_letter(brook, cast):
    with practice_scope(brook.pk):
        write_terms("<p>Ring <b>{{practice.complaints_officer}}</b></p>", by=cast.alice, part=Part.FEES)
        profile = profile_of(brook)
        profile.complaints_officer = "Dee <Officer>"
        amend_profile(profile)
        [fees] = [part for part in a_sent().document["letter"] if part["part"] == "fees"]
        assert fees["body"] == "<p>Ring <b>Dee &lt;Officer&gt;</b></p>"


def test_u06_what_clients_are_usually_told_is_asked_for_until_a_part_mentions_it(brook, cast):
    with practice_scope(brook.pk):
        assert len(not_told(brook)) == len(USUALLY_TOLD)
        write_terms(" ".join(f"{{{{{name}}}}}" for name in USUALLY_TOLD), by=cast.alice, part=Part.FEES)
        assert not_told(brook) == []


def test_u07_the_right_to_cancel_goes_out_only_where_it_is_chosen(brook):
    with practice_scope(brook.pk):
        plain, chosen = a_draft(), a_draft()
        choose_letter(chosen, has_right_to_cancel=True, blocks=[])
        assert "Right to cancel" not in parts_sent(send_proposal(plain, on=TODAY))
        sent = send_proposal(chosen, on=TODAY)
        assert parts_sent(sent)[-1] == "Right to cancel"
        assert sent.document["has_right_to_cancel"] is True
        with pytest.raises(errors.NotADraft):
            choose_letter(sent, has_right_to_cancel=False, blocks=[])


def test_an_empty_part_is_left_out(brook, cast):
    with practice_scope(brook.pk):
        write_terms("", by=cast.alice, part=Part.PRIVACY)
        assert "Privacy notice" not in parts_sent(a_sent())


def test_brochure_blocks_go_out_in_the_order_chosen_and_keep_their_words(brook):
    with practice_scope(brook.pk):
        us = save_block(BrochureBlock(title="About us", body="We are {{practice.name}}<script>x</script>"))
        team = save_block(BrochureBlock(title="Our team", body="Six people"))
        draft = a_draft()
        choose_letter(draft, has_right_to_cancel=False, blocks=[team, us])
        archive_block(us)
        sent = send_proposal(draft, on=TODAY)
        assert [block["title"] for block in sent.document["brochure"]] == ["Our team", "About us"]
        assert sent.document["brochure"][1]["body"] == "<p>We are Brook &amp; Co</p>"


def test_every_placeholder_of_a_letter_has_a_value(brook):
    with practice_scope(brook.pk):
        draft = a_draft()
        assert letter_values(draft, people_to_sign(draft), on=TODAY).keys() == OFFERED.keys()


def test_a_hundred_thousand_letters_of_terms_are_taken_and_more_are_refused(client_of, brook):
    """Long terms are sent and printed; beyond the limit the page says so and keeps what was there."""
    browser, address = client_of("alice"), "/p/brook-co/proposals/letter/fees/"
    assert browser.post(address, {"body": "word " * 19_999}).status_code == 303
    assert browser.post(address, {"body": "x" * 100_001}).status_code == 422
    with practice_scope(brook.pk):
        sent = a_sent()
        assert proposal_pdf_of(sent, now=sent.sent_at).startswith(b"%PDF")


def test_script_in_a_letter_is_harmless_on_every_page(client_of, brook):
    """Attacks 42 and 44."""
    browser = client_of("alice")
    attack = '<p onclick="x()">Hi<script>alert(1)</script><img src=x onerror=alert(1)></p>'
    browser.post("/p/brook-co/proposals/letter/fees/", {"body": attack})
    with practice_scope(brook.pk):
        draft = a_draft()
        # Even what somebody wrote straight into the database is cleaned on its way out.
        Terms.objects.filter(part="cover").update(body=attack)
    for page in (f"/p/brook-co/proposals/{draft.pk}/letter/", "/p/brook-co/proposals/letter/cover/"):
        text = browser.get(page).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<p onclick" not in text


def test_the_pages_of_the_letter_save_show_and_refuse(client_of, brook):
    browser = client_of("alice")
    assert browser.get("/p/brook-co/proposals/letter/").status_code == 200
    answer = browser.post("/p/brook-co/proposals/letter/cover/", {"body": "Dear {{nobody}}"})
    assert answer.status_code == 422
    assert "nobody" in answer.content.decode()
    assert browser.get("/p/brook-co/proposals/letter/nothing/").status_code == 404
    assert browser.get("/p/brook-co/proposals/letter/service/").status_code == 404
    browser.post("/p/brook-co/proposals/letter/blocks/new/", {"title": "About us", "body": "Hello"})
    with practice_scope(brook.pk):
        block, draft = BrochureBlock.objects.get(), a_draft()
    letter = f"/p/brook-co/proposals/{draft.pk}/letter/"
    assert browser.post(letter, {"has_right_to_cancel": "on", "blocks": [block.pk]}).status_code == 303
    page = browser.get(letter).content.decode()
    assert "Hello" in page
    assert "Right to cancel" in page
    with practice_scope(brook.pk):
        assert ProposalLetter.objects.get().has_right_to_cancel


def test_a_proposal_is_printed_in_every_state(client_of, brook):
    with practice_scope(brook.pk):
        draft, sent = a_draft(), a_sent()
    for proposal in (draft, sent):
        answer = client_of("alice").get(f"/p/brook-co/proposals/{proposal.pk}/proposal.pdf")
        assert answer.content.startswith(b"%PDF")
        assert re.search(r'filename="P-000\d.pdf"', answer.headers["Content-Disposition"])
    with practice_scope(brook.pk):
        sent = Proposal.objects.get(pk=sent.pk)
        assert proposal_pdf_of(sent, now=sent.sent_at) == proposal_pdf_of(sent, now=sent.decided_at)


def test_empty_lists_beside_the_letter_lead_on(client_of, brook):
    page = client_of("alice").get("/p/brook-co/proposals/letter/").text
    for words in ("Open the starter catalogue", "/services/starters/", "No brochure blocks yet"):
        assert words in page
    assert page.count("/proposals/letter/blocks/new/") == 2
    assert "<li>Who handles complaints</li>" in page


def test_starter_wording_saved_as_it_stands_is_the_practices_own(client_of, brook, cast):
    browser, address = client_of("alice"), "/p/brook-co/proposals/letter/fees/"
    page = browser.get(address).text
    assert "Save as reviewed" in page
    assert "Changes are not saved yet" not in page
    with practice_scope(brook.pk):
        starter = Terms.objects.get(part=Part.FEES)
    assert browser.post(address, {"body": starter.body}).status_code == 303
    with practice_scope(brook.pk):
        saved = Terms.objects.filter(part=Part.FEES).first()
        assert (saved.version, saved.body, saved.written_by) == (2, starter.body, cast.alice)
    assert "Changes are not saved yet" in browser.get(address).text


def test_what_has_no_words_yet_is_saved_by_a_button_that_is_always_there(client_of, brook):
    with practice_scope(brook.pk):
        payroll = a_service("Payroll")
    terms = client_of("alice").get(f"/p/brook-co/proposals/letter/service/{payroll.pk}/").text
    block = client_of("alice").get("/p/brook-co/proposals/letter/blocks/new/").text
    for page in (terms, block):
        assert 'data-kind="primary"' in page
        assert "Changes are not saved yet" not in page
    assert "<title>Terms of Payroll" in terms
