"""Pages that the walk along the links does not meet: an uplift looked at and planned, and clients to be ticked."""

from datetime import timedelta

from playwright.sync_api import expect

from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from proposals.operations.templates import keep_template
from tests.browser.soundness import findings_on
from tests.integration.invoicing.documents import MONTHLY, a_schedule
from tests.integration.proposals.offers import a_client, a_draft


def test_an_uplift_is_looked_at_planned_and_undone_on_sound_pages(brook, alice):
    with practice_scope(brook.pk):
        keep_template(a_draft(client=a_client("Ann Bee", name="Bee Ltd")), name="Company")
        a_schedule(MONTHLY, client=a_client("Mara Hill"), on=brook.today(), starts_on=brook.today())
        day = brook.today() + timedelta(days=60)
    found = {}

    def look(name: str, answer) -> None:
        if answer and (findings := findings_on(alice, answer.text())):
            found[name] = findings

    for page in (
        "proposals/",
        "proposals/bulk/",
        "proposals/pipeline/",
        "billing/uplifts/",
        "services/import/",
        "services/",
    ):
        look(page, alice.goto(f"/p/{brook.slug}/{page}"))
    query = f"title=April&percent=5&rounding=0.01&effective_on={day:%Y-%m-%d}&tells=on&notice=As+said"
    look("effect", alice.goto(f"/p/{brook.slug}/billing/uplifts/new/?{query}"))
    expect(alice.locator("#effect")).to_contain_text("£105.00")
    alice.get_by_role("button", name="Plan it").click()
    run_jobs(brook.pk)
    look("uplift", alice.reload())
    expect(alice.locator("main")).to_contain_text("To 1 address")
    alice.get_by_role("button", name="Undo it").click()
    alice.get_by_role("button", name="Undo the uplift").click()
    expect(alice.locator("main")).to_contain_text("Undone")
    assert found == {}
