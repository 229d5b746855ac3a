"""The reference of variables is what the settings read, and the version stands in one place."""

import re
import tomllib

from devtools import environment_reference as reference
from devtools.paths import ROOT


def test_every_variable_of_the_settings_is_described_and_the_page_is_fresh():
    assert reference.stale_reference() == ""
    named = {each.name: each.default for each in reference.variables()}
    assert named["SECRET_KEY"] == "required"
    assert named["SAGE_REQUESTS_PER_DAY"] == "`20000`"


def test_a_variable_without_words_is_named(monkeypatch):
    monkeypatch.delitem(reference.WORDS, "POLL_SECONDS")
    monkeypatch.setitem(reference.WORDS, "LONG_GONE", "x")
    assert "POLL_SECONDS has no words" in reference.stale_reference()
    assert "LONG_GONE is read no more" in reference.stale_reference()


def test_the_version_stands_in_one_place():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    again = re.compile(rf"^(VERSION|version|__version__)\s*[=:]\s*[\"']{re.escape(version)}", re.MULTILINE)
    places = [
        path for path in ROOT.glob("*/*.py") if ".dev" not in path.parts and again.search(path.read_text())
    ]
    assert places == []


def test_traces_are_sent_only_where_a_collector_is_named(monkeypatch):
    import pytest
    from django.core.exceptions import ImproperlyConfigured

    from ignition.tracing import trace_to_collector

    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert trace_to_collector("0") is False
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(ImproperlyConfigured, match="opentelemetry"):
        trace_to_collector("0")


def test_attack_57_a_trace_holds_no_link_that_opens_something_and_nothing_searched_for():
    from ignition.tracing import without_particulars

    class Span:
        """As the SDK has it: attributes to read, and a way to set them."""

        def __init__(self, **attributes: str) -> None:
            self.attributes = attributes

        def set_attribute(self, name: str, value: str) -> None:
            self.attributes[name] = value

    link = "/proposals/WzEsMSwxLDEsMTc5.7p7gdMKx1JIC2zbj7xhd-canary/"
    span = Span(
        **{"http.target": f"{link}?q=Mina", "url.path": link, "url.query": "q=Mina", "http.method": "GET"}
    )
    without_particulars(span, object())
    assert "canary" not in str(span.attributes)
    assert "Mina" not in str(span.attributes)
    assert span.attributes["http.method"] == "GET"
