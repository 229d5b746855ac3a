"""What messages say: the usual words, a practice's own, and how both are written."""

import pytest

from practices.letterhead import PRACTICE_PLACEHOLDERS, brand_of, practice_values, profile_of
from practices.mail import File, StillOnItsWay, queue_message, send_again
from practices.mail_kinds import MailKind, describe, internal_kinds, kinds
from practices.models import AuditEntry, MailWording, OutgoingEmail
from practices.operations import amend_profile, write_wording
from practices.tenancy import practice_scope

GREETING = MailKind(
    key="tests/greeting",
    name="A greeting",
    to="a client",
    subject="Hello {{client.name}}",
    body="Dear {{client.name}},\n\nRing {{practice.phone}}.\n\n{{practice.name}}",
    button="Open",
    placeholders={"client.name": "Client name"},
    example={"client.name": "Acme"},
)
ADDRESS = "/p/brook-co/settings/wording/tests/greeting/"


@pytest.fixture(autouse=True)
def greeting():
    describe(GREETING)


def greet(practice, *, name="Acme & Sons <b>", event="greeting:1", **options) -> OutgoingEmail:
    with practice_scope(practice.pk):
        return queue_message("a@acme.example", GREETING, {"client.name": name}, event=event, **options)


def test_a_message_has_a_subject_a_text_and_an_html_part_in_the_practices_name_and_colour(brook):
    with practice_scope(brook.pk):
        profile = profile_of(brook)
        profile.brand_colour, profile.reply_to, profile.phone = (
            "#1f4e8c",
            "hello@brook.example",
            "0113 496 0000",
        )
        amend_profile(profile)
    email = greet(brook, url="https://brook.example/x")
    assert email.subject == "Hello Acme & Sons <b>"
    assert email.text.startswith(
        "Dear Acme & Sons <b>,\n\nRing 0113 496 0000.\n\nBrook & Co\n\nOpen:\nhttps://"
    )
    assert "Dear Acme &amp; Sons &lt;b&gt;," in email.html
    assert "#1f4e8c" in email.html
    assert 'href="https://brook.example/x"' in email.html
    assert (email.from_name, email.reply_to) == ("Brook & Co", "hello@brook.example")


def test_g22_a_practice_writes_its_own_words_and_another_keeps_the_usual_ones(brook, cedar):
    with practice_scope(brook.pk):
        write_wording(GREETING, "Hi {{client.name}}", "<p>Good <b>day</b>, {{ client.name }}</p>")
        assert AuditEntry.objects.filter(action="mail.wording_written").count() == 1
    assert greet(brook).subject == "Hi Acme & Sons <b>"
    assert "<b>day</b>" in greet(brook).html
    assert greet(cedar).subject == "Hello Acme & Sons <b>"


@pytest.mark.parametrize(
    "name", ["Acme\r\nBcc: x@evil.example", "Acme\nSubject: x", "Acme\x00\x1b", "Acme\u2028Bcc: x"]
)
def test_a_name_never_becomes_a_header(brook, name):
    """Attack 46."""
    subject = greet(brook, name=name).subject
    assert subject.isprintable()
    assert subject.startswith("Hello Acme")


@pytest.mark.parametrize(
    "text", ["{% load x %}", "{{client.name.__class__}}", "{{ 7*7 }}", "{{settings.SECRET_KEY}}", "{#x#}"]
)
def test_words_are_never_a_template(client_of, brook, text):
    """Attack 49: what looks like code is refused, or stands as it was typed."""
    answer = client_of("alice").post(ADDRESS, {"subject": "x", "body": text})
    if "{{" in text:
        assert answer.status_code == 422
    else:
        assert text in greet(brook).text
    assert "SECRET" not in greet(brook).text


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in_again(brook):
    assert "Dear {{practice.name}}," in greet(brook, name="{{practice.name}}").text


def test_g22_an_unknown_placeholder_in_a_message_is_refused_by_name(client_of, brook):
    answer = client_of("alice").post(
        ADDRESS, {"subject": "Hi", "body": "Dear {{client.nme}}, {{ client.name }"}
    )
    assert answer.status_code == 422
    assert "client.nme" in answer.content.decode()
    with practice_scope(brook.pk):
        assert not MailWording.objects.exists()


