"""Components: what they show, and that they see only what they are given."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from lucide import IconDoesNotExist

from practices.templatetags.charts import bar_chart, rounded_up, short
from practices.templatetags.components import filter_choice, icon, initials


def shown(source: str, **context: object) -> str:
    return Template("{% load components %}" + source).render(Context(context))


TEMPLATES = Path(settings.BASE_DIR, "templates")


class Enquiry(forms.Form):
    name = forms.CharField(help_text="As on invoices.")
    agreed = forms.BooleanField(required=False)
    vat = forms.ChoiceField(choices=[("20", "Standard")], widget=forms.RadioSelect)


def field(form: forms.Form, name: str) -> str:
    return render_to_string("components/field.html", {"field": form[name]})


def test_a_block_component_sees_its_own_variables_and_nothing_of_the_page():
    html = shown(
        '{% component "card" title="Sage" %}{{ secret }}{% endcomponent %}', secret="page", id="leak"
    )
    assert "page" in html
    assert "leak" not in html


def test_no_page_shows_its_readers_what_was_written_for_those_who_edit_it():
    """A comment ends on its line: one that does not is text to Django, and stands on the page."""
    pages = [page for kind in ("html", "txt") for page in TEMPLATES.rglob(f"*.{kind}")]
    assert [str(page) for page in pages if "{#" in re.sub(r"{#.*?#}", "", page.read_text())] == []


def test_every_page_of_settings_says_what_is_not_saved_yet():
    """A form that watches over changes ends in the bar that counts them; one that edits a record has its button."""
    records = ("client_edit.html", "service_edit.html", "line_edit.html")
    pages = [
        page
        for page in TEMPLATES.rglob("*.html")
        if "styleguide" not in page.parts and page.name not in records
    ]
    watching = [page for page in pages if re.search(r"<form[^>]*\bdata-unsaved\b", page.read_text())]
    assert len(watching) > 10
    assert [str(page) for page in watching if "components/unsaved_bar.html" not in page.read_text()] == []


def test_every_block_names_the_addresses_it_links_to():
    """What one block of a page calls an address is unknown in its other blocks, and a link there leads nowhere."""
    strangers = []
    for page in TEMPLATES.rglob("*.html"):
        blocks = re.findall(
            r"{% block (?!title|page_width)\w+ %}(.*?){% endblock %}", page.read_text(), re.DOTALL
        )
        named = [set(re.findall(r"{% (?:url [^%]*|capture) as (\w+) %}", block)) for block in blocks]
        for block, own in zip(blocks, named, strict=True):
            asked = set(re.findall(r"(?:{{ |=)(\w+_url)\b", block))
            strangers += [f"{page.name}: {name}" for name in asked & set().union(*named) - own]
    assert strangers == []


def test_captured_markup_is_not_escaped_and_page_text_is():
    html = shown("{% capture as bold %}<b>{{ name }}</b>{% endcapture %}[{{ bold }}]", name="<i>")
    assert html == "[<b>&lt;i&gt;</b>]"


def test_a_field_is_tied_to_its_label_help_and_error():
    html = field(Enquiry({}), "name")
    assert '<label for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_choices_stand_in_a_fieldset_with_a_legend():
    html = field(Enquiry(), "vat")
    assert "<fieldset" in html
    assert "<legend>Vat</legend>" in html


def test_a_tick_box_has_its_label_after_it():
    html = field(Enquiry(), "agreed")
    assert html.index("<input") < html.index("<label")


def test_a_refused_button_says_why_and_cannot_submit():
    html = render_to_string(
        "components/button.html", {"label": "Copy", "disabled_reason": "Connect Sage first."}
    )
    assert 'aria-disabled="true"' in html
    assert 'type="button"' in html
    assert "Connect Sage first." in html


def test_a_post_button_carries_the_csrf_token():
    html = render_to_string(
        "components/post_button.html", {"label": "Issue", "url": "/x/", "csrf_token": "token"}
    )
    assert 'name="csrfmiddlewaretoken" value="token"' in html


def test_a_form_without_mistakes_shows_no_errors():
    assert render_to_string("components/form_errors.html", {"form": Enquiry()}).strip() == ""


def test_each_mistake_links_to_its_field():
    html = render_to_string("components/form_errors.html", {"form": Enquiry({})})
    assert '<a href="#id_name">Name</a>' in html


def test_the_pager_keeps_the_filters():
    request = RequestFactory().get("/invoices/", {"q": "acme", "page": "2"})
    page = Paginator(range(120), 50).page(2)
    html = render_to_string("components/pager.html", {"page": page, "request": request})
    assert "?q=acme&amp;page=3" in html
    assert "51–100 of 120" in html


def test_net_vat_and_gross_stand_in_that_order():
    html = render_to_string(
        "components/totals.html", {"net": Decimal(10), "vat": Decimal(2), "gross": Decimal(12)}
    )
    assert html.index("£10.00") < html.index("£2.00") < html.index("£12.00")


def test_no_component_carries_inline_style_or_script():
    for template in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        text = template.read_text()
        if "emails" in template.parts:
            continue
        assert " style=" not in text, template
        assert "<style" not in text, template
        assert " onclick=" not in text, template
        assert "<script>" not in text, template


def test_an_unknown_icon_is_refused():
    with pytest.raises(IconDoesNotExist):
        icon("no-such-icon")


TABLE = """{% component "table" label="Lines" kind=kind %}<thead><tr><th scope="col">Service</th>
    <th scope="col" class="end"><a class="sort">Net{% icon "arrow-up" 13 %}</a></th>
    <th scope="col"><span class="visually-hidden">Acts</span></th></tr></thead>
    <tbody><tr><th scope="row" class="roomy">{{ name }}</th><td class="end">1</td><td>Go</td></tr>
    <tr><th scope="row">b</th><td class="end"><span class="amount">—</span></td><td></td></tr></tbody>
    <tfoot><tr><td></td><th scope="row" colspan="2">2</th></tr></tfoot>{% endcomponent %}"""


@pytest.mark.parametrize("kind", ["", "stacked", "lines", "diff"])
def test_a_table_that_is_laid_out_as_blocks_on_a_phone_says_what_its_rows_and_cells_are(kind):
    html = shown(TABLE, kind=kind, name="<td> & co")
    roles = re.findall(r'<(\w+)[^>]* role="(\w+)"', html.partition('role="table">')[2])
    row = [("tr", "row"), ("th", "rowheader"), ("td", "cell"), ("td", "cell")]
    heads = [("thead", "rowgroup"), ("tr", "row"), *[("th", "columnheader")] * 3]
    total = [("tfoot", "rowgroup"), ("tr", "row"), ("td", "cell"), ("th", "rowheader")]
    assert roles == [*heads, ("tbody", "rowgroup"), *row, *row, *total]
    assert 'data-rows role="table">' in html
    assert '<th scope="row" class="roomy" role="rowheader">&lt;td&gt; &amp; co</th>' in html


def test_a_cell_of_a_list_names_its_column_and_says_when_it_holds_nothing():
    html = shown(TABLE, kind="", name="a")
    assert '<td class="end" data-label="Net" role="cell">1</td>' in html
    assert '<td class="end" data-label="Net" data-none role="cell">' in html
    assert '<td role="cell">Go</td>' in html
    assert '<table class="table list"' in html


def test_columns_that_must_stay_beside_each_other_are_a_table_on_a_phone_too():
    assert "role=" not in shown(TABLE, kind="matrix", name="a").partition("data-rows")[2]


def test_each_cell_of_a_table_that_is_laid_out_as_blocks_on_a_phone_names_its_column():
    blocks = {}
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        tables = re.findall(
            r'kind="stacked"[^%]*%\}(.*?)\n\s*\{% endcomponent %\}',
            path.read_text(encoding="utf-8"),
            re.DOTALL,
        )
        if tables or path.name == "_planned_row.html":
            blocks[path.name] = tables or [path.read_text(encoding="utf-8")]
    assert len(blocks) > 12
    for name, tables in blocks.items():
        for attributes, content in re.findall(r"<td([^>]*)>(.*?)</td>", "".join(tables), re.DOTALL):
            is_named = "data-label" in attributes or content.startswith('{% include "components/field.html"')
            assert is_named or not content or 'class="check"' in attributes, (name, content)


@pytest.mark.parametrize(
    ("name", "letters"), [("Alice Brook", "AB"), ("Brook & Co", "BC"), ("Bob", "B"), ("", "")]
)
def test_initials(name, letters):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("highest", "top"), [("0", "4"), ("1", "1"), ("32780", "40000"), ("999", "1000"), ("1001", "2000")]
)
def test_a_scale_has_four_round_steps_and_holds_the_highest_bar(highest, top):
    scale, step = rounded_up(Decimal(highest))
    assert scale == Decimal(top)
    assert scale == step * 4


@pytest.mark.parametrize("highest", [1, 2, 3, 5, 9, 17, 61, 430])
def test_a_scale_of_counts_has_no_halves(highest):
    top, step = rounded_up(Decimal(highest), counts=True)
    assert step % 1 == 0
    assert top >= highest


def test_what_nobody_wants_is_not_drawn_in_a_friendly_colour():
    chart = bar_chart("A day", ["Arrived", "Refused"], [("1", [Decimal(3), Decimal(1)])], "", bad="Refused")
    html = render_to_string("components/bar_chart.html", chart)
    assert html.count("series-bad") == 2
    assert "series-2" not in html


@pytest.mark.parametrize(
    ("value", "words"), [("0", "£0"), ("750", "£750"), ("2500", "£2.5k"), ("40000", "£40k"), ("1E6", "£1m")]
)
def test_scale_labels_are_short(value, words):
    assert short(Decimal(value), "£") == words


def test_a_chart_has_a_table_that_says_the_same():
    chart = bar_chart("Income", ["Raised", "Paid"], [("Jan", [Decimal("1200.00"), Decimal("0.00")])])
    html = render_to_string("components/bar_chart.html", chart)
    assert html.count("£1,200.00") == 2
    assert '<svg viewBox="0 0 640 220" aria-hidden="true"' in html


def test_a_chart_up_to_now_names_its_last_group_and_counts_back_from_it():
    groups = [(str(month), [Decimal(month)]) for month in range(1, 13)]
    named = [
        label for _, label, _ in bar_chart("Income", ["Raised"], groups, every=3, to_last=True)["labels"]
    ]
    assert named == ["3", "6", "9", "12"]
    named = [label for _, label, _ in bar_chart("Bills", ["Net"], groups, every=3)["labels"]]
    assert named == ["1", "4", "7", "10"]


class ChoicesForm(forms.Form):
    kind = forms.ChoiceField(
        label="Kind & sort", choices=[("", "Any"), ("a&b", "A <b>"), (2, "Two")], required=False
    )
    told = forms.ChoiceField(choices=[("x", "X")], required=False, help_text="Told.")
    asked = forms.ChoiceField(choices=[("", "Choose"), ("x", "X")])
    words = forms.CharField(required=False)


@pytest.mark.parametrize("name", ["kind", "told", "asked", "words"])
@pytest.mark.parametrize("given", ["", "kind=a%26b&told=x&asked=x&words=hi", "kind=2", "kind=gone&told=gone"])
def test_a_field_in_the_filters_of_a_list_is_the_component(name, given):
    for form in (ChoicesForm(QueryDict(given), auto_id="own_%s"), ChoicesForm()):
        drawn = filter_choice(form[name])
        component = render_to_string("components/field.html", {"field": form[name], "filter": True})
        assert _without_spaces(drawn) == _without_spaces(component)


def _without_spaces(markup: str) -> str:
    return re.sub(r"\s*([<>])\s*", r"\1", re.sub(r"\s+", " ", markup))


def test_every_field_that_is_written_by_hand_looks_like_the_others():
    """Those inside a `.field` are drawn by it; what stands alone, in a table or a bar, is an `.input`."""
    plain = re.compile(r'<(?:select|input type="(?:text|search|date|number)")[^>]*>')
    bare = []
    for page in sorted(Path(settings.BASE_DIR, "templates").rglob("*.html")):
        text = page.read_text()
        for found in plain.finditer(text):
            around = text[max(0, found.start() - 500) : found.start()]
            in_field = around.rfind('class="field"') > around.rfind("</div>")
            if not {"admin", "widgets"} & set(page.parts) and 'class="input' not in found[0] and not in_field:
                bare.append(f"{page.name}: {found[0][:60]}")
    assert bare == []
