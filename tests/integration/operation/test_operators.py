"""Operators of the service: they look, they enter one practice at a time, and they are never unseen."""

from datetime import timedelta

import pytest
from django.contrib.admin import ModelAdmin
from django.urls import reverse
from django.utils import timezone

from ignition.demo import stock
from ledger.models import Posting
from ledger.outbox import ledger_settings, mark_failed, request_posting
from practices.isolation import tenant_models
from practices.models import AuditEntry, Membership, OutgoingEmail, User
from practices.operator_site import PracticeRowsAdmin, operators
from practices.operators import SESSION_KEY
from practices.tenancy import practice_scope
from tests.factories import PASSWORD
from tests.integration.practices.test_second_factors import app_set_up, signed_in

REASON = "Ticket 4711: an invoice does not arrive in Sage"


@pytest.fixture
def operator(cast, client, settings):
    """The browser of an operator who is signed in; second factors have a test of their own."""
    settings.OPERATORS_NEED_SECOND_FACTOR = False
    olive = User.objects.create_superuser("olive@service.example", PASSWORD, name="Olive")
    client.force_login(olive)
    client.olive = olive
    return client


@pytest.fixture
def inside(operator, brook):
    """The same browser inside Brook & Co."""
    answer = operator.post(reverse("operator-enter", args=[brook.pk]), {"reason": REASON})
    assert answer.status_code == 303
    return operator


def actions_in(practice) -> list[str]:
    with practice_scope(practice.pk):
        return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def list_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def row_of(model, pk: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_admin_does_not_exist_for_people_of_a_practice(client_of, who):
    for address in ("/admin/", "/admin/health/", list_of(User)):
        assert client_of(who).get(address).status_code == 404, address


def test_the_anonymous_sign_in_by_the_products_own_door(cast, client):
    assert client.get("/admin/").headers["Location"].startswith("/accounts/login/")
    assert client.get("/admin/login/").headers["Location"].startswith("/accounts/login/")


def test_attack_56_an_operator_without_a_second_factor_sees_nothing(cast, client):
    User.objects.filter(pk=cast.alice.pk).update(is_staff=True, is_superuser=True)
    client.force_login(User.objects.get(pk=cast.alice.pk))
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/accounts/second-factor/"
    assert client.get("/admin/health/").headers["Location"] == "/accounts/second-factor/"
    app_set_up(cast.alice.email)
    assert client.get("/admin/health/").status_code == 200


def test_nothing_registered_may_be_added_changed_or_deleted(operator, rf):
    request = rf.get("/")
    request.user, request.session = operator.olive, {}
    assert len(operators._registry) > 15
    for model, admin in operators._registry.items():
        assert isinstance(admin, ModelAdmin)
        allowed = [
            admin.has_add_permission(request),
            admin.has_change_permission(request),
            admin.has_delete_permission(request),
        ]
        assert allowed == [False, False, False], model
        assert "delete_selected" not in admin.get_actions(request), model


def test_every_table_of_a_practice_here_is_closed_outside_one(operator):
    closed = {model for model, admin in operators._registry.items() if isinstance(admin, PracticeRowsAdmin)}
    assert closed == {model for model in operators._registry if model in tenant_models()}
    for model in closed:
        assert operator.get(list_of(model)).status_code == 403, model


def test_inside_a_practice_every_table_opens_and_shows_that_practice_alone(operator, brook, cedar):
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            stock(practice)
    operator.post(reverse("operator-enter", args=[brook.pk]), {"reason": REASON})
    texts = {}
    for model in operators._registry:
        answer = operator.get(list_of(model))
        assert answer.status_code == 200, model
        texts[model.__name__] = answer.content.decode()
        if model in tenant_models():
            with practice_scope(brook.pk):
                first = model._base_manager.values_list("pk", flat=True).first()
            if first:
                assert operator.get(row_of(model, first)).status_code == 200, model
    assert "Harbour Bakery" in texts["Client"]
    assert "Orchard Vets" not in texts["Client"]


def test_attack_56_an_entry_needs_a_reason_and_the_practice_reads_it(operator, brook, cedar, client):
    assert operator.post(reverse("operator-enter", args=[brook.pk]), {"reason": ""}).status_code == 422
    assert "operator.entered" not in actions_in(brook)
    operator.post(reverse("operator-enter", args=[brook.pk]), {"reason": REASON})
    with practice_scope(brook.pk):
        entry = AuditEntry.objects.get(action="operator.entered")
        assert (entry.actor_id, entry.data["reason"]) == (operator.olive.pk, REASON)
    assert "operator.entered" not in actions_in(cedar)


def test_a_visit_ends_by_itself_and_by_leaving(inside, brook, time_machine):
    assert inside.get(list_of(Posting)).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(minutes=61))
    assert inside.get(list_of(Posting)).status_code == 403
    inside.post(reverse("operator-enter", args=[brook.pk]), {"reason": REASON})
    assert inside.post(reverse("operator-leave")).status_code == 303
    assert inside.get(list_of(Posting)).status_code == 403
    assert actions_in(brook)[-1] == "operator.left"


def test_a_visit_is_over_for_somebody_who_is_no_operator_any_more(inside):
    User.objects.filter(pk=inside.olive.pk).update(is_staff=False)
    assert inside.get(list_of(Posting)).status_code == 404


