"""PDF documents: the same bytes for the same data, tagged, our own fonts, and data that never becomes code."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import typst

from practices.pdf import pdf_of
from practices.rich_text import blocks

AT = datetime(2027, 3, 10, 9, 30, tzinfo=UTC)


def a_letter(text: str = "Hello", **data) -> dict:
    """What the letter template asks for."""
    parts = {
        "title": "Your engagement",
        "from": {"name": "Brook & Co", "lines": ["1 Mill Lane", "Leeds"]},
        "to": {"name": "Acme Dental Ltd", "lines": ["2 High Street"]},
        "date": "10 Mar 2027",
        "blocks": blocks(text),
        "footer": ["Brook & Co"],
    }
    return parts | data


def test_the_same_letter_is_the_same_bytes_and_another_word_is_not():
    first, again = (pdf_of("letter", a_letter(), at=AT) for _ in range(2))
    assert first == again
    assert first != pdf_of("letter", a_letter("Hello!"), at=AT)
    assert first != pdf_of("letter", a_letter(), at=AT.replace(hour=10))


def test_every_pdf_is_tagged_says_its_standard_language_and_title_and_embeds_its_font():
    made = pdf_of("letter", a_letter("<h3>Fees</h3><ul><li>One</li></ul><p><b>Two</b></p>"), at=AT)
    assert made.startswith(b"%PDF-")
    for mark in (b"/StructTreeRoot", b"/Lang", b"pdfuaid", b"Your engagement", b"/FontFile"):
        assert mark in made
    assert {name.decode() for name in re.findall(rb"\+(\w+)-", made)} == {"SourceSansPro"}


@pytest.mark.parametrize(
    "attack",
    [
        '#read("/etc/passwd")',
        '#image("https://attacker.example/x.png")',
        '#include "/etc/hosts"',
        "#{ while true {} }",
        '\\ " ${x} {{ x }} {% load x %} $ _ * ` @label <label> = heading',
        "file:///etc/passwd",
    ],
)
def test_words_in_a_letter_are_never_code(attack):
    """Attack 47: what a client or a practice types is printed, not run, read or fetched."""
    made = pdf_of("letter", a_letter(attack, title=attack), at=AT)
    assert b"root:" not in made
    # As many characters are drawn as stand in the text; nothing was evaluated away.
    assert len(made) > len(pdf_of("letter", a_letter("x", title="x"), at=AT))


def test_a_missing_part_is_an_error_that_names_it():
    data = a_letter()
    del data["date"]
    with pytest.raises(typst.TypstError, match="date"):
        pdf_of("letter", data, at=AT)


def test_a_name_in_letters_no_font_has_still_makes_a_pdf():
    assert b"pdfuaid" in pdf_of("letter", a_letter("Ωμέγα, Жанна, Łódź, naïve, 5 ≥ 4"), at=AT)
    boxes = pdf_of("letter", a_letter("漢字 😀"), at=AT)
    assert boxes.startswith(b"%PDF-")
    assert b"pdfuaid" not in boxes


def test_documents_made_at_the_same_moment_are_not_mixed_up():
    letters = [a_letter(f"Letter {number}") for number in range(6)]
    alone = [pdf_of("letter", letter, at=AT) for letter in letters]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda letter: pdf_of("letter", letter, at=AT), letters))
    assert alone == together
    assert len({json.dumps(letter) for letter in letters}) == len(set(together))
