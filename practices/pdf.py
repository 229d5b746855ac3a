"""PDF documents: a Typst template of `templates/pdf/` and data that is never code.

Every PDF is tagged (PDF/UA-1), embeds its font, reads nothing but the templates, and is the same bytes for the same
data and instant, so its fingerprint can be kept.
"""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import font_source_sans_pro
from django.conf import settings

if TYPE_CHECKING:
    import typst

TEMPLATES: Path = settings.BASE_DIR / "templates" / "pdf"
_Standard = Literal["ua-1"]
#: A standard for documents that screen readers can read; Typst refuses to write what breaks it.
STANDARD: _Standard = "ua-1"
#: How Typst begins to say that no font has a character.
UNKNOWN_CHARACTER = "could not be displayed"


def pdf_of(template: str, data: dict[str, Any], *, at: datetime) -> bytes:
    """The PDF of ``templates/pdf/<template>.typ`` with this data (JSON), dated ``at``; raises `typst.TypstError`.

    Reads nothing outside the templates: no file, address or code in the data is ever followed.
    """
    import typst  # noqa: PLC0415 - 7 MiB that beat and most workers never need

    words = json.dumps(data, sort_keys=True, ensure_ascii=False).replace("\0", "")
    try:
        return _compiled(template, words, at, STANDARD)
    except typst.TypstError as error:
        if UNKNOWN_CHARACTER not in str(error):
            raise
    # A name in letters that our fonts do not have: they show as boxes, and the file claims no standard.
    return _compiled(template, words, at, None)


def _compiled(template: str, data: str, at: datetime, standard: _Standard | None) -> bytes:
    import typst  # noqa: PLC0415

    # A compiler cannot be shared between threads and costs a fraction of a millisecond; the fonts are shared.
    compiler = typst.Compiler(
        TEMPLATES / f"{template}.typ", root=TEMPLATES, font_paths=_fonts(), sys_inputs={"data": data}
    )
    made = compiler.compile(format="pdf", pdf_standards=standard, timestamp=int(at.timestamp()))
    assert isinstance(made, bytes)  # noqa: S101 - a PDF is one file
    return made


@cache
def _fonts() -> "typst.Fonts":
    """Our own font, then those that Typst carries, and none of the machine's: a document looks the same everywhere."""
    import typst  # noqa: PLC0415

    folder = Path(font_source_sans_pro.__file__).parent / "files"
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