def test_a_failed_posting_is_retried_through_its_operation(inside, brook):
    with practice_scope(brook.pk):
        settings = ledger_settings()
        settings.accepts_postings = True
        settings.save()
        posting = request_posting(Posting.Kind.INVOICE_CREATE, 1, label="INV-000001")
        mark_failed(posting, failure="MappingMissing")
        waiting = request_posting(Posting.Kind.INVOICE_CREATE, 2, label="INV-000002")
    chosen = {"action": "retry", "_selected_action": [posting.pk, waiting.pk]}
    page = inside.post(list_of(Posting), chosen, follow=True).content.decode()
    assert "1 postings are in the queue again" in page
    with practice_scope(brook.pk):
        posting.refresh_from_db()
        assert posting.status == Posting.Status.PENDING
        retried = AuditEntry.objects.filter(action="posting.retried")
        assert [(entry.actor_id, entry.subject_id) for entry in retried] == [(inside.olive.pk, posting.pk)]


def test_mail_is_sent_again_and_a_practice_paused_through_their_operations(inside, brook):
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.create(
            event="x", to="a@b.example", subject="s", text="t", status=OutgoingEmail.Status.FAILED
        )
        settings_pk = ledger_settings().pk
    inside.post(list_of(OutgoingEmail), {"action": "send_again", "_selected_action": [email.pk]})
    inside.post(
        list_of(type(ledger_settings_of(brook))), {"action": "pause", "_selected_action": [settings_pk]}
    )
    assert {"email.sent_again", "ledger.paused"} <= set(actions_in(brook))
    assert ledger_settings_of(brook).paused_at is not None
    inside.post(
        list_of(type(ledger_settings_of(brook))), {"action": "resume", "_selected_action": [settings_pk]}
    )
    assert ledger_settings_of(brook).paused_at is None


def ledger_settings_of(practice):
    with practice_scope(practice.pk):
        return ledger_settings()


def test_attack_22_no_page_here_shows_what_opens_something(inside, brook):
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.create(
            event="x", to="a@b.example", subject="s", text="https://open.example/sesame", html="sesame"
        )
    page = inside.get(row_of(OutgoingEmail, email.pk)).content.decode()
    assert "a@b.example" in page
    assert "sesame" not in page
    assert inside.olive.password not in inside.get(row_of(User, inside.olive.pk)).content.decode()


def looking(browser, person) -> None:
    member = Membership.objects.get(user=person)
    answer = browser.post(reverse("operator-look", args=[member.pk]))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/p/{member.practice.slug}/")


def test_an_operator_looks_at_pages_as_a_member_and_every_page_is_recorded(inside, cast):
    assert inside.get("/p/brook-co/").status_code == 404
    looking(inside, cast.bob)
    page = inside.get("/p/brook-co/clients/").content.decode()
    assert "You look at this page as Bob of Brook &amp; Co" in page
    assert inside.get("/p/brook-co/keys/").status_code in (403, 404)  # Bob is staff
    with practice_scope(cast.brook.pk):
        looked = AuditEntry.objects.filter(action="operator.looked").values_list("actor", "data__path")
        assert (inside.olive.pk, "/p/brook-co/clients/") in looked
        assert not AuditEntry.objects.filter(action="member.signed_in").exists()


def test_looking_changes_nothing(inside, cast):
    looking(inside, cast.alice)
    answer = inside.post("/p/brook-co/clients/new/", {"name": "Forged Ltd", "kind": "company"})
    assert answer.status_code == 403
    assert "nothing can be changed" in answer.content.decode()


def test_a_look_reaches_neither_another_practice_nor_the_members_account(inside, cast):
    looking(inside, cast.alice)
    assert inside.get("/p/cedar-llp/").status_code == 404
    assert cast.alice.email not in inside.get("/accounts/email/").content.decode()


def test_a_look_ends_by_itself_by_stopping_and_with_the_membership(inside, cast, time_machine):
    looking(inside, cast.bob)
    time_machine.move_to(timezone.now() + timedelta(minutes=31))
    assert inside.get("/p/brook-co/").status_code == 404
    looking(inside, cast.bob)
    assert inside.post(reverse("operator-look-end")).status_code == 303
    assert inside.get("/p/brook-co/").status_code == 404
    looking(inside, cast.bob)
    Membership.objects.filter(user=cast.bob).delete()
    assert inside.get("/p/brook-co/").status_code == 404


def test_nobody_looks_without_having_entered_that_practice(operator, inside, cast):
    carol = Membership.objects.get(user=cast.carol)
    assert inside.post(reverse("operator-look", args=[carol.pk])).status_code == 404
    session = inside.session
    del session[SESSION_KEY]
    session.save()
    bob = Membership.objects.get(user=cast.bob)
    assert inside.post(reverse("operator-look", args=[bob.pk])).status_code == 403


def test_the_health_page_shows_what_waits_and_whether_each_part_is_there(operator, brook):
    with practice_scope(brook.pk):
        request_posting(Posting.Kind.INVOICE_CREATE, 1, label="x")
    page = operator.get("/admin/health/").content.decode()
    assert "Brook &amp; Co" in page
    assert page.count("answers") >= 2
    assert "as this version needs it" in page
    assert "Messages in “posting”" in page


def test_the_times_of_a_visit_are_bounded(inside):
    stored = inside.session[SESSION_KEY]
    assert timezone.datetime.fromisoformat(stored["until"]) <= timezone.now() + timedelta(hours=1)


def test_an_operator_signs_somebody_out_everywhere(operator, cast):
    (alice, _), (bob, _) = signed_in(cast.alice.email), signed_in(cast.bob.email)
    assert [browser.get("/p/brook-co/").status_code for browser in (alice, bob)] == [200, 200]
    operator.post(list_of(User), {"action": "sign_out", "_selected_action": [cast.alice.pk]})
    assert [browser.get("/p/brook-co/").status_code for browser in (alice, bob)] == [302, 200]
