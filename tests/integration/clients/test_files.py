"""Files kept with a client: what they are is found in their content, and nobody else gets them."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from clients.errors import EmptyFile, FileTooLarge, NotAFileWeKeep, PictureTooLarge
from clients.models import Attachment
from clients.operations import attach_file
from clients.operations.files import safe_name
from practices.tenancy import practice_scope
from tests.integration.clients.books import a_client


def picture(kind="PNG", size=(4, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new("1", size).save(buffer, kind)
    return buffer.getvalue()


def office(*parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")
    return buffer.getvalue()


@pytest.fixture
def client_row(brook):
    with practice_scope(brook.pk):
        yield a_client()


def attach(client, content: bytes, name="letter.pdf") -> Attachment:
    return attach_file(client, name, io.BytesIO(content), len(content))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 hello", "application/pdf"),
        (picture(), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (
            office("word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("naïve, text".encode(), "text/plain"),
    ],
    ids=["pdf", "png", "jpeg", "word", "text"],
)
def test_what_a_file_is_follows_from_its_content_and_not_from_its_name(client_row, content, kind):
    attachment = attach(client_row, content, "virus.exe")
    assert attachment.content_type == kind
    assert bytes(Attachment.objects.get().content) == content


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFile),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", NotAFileWeKeep),
        (b"\xef\xbb\xbf  <html><script>", NotAFileWeKeep),
        (b"MZ\x90\x00\x03\x00binary", NotAFileWeKeep),
        (b"PK\x03\x04 no archive", NotAFileWeKeep),
        (office("readme.txt"), NotAFileWeKeep),
        (office("word/document.xml", "word/vbaProject.bin"), NotAFileWeKeep),
        (picture(size=(20000, 20000)), PictureTooLarge),
    ],
    ids=["empty", "svg", "html", "program", "broken", "archive", "macro", "bomb"],
)
def test_a_file_that_could_do_harm_is_not_kept(client_row, content, error):
    with pytest.raises(error):
        attach(client_row, content)
    assert not Attachment.objects.exists()


def test_a_file_larger_than_the_setting_is_not_kept(client_row, settings):
    settings.ATTACHMENT_MAX_BYTES = 10
    with pytest.raises(FileTooLarge):
        attach(client_row, b"%PDF-1.7 and more")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("..\\..\\etc/passwd", "passwd"),
        ("a\r\nb.pdf", "ab.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("", "file"),
    ],
)
def test_a_name_is_no_path_and_has_no_control_characters(given, kept):
    assert safe_name(given) == kept


def test_a_file_is_sent_to_be_saved_and_to_nobody_else(client_of, brook):
    with practice_scope(brook.pk):
        attachment = attach(a_client(), b"%PDF-1.7 hello", "Q1 “final”.pdf")
    address = reverse("clients:file-open", args=["brook-co", attachment.pk])
    browser = client_of("bob")
    answer = browser.get(address)
    assert answer.content == b"%PDF-1.7 hello"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client_of("carol").get(address).status_code == 404
    browser.logout()
    assert browser.get(address).status_code == 302


def test_an_upload_past_the_limit_is_thrown_away_while_it_arrives(client_of, brook, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    with practice_scope(brook.pk):
        client = a_client()
    address = reverse("clients:file-attach", args=["brook-co", client.pk])
    page = reverse("clients:client-detail", args=["brook-co", client.pk])
    browser = client_of("alice")
    file = SimpleUploadedFile("large.pdf", b"%PDF-" + b"x" * 200_000)
    answer = browser.post(
        address, {"file": file}, headers={"Referer": f"http://testserver{page}"}, follow=True
    )
    assert "A file may have" in answer.content.decode()
    with practice_scope(brook.pk):
        assert not Attachment.objects.exists()
