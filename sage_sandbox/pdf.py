"""A small, valid PDF of a sales document (FACTS.md 9.5)."""

from sage_sandbox.document_shape import DocumentKind
from sage_sandbox.store import Doc

LINES_ON_PAGE = 48
FONTS = b"<< /Font << /F1 4 0 R >> >>"


def document_pdf(business_name: str, kind: DocumentKind, doc: Doc) -> bytes:
    """One A4 page that names the business, the contact, each line and the totals."""
    lines = [
        business_name,
        f"{kind.noun.title()} {doc['displayed_as']}",
        f"Date {doc['date']}    Reference {doc['reference']}",
        f"To {doc['contact_name']}",
        "",
        *(f"{line['description'][:60]}    {line['net_amount']}" for line in doc[kind.lines]),
        "",
        f"Net {doc['net_amount']}    VAT {doc['tax_amount']}    Total {doc['total_amount']} {doc['currency']['id']}",
        "Made by the Sage sandbox. Not a real invoice.",
    ]
    return _pdf(lines[:LINES_ON_PAGE])


def _pdf(lines: list[str]) -> bytes:
    shown = "".join(f"({_escape(line)}) Tj T*\n" for line in lines)
    content = f"BT /F1 11 Tf 15 TL 60 780 Td\n{shown}ET".encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources %s >>" % FONTS,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _escape(text: str) -> str:
    flat = "".join(sign if sign.isprintable() else " " for sign in text)
    return flat.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
