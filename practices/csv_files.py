"""Reading a CSV file that somebody made somehow: which encoding, which delimiter, and its rows one by one.

Encodings are found by charset-normalizer and delimiters by the standard library's Sniffer; rows come from its reader.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

from practices.errors import DomainError

SAMPLE_BYTES = 64 * 1024
DELIMITERS = ",;\t|"
#: Beginnings of files that are something else: Excel, ZIP, PDF, programs, pictures.
OTHER_FILES = (
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
    b"MZ",
    b"\x7fELF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
)
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
MOST_COLUMNS = 100


class NotACsvFile(DomainError):
    message = (
        "This is no CSV file, whatever its name says. Nothing was imported. In Excel, choose "
        "“Save as” and “CSV UTF-8”, and upload that file."
    )


class NoRows(DomainError):
    message = "This file has no rows below its first line. Nothing was imported."


class ColumnsAreAlike(DomainError):
    message = "Two columns of this file have the same name. Nothing was imported; rename one of them."


class TooManyColumns(DomainError):
    message = f"This file has more than {MOST_COLUMNS} columns. Nothing was imported."


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written."""

    encoding: str
    delimiter: str


def format_of(file: BinaryIO) -> Format:
    """The encoding and the delimiter of a file; raises `NotACsvFile`. The file is read through once."""
    file.seek(0)
    sample = file.read(SAMPLE_BYTES)
    if sample.startswith(OTHER_FILES):
        raise NotACsvFile(sample[:8])
    encoding = _encoding(file, sample)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    if "\0" in text or not text.strip():
        raise NotACsvFile(sample[:8]) if text.strip("\0 \r\n\t") else NoRows(sample[:8])
    return Format(encoding, _delimiter(text))


def _encoding(file: BinaryIO, sample: bytes) -> str:
    for mark, encoding in BOMS.items():
        if sample.startswith(mark):
            return encoding
    if b"\0" in sample:
        raise NotACsvFile(sample[:8])
    strange = _first_strange_bytes(file)
    if strange is None:
        return "utf-8"
    found = from_bytes(sample[:4096] + strange).best()
    # A Windows machine in Britain writes 1252 where it does not write Unicode; so does Excel.
    if found is None or not found.encoding.startswith(("utf_16", "utf_32")):
        return "cp1252" if found is None or found.encoding in _LIKE_1252 else found.encoding
    raise NotACsvFile(sample[:8])


#: Answers that short texts with a few accents get; what differs are rare signs, and 1252 has the British ones.
_LIKE_1252 = {
    "cp1250",
    "cp1252",
    "latin_1",
    "iso8859_15",
    "cp1257",
    "iso8859_2",
    "mac_roman",
    "cp1254",
    "ascii",
}


def _first_strange_bytes(file: BinaryIO) -> bytes | None:
    """Where the file stops being UTF-8: some bytes from there; None where it is UTF-8 to the end."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(SAMPLE_BYTES):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return chunk
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return error.object
    return None


def _delimiter(text: str) -> str:
    """What parts the columns: what the Sniffer finds, else what the first line has most of."""
    lines = text.splitlines()
    try:
        return csv.Sniffer().sniff("\n".join(lines[:20]), DELIMITERS).delimiter
    except csv.Error:
        return max(DELIMITERS, key=lines[0].count)


@contextmanager
def open_rows(file: BinaryIO, how: Format) -> Iterator[Iterator[list[str]]]:
    """The rows of the file, its first line included and empty lines left out; the file stays open afterwards."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=how.encoding, errors="replace", newline="")
    try:
        yield _rows(text, how.delimiter)
    finally:
        text.detach()


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.replace("\0", "").strip() for cell in row]
            if any(cells):
                yield cells
    except csv.Error as error:
        raise NotACsvFile(
            message=f"Line {reader.line_num} of this file cannot be read as CSV. Nothing was imported."
        ) from error


def header_of(rows: Iterator[list[str]]) -> list[str]:
    """The names of the columns; raises `NoRows`, `TooManyColumns` or `ColumnsAreAlike`."""
    header = next(rows, None)
    if header is None:
        raise NoRows("no header")
    if len(header) > MOST_COLUMNS:
        raise TooManyColumns(len(header))
    named = [name.casefold() for name in header if name]
    if len(set(named)) < len(named):
        twice = next(name for name in header if named.count(name.casefold()) > 1)
        raise ColumnsAreAlike(
            message=f"Two columns of this file are called “{twice[:40]}”. Nothing was imported; rename one of them."
        )
    return [name[:80] or f"Column {number + 1}" for number, name in enumerate(header)]


def harmless(value: str) -> str:
    """The value as a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value


def harmed(value: str) -> str:
    """What `harmless` was given, when one of our own exports comes back."""
    is_ours = len(value) > 1 and value[0] == "'" and value[1] in "=+-@\t\r\n"
    return value[1:] if is_ours else value
