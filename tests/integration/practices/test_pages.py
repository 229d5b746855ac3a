"""What every page carries, and what a request may not do."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory

from practices.errors import DomainError
from practices.middleware import PracticeMiddleware
from practices.models import AuditEntry
from practices.security import sign_in_hosts
from practices.tenancy import practice_scope


def test_pages_forbid_inline_script_and_other_origins(client_of):
    answer = client_of("alice").get("/p/brook-co/")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Request-Id"]


def test_a_page_holds_no_inline_script_or_style(client_of):
    for address in ("/p/brook-co/", "/p/brook-co/clients/new/", "/p/brook-co/settings/team/"):
        page = client_of("alice").get(address).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert "onclick" not in page
        assert "<script>" not in page


def test_a_change_without_the_csrf_token_is_refused_in_words(cast):
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(cast.alice)
    answer = browser.post("/p/brook-co/settings/save/", {"name": "Evil"})
    assert answer.status_code == 403
    assert "nothing was changed" in answer.content.decode()


def test_an_unknown_practice_looks_like_a_foreign_one(client_of):
    browser = client_of("carol")
    foreign, unknown = browser.get("/p/brook-co/"), browser.get("/p/nobody/")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content.replace(b"brook-co", b"nobody") == unknown.content


def test_the_front_door_leads_to_the_only_practice(client_of):
    assert client_of("alice").get("/").headers["Location"] == "/p/brook-co/"


def test_a_failing_view_leaves_no_row(cast, brook):
    def view(request) -> HttpResponse:
        AuditEntry.objects.create(action="half", subject_type="x.y", subject_id=1)
        raise ZeroDivisionError

    request = RequestFactory().get("/p/brook-co/")
    request.user, request.session = cast.alice, {"practices": [cast.brook.pk]}
    with pytest.raises(ZeroDivisionError):
        PracticeMiddleware(view)(request)
    with practice_scope(brook.pk):
        assert not AuditEntry.objects.filter(action="half").exists()


def test_a_request_leaves_no_practice_on_its_connection(client_of):
    client_of("alice").get("/p/brook-co/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('ignition.practice_id', true)")
        assert not cursor.fetchone()[0]


def test_an_anonymous_visitor_is_asked_to_sign_in_and_comes_back(cast):
    request = RequestFactory().get("/p/brook-co/clients/?q=x")
    request.user = AnonymousUser()
    answer = PracticeMiddleware(lambda _: HttpResponse())(request)
    assert answer.headers["Location"] == "/accounts/login/?next=/p/brook-co/clients/%3Fq%3Dx"


def test_a_broken_rule_on_a_get_is_a_page_with_its_message(cast):
    request = RequestFactory().get("/p/brook-co/")
    request.user, request.session = cast.alice, {"practices": [cast.brook.pk]}
    answer = PracticeMiddleware(lambda _: HttpResponse()).process_exception(
        request, DomainError(message="No.")
    )
    assert answer.status_code == 409
    assert "No." in answer.content.decode()


def test_health_answers_without_signing_in(db, client):
    assert client.get("/healthz").json() == {"ok": True}


@pytest.mark.parametrize(
    "address", ["/p/brook-co/clients/?q=a%00b", "/p/br%00ok/", "/p/brook-co/search/?q=%00"]
)
def test_a_nul_in_an_address_is_a_clear_page(client_of, address):
    assert client_of("alice").get(address).status_code == 400


def test_a_nul_in_a_form_is_refused_by_the_form(client_of):
    answer = client_of("alice").post(
        "/p/brook-co/settings/save/", {"name": "Bro\x00ok", "country": "GB", "invoice_day": "1"}
    )
    assert answer.status_code == 422


def test_a_refused_method_is_answered_in_words(client_of):
    answer = client_of("alice").get("/p/brook-co/settings/save/")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "nothing was changed" in answer.content.decode()


def test_a_form_may_end_at_each_host_that_sages_sign_in_passes():
    assert sign_in_hosts("http://127.0.0.1:8900/oauth2/auth/central") == "http://127.0.0.1:8900"
    own = sign_in_hosts("https://www.sageone.com/oauth2/auth/central")
    assert own == "https://www.sageone.com https://*.sageone.com https://*.sage.com"


def test_a_wrong_address_inside_a_practice_gets_our_own_page(client_of):
    answer = client_of("alice").get("/p/brook-co/no-such-page/")
    assert answer.status_code == 404
    assert "Ignition" in answer.content.decode()
    assert "urlpatterns" not in answer.content.decode()
