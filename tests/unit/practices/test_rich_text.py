"""Rich text: an allow-list that no known trick gets round, and the same words without markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practices.rich_text import SCHEMES, TAGS, as_html, blocks, plain, sanitised

#: Scripts, malformed nesting, foreign content and mutations that have broken sanitisers before.
ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<svg><style><img src="</style><img src=x onerror=alert(1)>">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<math><mtext></mtext><mglyph><style></math><img src onerror=alert(1)></style></mglyph></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><img src=x onerror=alert(1)></template>",
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="java&#x09;script:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="//evil.example">x</a>',
    '<a href="\\\\evil.example">x</a>',
    '<a href="https://x.example" onclick="alert(1)" style="position:fixed">x</a>',
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<style>@import 'https://evil.example/x.css';</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='x'></object><embed src='x'><base href='//evil.example/'><meta http-equiv=refresh>",
    "<form action='//evil.example'><input name=password><button>Go</button></form>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml <img src=x onerror=alert(1)> ?>",
    "<p><<img src=x onerror=alert(1)>//</p>",
    "<a/href='https://x.example'onmouseover=alert(1)>x",
    "<p title='`'><img src=x onerror=`alert(1)`>",
    "\0<scr\0ipt>alert(1)</scr\0ipt>",
]


class _Seen(HTMLParser):
    """The tags and attributes a browser would meet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]


def is_harmless(html: str) -> bool:
    seen = _Seen(html)
    addresses = [value for tag, name, value in seen.attributes if (tag, name) == ("a", "href")]
    others = {(tag, name) for tag, name, _ in seen.attributes} - {("a", "href"), ("a", "rel")}
    return seen.tags <= TAGS and not others and all(each.split(":")[0] in SCHEMES for each in addresses)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_known_attack_leaves_more_than_allowed_markup(attack):
    """Attacks 42 and 44."""
    for text in (attack, f"<p>before</p>{attack}<p>after</p>", f"<ul><li>{attack}</li></ul>"):
        once = sanitised(text)
        assert is_harmless(once)
        assert sanitised(once) == once  # a second reading changes nothing, so there is nothing left to mutate


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "<p>", "</p>", "<ul>", "<li>", "</ul>", "<b>", "x & y", "\n\n", '"']),
        max_size=8,
    )
)
def test_no_mixture_of_attacks_and_broken_tags_does_either(parts):
    once = sanitised("".join(parts))
    assert is_harmless(once)
    assert is_harmless(sanitised(once))
    assert isinstance(plain(once), str)


def test_plain_words_become_paragraphs_and_keep_their_signs():
    assert as_html("Hello\n\nfees < £5 & more\nsecond line") == (
        "<p>Hello</p>\n<p>fees &lt; £5 &amp; more<br>second line</p>"
    )
    assert as_html("  \n ") == ""
    assert sanitised("fees < £5 & more") == "fees < £5 & more"


def test_allowed_markup_survives():
    text = '<h3>Fees</h3><p>A <strong>b</strong> <a href="mailto:x@y.example">z</a></p><ol><li>one</li></ol>'
    assert sanitised(text).replace(' rel="noopener noreferrer"', "") == text


def test_as_plain_text_lists_have_lines_and_links_their_address():
    text = (
        '<h3>Fees</h3><p>See <a href="https://x.example/">our page</a>.</p>'
        "<ul><li>one</li><li>two<ol><li>deeper</li></ol></li></ul><blockquote>said</blockquote>"
    )
    assert plain(text) == "Fees\n\nSee our page (https://x.example/).\n\n- one\n- two\n  1. deeper\n\nsaid"


def test_words_outside_of_items_and_lists_without_end_lose_nothing():
    assert plain("<ul>stray<li>one</li><ul><li>two</li></ul></ul>end") == "- stray\n- one\n  - two\n\nend"
    assert "x" in plain("<ul><li>" * 200 + "x")
    assert blocks("<p> </p><ul><li></li></ul>") == []