def test_the_page_saves_shows_and_gives_back_the_usual_words(client_of, brook):
    browser = client_of("alice")
    assert browser.post(ADDRESS, {"subject": "Hi", "body": "Own words<script>x</script>"}).status_code == 303
    assert "Own words" in browser.get(ADDRESS).content.decode()
    with practice_scope(brook.pk):
        assert MailWording.objects.get().body == "<p>Own words</p>"
    assert browser.post(f"{ADDRESS}usual/").status_code == 303
    with practice_scope(brook.pk):
        assert not MailWording.objects.exists()
        written, dropped = AuditEntry.objects.filter(action__startswith="mail.").order_by("pk")
    assert written.data["changes"] == {"subject": ["", "Hi"], "body": ["", "<p>Own words</p>"]}
    assert dropped.data["changes"]["subject"] == ["Hi", ""]
    assert browser.get("/p/brook-co/settings/wording/no/such/").status_code == 404


def test_every_kind_of_message_has_a_preview(client_of):
    browser = client_of("alice")
    listed = [*kinds(), *internal_kinds()]
    assert {
        "tests/greeting",
        "practices/invitation",
        "proposals/proposal_sent",
        "proposals/proposal_won",
    } <= {kind.key for kind in listed}
    for kind in listed:
        page = browser.get(f"/p/brook-co/settings/wording/{kind.key}/")
        frame = browser.get(f"/p/brook-co/settings/wording/{kind.key}/preview/")
        assert (page.status_code, frame.status_code) == (200, 200), kind.key
        assert "Brook &amp; Co" in frame.content.decode()
        assert "{{" not in frame.content.decode()
        assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "default-src 'none'" in frame.headers["Content-Security-Policy"]


def test_every_placeholder_of_the_practice_has_a_field_and_a_value(brook):
    with practice_scope(brook.pk):
        assert practice_values(brook).keys() == PRACTICE_PLACEHOLDERS.keys()


def test_a_message_that_left_is_sent_again_as_a_copy_with_its_files(brook):
    email = greet(brook, files=[File("terms.pdf", b"%PDF-1")])
    with practice_scope(brook.pk):
        with pytest.raises(StillOnItsWay):
            send_again(email)
        OutgoingEmail.objects.update(status="sent")
        first, second = send_again(email), send_again(email)
        assert len({email.pk, first.pk, second.pk}) == 3
        assert first.repeats == email
        assert bytes(second.attachments.get().content) == b"%PDF-1"


def test_a_message_that_failed_is_sent_again_itself(client_of, brook):
    email = greet(brook)
    with practice_scope(brook.pk):
        OutgoingEmail.objects.update(status="failed", attempts=8, failure="No such person")
    page = client_of("alice").get(f"/p/brook-co/settings/emails/{email.pk}/").content.decode()
    assert "No such person" in page
    answer = client_of("alice").post(f"/p/brook-co/settings/emails/{email.pk}/again/")
    assert answer.status_code == 303
    with practice_scope(brook.pk):
        again = OutgoingEmail.objects.get()
        assert (again.status, again.attempts, again.failure) == ("queued", 0, "")


def test_g92_the_profile_is_saved_and_recorded_and_a_pale_colour_is_refused(client_of, brook):
    browser = client_of("alice")
    values = {"principal": "Alice Brook", "supervisory_body": "The Body", "brand_colour": "#1f4e8c"}
    assert "---" not in browser.get("/p/brook-co/settings/profile/").content.decode()
    assert browser.post("/p/brook-co/settings/profile/", values).status_code == 303
    with practice_scope(brook.pk):
        assert practice_values(brook)["practice.principal"] == "Alice Brook"
        assert brand_of(brook).colour == "#1f4e8c"
        assert AuditEntry.objects.filter(action="practice.profile_amended").count() == 1
    answer = browser.post("/p/brook-co/settings/profile/", values | {"brand_colour": "#ffff00"})
    assert answer.status_code == 422
    assert "too light" in answer.content.decode()


def test_the_outbox_shows_a_state_alone_and_gives_back_files(client_of, brook):
    email = greet(brook, files=[File("terms.pdf", b"%PDF-1")])
    greet(brook, name="Zed", event="greeting:2")
    with practice_scope(brook.pk):
        OutgoingEmail.objects.filter(pk=email.pk).update(status="failed")
        file = email.attachments.get()
    browser = client_of("alice")
    failed = browser.get("/p/brook-co/settings/emails/?state=failed").content.decode()
    assert "Acme" in failed
    assert "Zed" not in failed
    path = f"/p/brook-co/settings/emails/{email.pk}/files/{file.pk}/"
    assert browser.get(path).content == b"%PDF-1"
    assert client_of("carol").get(path.replace("brook-co", "cedar-llp")).status_code == 404
