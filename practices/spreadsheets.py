"""CSV files that a spreadsheet opens as data, never as a formula."""

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any

from django.http import HttpResponse

#: What a spreadsheet reads as a number or a date.
NEVER_A_FORMULA = (Decimal, int, date)
#: A cell that begins like this is run as a formula by common spreadsheets.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutral(value: Any) -> str:
    """The value as text; a leading formula character is quoted unless the whole cell is a number."""
    text = "" if value is None else str(value)
    if text.startswith(FORMULA_STARTS) and not _is_number(text):
        return f"'{text}"
    return text


def csv_response(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download of `csv_bytes`."""
    response = HttpResponse(csv_bytes(heads, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_bytes(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file in UTF-8 with a byte order mark, so that spreadsheets read the pound sign right."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(heads)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def csv_file(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """The same as a temporary file at its beginning, written as the rows come: their number costs no memory."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows(
        [cell if type(cell) in NEVER_A_FORMULA else neutral(cell) for cell in row] for row in rows
    )
    text.flush()
    text.detach()
    file.seek(0)
    return file


def _is_number(text: str) -> bool:
    digits = text.lstrip("+-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()
