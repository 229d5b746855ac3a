"""What kind of file comes in as clients, and what is refused whole, in words."""

import io
import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clients.errors import TooManyRows
from clients.models import ClientImport, ImportPiece
from practices.csv_files import ColumnsAreAlike, NoRows, NotACsvFile, format_of
from practices.tenancy import practice_scope
from tests.integration.clients.importing import uploaded


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(encoding, delimiter):
    rows = [
        ["Name", "City"],
        ["Café Noir Ltd", "Llanfair"],
        ["Müller & Søn “Ltd”", "Saint-Étienne"],
        ["£10 Shop", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    found = format_of(io.BytesIO(text.encode(encoding)))
    assert found.delimiter == delimiter
    assert text.encode(encoding).decode(found.encoding).lstrip("\ufeff") == text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NoRows),
        (b"\n\n  \n", NoRows),
        (b"Name,City\n", NoRows),
        (b"PK\x03\x04 an Excel file", NotACsvFile),
        (b"%PDF-1.7", NotACsvFile),
        (b"Name,City\n\x00\x01\x02\x03\x00\x00", NotACsvFile),
        (bytes(range(256)) * 40, NotACsvFile),
        (b"Name,name\nAcme Ltd,Acme\n", ColumnsAreAlike),
        (b'Name\n"' + b"x" * 200_000, NotACsvFile),
    ],
    ids=["empty", "blank", "header", "excel", "pdf", "binary", "noise", "twice", "cell"],
)
def test_a_file_that_is_no_list_of_clients_is_refused_whole(brook, content, error):
    with pytest.raises(error):
        uploaded(brook, content)
    with practice_scope(brook.pk):
        assert not ClientImport.objects.exists()
        assert not ImportPiece.objects.exists()


def test_more_rows_than_the_setting_are_refused_whole(brook, settings):
    settings.IMPORT_MAX_ROWS = 2
    with pytest.raises(TooManyRows):
        uploaded(brook, "Name\na\nb\nc\n")


def test_the_page_says_in_words_what_is_wrong_with_a_file(client_of, brook, settings):
    browser, address = client_of("alice"), reverse("clients:import-new", args=["brook-co"])
    answer = browser.post(address, {"file": SimpleUploadedFile("x.csv", b"\x89PNG\r\n\x1a\n")})
    assert answer.status_code == 422
    assert "This is no CSV file" in answer.content.decode()
    settings.UPLOAD_MAX_BYTES = 1000
    answer = browser.post(address, {"file": SimpleUploadedFile("x.csv", b"Name\n" + b"a\n" * 100_000)})
    assert answer.status_code == 422
    assert "A file may have" in answer.content.decode()


class Endless(io.RawIOBase):
    """The body of an upload that is made while it is read: so many bytes of CSV inside one form field."""

    def __init__(self, size: int, boundary: str = "x") -> None:
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n'
            "Content-Type: text/csv\r\n\r\nName\r\n"
        )
        self._head, self._tail = head.encode(), f"\r\n--{boundary}--\r\n".encode()
        self._left = size
        self.length = size + len(self._head) + len(self._tail)

    def read(self, size: int = -1) -> bytes:
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
        elif self._left:
            part = (b"Acme Dental Ltd,Leeds\r\n" * (size // 23 + 1))[: min(size, self._left)]
            self._left -= len(part)
        else:
            part, self._tail = self._tail[:size], self._tail[size:]
        return part


def test_a_file_of_200_mb_is_refused_in_words_and_never_held_in_memory(client_of, brook):
    body = Endless(200_000_000)
    browser, address = client_of("alice"), reverse("clients:import-new", args=["brook-co"])
    browser.get(address)  # what is loaded once is not the file's doing
    tracemalloc.start()
    try:
        answer = browser.generic(
            "POST",
            address,
            CONTENT_TYPE="multipart/form-data; boundary=x",
            CONTENT_LENGTH=str(body.length),
            **{"wsgi.input": body},
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 422
    assert "A file may have 50 MB. Nothing was imported." in answer.content.decode()
    assert peak < 20_000_000
    with practice_scope(brook.pk):
        assert not ClientImport.objects.exists()
