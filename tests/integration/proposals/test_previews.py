"""The proposal as its client will see it, in frames beside the editor."""

from practices.tenancy import practice_scope
from tests.integration.proposals.offers import a_draft, as_it_is


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
