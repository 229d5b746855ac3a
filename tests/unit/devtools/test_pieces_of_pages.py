"""Which pages are one to axe, and which address stands for which kind of page."""

from devtools.site_map import kind_of
from tests.browser.soundness import pieces_of

ROW = '<tr><td class="end">{}</td><td><a href="/x">{}</a></td></tr>'


def test_pages_that_differ_in_words_and_number_of_rows_are_one():
    short = "<main><table>" + ROW.format("1", "Acme") + "</table></main>"
    long = "<main><table>" + ROW.format("20", "Birch") * 3 + "</table></main>"
    assert pieces_of(short) == pieces_of(long)


def test_pages_that_differ_in_a_tone_a_missing_word_or_a_label_are_two():
    page = '<main><span class="badge" data-tone="good">Paid</span><input aria-label="Find"></main>'
    assert pieces_of(page) != pieces_of(page.replace("good", "bad"))
    assert pieces_of(page) != pieces_of(page.replace("Paid", ""))
    assert pieces_of(page) != pieces_of(page.replace("Find", ""))
    assert pieces_of(page) == pieces_of(page.replace("Find", "Search"))


def test_rows_days_links_and_texts_of_one_form_are_one_kind_of_page():
    same = [
        ("http://x/p/brook/billing/7/bills/2027-01-01/?a=1", "p/practice/billing/N/bills/day"),
        ("http://x/p/brook/settings/wording/invoicing/sent/", "p/practice/settings/wording/message"),
        ("http://x/p/brook/proposals/letter/cover/", "p/practice/proposals/letter/part"),
        ("http://x/p/brook/proposals/letter/blocks/new/", "p/practice/proposals/letter/blocks/new"),
        ("http://x/p/brook/proposals/letter/service/3/", "p/practice/proposals/letter/service/N"),
    ]
    assert [kind_of(address) for address, _ in same] == [kind for _, kind in same]
