"""The proposal as its client will see it, in frames beside the editor."""

import re

from practices.tenancy import practice_scope
from proposals.links import public_path
from tests.integration.proposals.offers import MONTHLY, a_draft, a_line, a_sent, as_it_is


def summary_of(page) -> str:
    """What the page says first, in words."""
    section = page.text.partition('aria-label="Summary"')[2].partition("</section>")[0].partition(">")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


def test_g15_the_preview_alone_may_stand_in_a_frame_of_ours(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft()
    browser = client_of("alice")
    preview = browser.get(f"/p/brook-co/proposals/{draft.pk}/preview/?framed=1")
    assert preview.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in preview.headers["Content-Security-Policy"]
    for other in ("", "edit/", "edit/presentation/"):
        page = browser.get(f"/p/brook-co/proposals/{draft.pk}/{other}")
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_g15_a_saved_switch_loads_the_preview_again(client_of, brook):
    with practice_scope(brook.pk):
        draft = a_draft()
    answer = client_of("alice").post(
        f"/p/brook-co/proposals/{draft.pk}/edit/presentation/",
        {"version": draft.version, "shows_prices": "on"},
        headers={"HX-Request": "true"},
    )
    with practice_scope(brook.pk):
        assert f"?framed={as_it_is(draft).version}" in answer.content.decode()


def test_the_preview_begins_as_the_page_of_the_client_does(client, client_of, brook):
    with practice_scope(brook.pk):
        sent = a_sent(a_line(price="250"), a_line(MONTHLY), on=brook.today(), message="Good morning")
    theirs = client.get(public_path(sent))
    preview = client_of("alice").get(f"/p/brook-co/proposals/{sent.pk}/preview/")
    assert summary_of(preview) == summary_of(theirs)
    for words in ("£300.00 when you accept", "£250.00 and £50.00 VAT", "You can sign until"):
        assert words in summary_of(preview)
    for page in (theirs, preview):
        assert page.text.index("You can sign until") < page.text.index("Good morning")
        assert page.text.index("Good morning") < page.text.index('id="services"')
