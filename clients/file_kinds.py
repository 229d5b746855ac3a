"""What an uploaded file is, found in its content: names and browsers say anything."""

import io
import warnings
import zipfile

from PIL import Image, UnidentifiedImageError

from clients.errors import NotAFileWeKeep, PictureTooLarge

#: More pixels than a scan of A3 at 600 dpi has: such a picture is made to exhaust whoever opens it.
MOST_PIXELS = 80_000_000
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png"}
#: The part of an Office file that says which program it belongs to.
OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TEXT = "text/plain"


def kind_of(content: bytes) -> str:
    """The content type of a file that may be kept; raises `NotAFileWeKeep` or `PictureTooLarge`.

    SVG and HTML are text that browsers run, so text that looks like markup is refused.
    """
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    return _picture(content) or _text(content)


def _office(content: bytes) -> str:
    """Looks at the list of an archive's parts only; nothing is unpacked."""
    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except (zipfile.BadZipFile, ValueError) as error:
        raise NotAFileWeKeep(content[:8]) from error
    kinds = [kind for part, kind in OFFICE.items() if part in names]
    if not kinds or any("vbaProject" in name for name in names):
        raise NotAFileWeKeep(content[:8])
    return kinds[0]


def _picture(content: bytes) -> str:
    """Reads a picture's head, never its pixels; empty where it is no picture."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=list(PICTURES)) as picture:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureTooLarge(picture.size)
            return PICTURES[str(picture.format)]
    except UnidentifiedImageError:
        return ""
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(content[:8]) from error


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotAFileWeKeep(content[:8]) from error
    if "\0" in text or text.lstrip()[:1] == "<":
        raise NotAFileWeKeep(content[:8])
    return TEXT
