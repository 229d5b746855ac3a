"""XLSX files, written row by row: text is text and never a formula, amounts are numbers, dates are dates.

The few parts a workbook needs (ECMA-376) are written out as they come, so a file of any size costs no memory. No
shared strings and no calculated cell is ever in it.
"""

import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from xml.sax.saxutils import escape

#: Excel's limits for one sheet and one cell.
MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
#: Day 0 of its calendar, with the leap day of 1900 that never was.
EPOCH = date(1899, 12, 30)
#: Numbers of `_STYLES`: bold heads, dates, amounts with two places.
HEAD, DATE, AMOUNT = 1, 2, 3
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_PARTS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_PARTS}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_PARTS}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_PARTS}.styles+xml"/></Types>'
)
_RELS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK_RELS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_DOCUMENT}/styles" Target="styles.xml"/></Relationships>'
)
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="4"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/>'
    '<xf xfId="0" numFmtId="164" applyNumberFormat="1"/><xf xfId="0" numFmtId="4" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)


def workbook(sheet: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """A temporary file with one sheet, at its beginning; raises ValueError past Excel's number of rows."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELS)
        archive.writestr("xl/workbook.xml", _book(sheet))
        archive.writestr("xl/_rels/workbook.xml.rels", _BOOK_RELS)
        archive.writestr("xl/styles.xml", _STYLES)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            _write_sheet(part, heads, rows)
    file.seek(0)
    return file


def _book(sheet: str) -> str:
    name = escape("".join(letter for letter in sheet if letter not in "[]:*?/\\")[:31], {'"': "&quot;"})
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
        f'<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _write_sheet(part: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    part.write(
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        "<sheetData>".encode()
    )
    part.write(f"<row>{''.join(_text(head, HEAD) for head in heads)}</row>".encode())
    for number, row in enumerate(rows, 2):
        if number > MOST_ROWS:
            raise ValueError("A sheet holds 1,048,576 rows. Export a shorter stretch of time, or CSV.")
        part.write(f"<row>{''.join(map(_cell, row))}</row>".encode())
    part.write(b"</sheetData></worksheet>")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, Decimal):
        return f'<c s="{AMOUNT}"><v>{value:f}</v></c>'
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, datetime):
        return _text(value.isoformat(timespec="seconds"))
    if isinstance(value, date):
        return f'<c s="{DATE}"><v>{(value - EPOCH).days}</v></c>'
    return _text(str(value))


def _text(value: str, style: int = 0) -> str:
    allowed = "".join(letter for letter in value[:LONGEST_CELL] if letter in "\t\n\r" or letter >= " ")
    allowed = allowed.encode("utf-8", "replace").decode().replace("\ufffe", "").replace("\uffff", "")
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(allowed)}</t></is></c>'
