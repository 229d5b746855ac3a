"""Pages are drawn by an engine of our own, character for character as Django draws them."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.template import Context, Engine, TemplateSyntaxError, VariableDoesNotExist
from django.utils.safestring import mark_safe

from ignition.drawing import called
from ignition.drawing.nodes import QuickNodes

PIECES = {
    "piece.html": (
        "{% load components %}<b {% if id %}id='{{ id }}'{% endif %}>{{ label }}{{ hidden }}"
        "{% icon 'x' %}</b>"
    ),
    "seen.html": "[{{ label }}{{ hidden }}]",
    "itself.html": "{% if depth %}{{ depth }}{% include 'itself.html' with depth=less only %}{% endif %}",
    "base.html": "<title>{% block title %}none{% endblock %}</title>{% block body %}{% endblock %}",
    "page.html": (
        "{% extends 'base.html' %}{% block title %}{{ block.super }} {{ label }}{% endblock %}"
        "{% block body %}{% for n in numbers %}{{ n }}{% endfor %}{% endblock %}"
    ),
}


class Row:
    name = "<Ann & Co>"

    def shout(self):
        return self.name.upper()

    def needs(self, something):
        return something

    def delete(self):
        raise AssertionError("a template must not")

    delete.alters_data = True

    @property
    def gone(self):
        raise ObjectDoesNotExist

    @property
    def broken(self):
        raise AttributeError("inside")

    @property
    def wrong(self):
        raise RuntimeError("inside")


class Asked:
    def __init__(self):
        self.times = 0

    def __contains__(self, key):
        self.times += 1
        return key == "net"


def values():
    return {
        "label": "a < b",
        "safe": mark_safe("<em>"),
        "hidden": "HIDDEN",
        "row": Row(),
        "rows": [{"n": 1, "pair": (1, "x")}, {"n": 2, "pair": (2, "y")}],
        "pairs": [(1, "one"), (2, "two")],
        "numbers": [3, 2, 1],
        "five": [1, 2, 3, 4, 5],
        "none": None,
        "empty": [],
        "amount": Decimal("1234.50"),
        "day": date(2027, 3, 5),
        "at": datetime(2027, 7, 1, 12, 0, tzinfo=UTC),
        "call": lambda: "called",
        "shown": Asked(),
        "long": "one two three",
        "generator": (n for n in (1, 2)),
    }


def engine(*, ours: bool) -> Engine:
    loaders = [("django.template.loaders.locmem.Loader", PIECES), "django.template.loaders.filesystem.Loader"]
    kind = "ignition.drawing.loader.Loader" if ours else "django.template.loaders.cached.Loader"
    names = ("components", "money_tags", "dates")
    libraries = {name: f"practices.templatetags.{name}" for name in names}
    return Engine([settings.BASE_DIR / "templates"], loaders=[(kind, loaders)], libraries=libraries)


def drawn(source: str, *, ours: bool) -> str:
    PIECES["source.html"] = "{% load components money_tags dates %}" + source
    template = engine(ours=ours).get_template("source.html")
    assert isinstance(template.nodelist, QuickNodes) == ours
    context = Context(values())
    first = template.render(context)
    assert template.render(Context(values())) == first, "drawn again it differs"
    assert len(context.dicts) == 2, "the context is not as it was"
    return first


SOURCES = [
    "",
    "plain {# nothing #} words {% comment %}x{% endcomment %}",
    "{{ label }} {{ safe }} {{ missing }} {{ missing.deeper }} {{ none }} {{ amount }} {{ day }} {{ at }}",
    (
        "{{ row.name }} {{ row.shout }} {{ row.needs }} {{ row.delete }} {{ row.gone }} "
        "{{ row.missing }} {{ call }}"
    ),
    "{{ rows.0.n }} {{ rows.9.n }} {{ pairs.1.1 }} {{ label.upper }} {{ label.0 }} {{ row.needs.more }}",
    "{{ 12 }} {{ 1.5 }} {{ 'a < b' }} {{ True }} {{ numbers }} {{ _('word') }}",
    (
        "{{ missing|default:'so' }} {{ none|default_if_none:'n' }} {{ missing|default_if_none:'n' }} "
        "{{ none|default:label }}"
    ),
    (
        "{{ label|upper }} {{ safe|lower }} {{ day|date:'j F Y' }} {{ at|date:'H:i' }} "
        "{{ label|safe }} {{ long|truncatewords:2 }}"
    ),
    "{{ label|default:none|upper }}{{ numbers|join:', ' }}{{ numbers|length }} {{ label|linebreaks }}",
    "{% if missing %}a{% elif label == 'a < b' %}b{% else %}c{% endif %}",
    "{% if not missing and label %}a{% endif %}{% if missing or none %}b{% else %}c{% endif %}",
    (
        "{% if missing is None %}a{% endif %}{% if none is not None %}b{% endif %}{% if amount > 12 %}"
        "c{% endif %}"
    ),
    "{% if label > 12 %}a{% else %}b{% endif %}{% if not label.missing > 3 %}x{% endif %}",
    (
        "{% if 'net' in shown %}a{% endif %}{% if 'vat' not in shown %}b{% endif %}{% if 3 in numbers %}"
        "c{% endif %}{% if 3 in none %}d{% endif %}"
    ),
    (
        "{% if numbers|length >= 3 %}a{% endif %}{% if label|default:missing %}b{% endif %}"
        "{% if none|default:missing %}x{% endif %}"
    ),
    (
        "{% for n in numbers %}{{ n }}{{ forloop.counter }}{{ forloop.first }}{{ forloop.last }}"
        "{{ forloop.revcounter }}{% endfor %}"
    ),
    (
        "{% for n in numbers reversed %}{{ n }}{% empty %}none{% endfor %}{% for n in empty %}"
        "x{% empty %}none{% endfor %}"
    ),
    (
        "{% for n in missing %}x{% empty %}none{% endfor %}{% for n, word in pairs %}{{ n }}{{ word }}"
        "{% endfor %}{{ n }}"
    ),
    (
        "{% for r in rows %}{% for n in numbers %}{{ forloop.parentloop.counter }}{{ r.n }}{% endfor %}"
        "{% endfor %}"
    ),
    "{% for n in numbers %}{% cycle 'a' 'b' %}{% ifchanged n %}!{% endifchanged %}{% endfor %}",
    "{% with a=label b=row.name %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    (
        "{% include 'piece.html' with label=label only %}{% include 'piece.html' with label=safe only %}"
        "{% include 'piece.html' with label='x' id=3 only %}"
    ),
    (
        "{% include 'piece.html' with id=1 only %}{% include 'piece.html' with id=True only %}"
        "{% include 'piece.html' with id=1 only %}"
    ),
    (
        "{% include 'seen.html' %}{% include 'seen.html' with label=1 %}{% for n in numbers %}"
        "{% include 'seen.html' with label=n only %}{% endfor %}"
    ),
    "{% include 'piece.html' with label=amount only %}{% include 'itself.html' with depth=2 less=1 only %}",
    "{% component 'fold' label='t' %}{{ label }}{% for n in numbers %}{{ n }}{% endfor %}{% endcomponent %}",
    (
        "{% capture as kept %}{{ label }}{% endcapture %}{{ kept }}"
        "{% component 'fold' label=label as made %}x{% endcomponent %}{{ made }}"
    ),
    (
        "{% amount amount %}{% amount none %}{% civil_date day %}{% instant at zone='Europe/London' %}"
        "{% icon 'x' 14 %}"
    ),
    "{% for n in generator %}{{ n }}{% endfor %}",
    "{% autoescape off %}{{ label }}{% include 'piece.html' with label=label only %}{% endautoescape %}",
    (
        "{% firstof missing none label %}{% now 'Y' as year %}{% widthratio 1 2 100 %}{% filter upper %}"
        "{{ label }}{% endfilter %}"
    ),
    "{% include 'page.html' %}",
    (
        "{% for n in five %}{% if label %}a{% if n == 3 %}b{% if 'net' in shown %}c{% endif %}{% endif %}"
        "{% else %}x{% endif %}{% if missing %}x{% elif none is None %}{{ n }}{% endif %}{% endfor %}"
    ),
    (
        "{% for n in five %}{% if label == n %}x{% endif %}{% with label=n %}{% if label > 2 %}{{ n }}"
        "{% endif %}{% if row.name %}r{% endif %}{% endwith %}{% endfor %}"
    ),
    (
        "{% for n in five %}{% if kept %}{{ kept }}{% endif %}{% capture as kept %}{{ n }}{% endcapture %}"
        "{% if made %}m{% endif %}{% component 'fold' label=n as made %}x{% endcomponent %}{% endfor %}"
    ),
    "{% for n in five %}{% cycle 'a' '' as turn %}{% if turn %}{{ n }}{% endif %}{% endfor %}",
    (
        "{% for n in five %}{% for m in five %}{% if n == m %}={% endif %}{% if label %}.{% endif %}"
        "{% if forloop.first %}f{% endif %}{% if forloop.parentloop.last %}l{% endif %}{% endfor %}{% endfor %}"
    ),
    "{% for n in five %}{% if numbers|length > n %}{{ n }}{% endif %}{% now 'Y' as year %}{% endfor %}",
    "{% for n in five %}{% include 'seen.html' with label=n %}{% if label %}{{ label }}{% endif %}{% endfor %}",
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_template_is_drawn_as_django_draws_it(source):
    assert drawn(source, ours=True) == drawn(source, ours=False)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{{ row.broken }}", AttributeError),
        ("{{ row.wrong }}", RuntimeError),
        ("{{ label|default_if_none:missing }}", VariableDoesNotExist),
        ("{% for a, b, c in pairs %}{% endfor %}", ValueError),
        ("{% amount label %}", TypeError),
        ("{% if %}", TemplateSyntaxError),
        ("{% if label %}{{ label|default_if_none:missing }}{% else %}x{% endif %}", VariableDoesNotExist),
    ],
)
def test_what_fails_in_django_fails_here(source, error):
    for ours in (True, False):
        with pytest.raises(error):
            drawn(source, ours=ours)


def test_a_page_is_drawn_within_its_base():
    pages = [engine(ours=ours).get_template("page.html").render(Context(values())) for ours in (True, False)]
    assert pages[0] == pages[1] == "<title>none a &lt; b</title>321"


@pytest.mark.parametrize(
    "source",
    [
        "{% for n in numbers %}{% with a=1 %}{{ row.wrong }}{% endwith %}{% endfor %}",
        "{% for n, word in pairs %}{{ row.wrong }}{% endfor %}",
    ],
)
def test_after_an_error_the_context_is_as_it_was(source):
    PIECES["source.html"] = source
    template, context = engine(ours=True).get_template("source.html"), Context(values())
    with pytest.raises(RuntimeError):
        template.render(context)
    assert len(context.dicts) == 2


def test_only_what_is_drawn_around_a_few_words_is_kept():
    PIECES["source.html"] = "{% include 'seen.html' with label=label only %}"
    template = engine(ours=True).get_template("source.html")
    for label, kept in (("a few words", True), ("form with its token " * 10, False)):
        called._drawn.clear()
        template.render(Context({"label": label}))
        assert bool(called._drawn) == kept


def test_two_threads_that_ask_at_once_whether_a_component_may_be_kept_hear_the_same():
    others = []

    class Asking:
        def is_pure(self, engine):
            others.append(pool.submit(called.is_pure, component, engine))
            wait(others, timeout=0.05)  # it waits for us, so this runs out; an answer now would be a guess
            return True

    component = SimpleNamespace(nodelist=Asking())
    with ThreadPoolExecutor(1) as pool:
        assert called.is_pure(component, None)
        assert others[0].result()


@pytest.mark.parametrize(
    ("row", "times"),
    [
        ("{% if 'net' in shown %}{{ n }}{% endif %}", 1),
        ("{% with word=n %}{% if 'net' in shown %}{{ word }}{% endif %}{% endwith %}", 1),
        ("{% if 'vat' in shown %}{{ n }}{% elif 'net' in shown %}{{ n }}{% endif %}", 2),
        ("{% with shown=shown %}{% if 'net' in shown %}{{ n }}{% endif %}{% endwith %}", 5),
    ],
)
def test_what_is_the_same_for_every_row_is_asked_once(row, times):
    shown, PIECES["source.html"] = Asked(), "{% for n in five %}" + row + "{% endfor %}"
    drawn = engine(ours=True).get_template("source.html").render(Context({**values(), "shown": shown}))
    assert (drawn, shown.times) == ("12345", times)


def test_a_component_with_captured_words_is_kept():
    PIECES["words.html"] = "{% load components %}{% capture as made %}{{ label }}!{% endcapture %}{{ made }}"
    PIECES["source.html"] = "{% include 'words.html' with label=label only %}"
    called._drawn.clear()
    engine(ours=True).get_template("source.html").render(Context({"label": "a"}))
    assert list(called._drawn.values()) == ["a!"]


def test_while_debugging_templates_stay_djangos():
    piece = ("django.template.loaders.locmem.Loader", {"a.html": "a"})
    debugging = Engine(loaders=[("ignition.drawing.loader.Loader", [piece])], debug=True)
    assert not isinstance(debugging.get_template("a.html").nodelist, QuickNodes)
