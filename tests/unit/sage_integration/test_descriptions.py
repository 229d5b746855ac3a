"""Plain text for Sage: no markup, no entities, no silent cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_integration.descriptions import LINE_LENGTH, line_description, plain_text, shortened

ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Quarterly VAT return", "Quarterly VAT return"),
        ("<p>We <strong>file</strong> it</p>", "We file it"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("Line one<br>line two", "Line one\nline two"),
        ("<ul><li>Books</li><li>Payroll</li></ul>", "- Books\n- Payroll"),
        ('See <a href="https://hmrc.example/vat">HMRC</a>.', "See HMRC (https://hmrc.example/vat)."),
        ('<a href="javascript:alert(1)">Click</a>', "Click"),
        (
            "<table><tr><td>Jan</td><td>£10</td></tr><tr><td>Feb</td><td>£20</td></tr></table>",
            "Jan £10\n\nFeb £20",
        ),
        ("Before<script>alert(1)</script> after", "Before after"),
        ("Profit &amp; loss", "Profit & loss"),
        ("Profit &amp;amp; loss", "Profit & loss"),
        ("R&D; and more", "R& D; and more"),
        ("**Bold** and [a link](https://example.org)", "Bold and a link (https://example.org)"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("One\r\ntwo\rthree", "One\ntwo\nthree"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("  spaced \t out  ", "spaced out"),
        ("Zażółć 日本語 🙂", "Zażółć 日本語 🙂"),
        ("", ""),
    ],
)
def test_only_plain_text_is_left_f21(written, sent):
    assert plain_text(written) == sent


@given(st.text(max_size=400))
def test_no_entity_and_no_control_character_survives(text):
    sent = plain_text(text)
    assert not ENTITY.search(sent)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", sent)


def test_a_long_description_is_cut_at_a_word_and_says_so_f20():
    sent = line_description("Bookkeeping", "word " * 600)
    assert len(sent) <= LINE_LENGTH
    assert sent.startswith("Bookkeeping\nword word")
    assert sent.endswith("word…")


@given(st.text(min_size=1, max_size=160), st.text(max_size=600))
def test_a_line_never_exceeds_its_length(name, description):
    assert len(line_description(name, description, calculation="(3 × 0.3333)")) <= LINE_LENGTH


def test_a_single_long_word_is_cut_where_it_must_be():
    assert shortened("x" * 300, 10) == "x" * 9 + "…"
    assert shortened("short", 10) == "short"


def test_the_calculation_stays_when_the_description_gives_way():
    sent = line_description("Bookkeeping", "d " * 300, calculation="(3 × 0.3333)")
    assert sent.startswith("Bookkeeping (3 × 0.3333)\nd d")
