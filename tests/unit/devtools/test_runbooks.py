"""docs/operations.md: every alert leads to a runbook, and names a figure and a queue that there are."""

import re

import pytest

from devtools.paths import ROOT

TEXT = (ROOT / "docs/operations.md").read_text()
ALERTS = TEXT.split("| figure | alert when | runbook |\n| --- | --- | --- |\n")[1].split("\n\n")[0]
RUNBOOKS = re.findall(r"^### (.+)$", TEXT, re.MULTILINE)
#: What nobody is alerted of: somebody does it.
BY_HAND = {"The database was restored to an earlier time", "A key has to be changed"}
SOURCES = "".join(
    path.read_text() for path in [ROOT / "ignition/metrics.py", *(ROOT / "ignition/migrations").glob("*.py")]
)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("line", ALERTS.splitlines())
def test_an_alert_names_a_figure_that_is_there_and_leads_to_its_runbook(line):
    for name in re.findall(r"`(ignition_\w+)", line):
        assert f'"{name.removesuffix("_total")}"' in SOURCES
    for queue in re.findall(r'queue="([^"]+)"', line):
        assert f"'{queue}'" in SOURCES
    links = re.findall(r"\]\(#([\w-]+)\)", line)
    assert set(links) <= {anchor(heading) for heading in RUNBOOKS}
    assert links or "figures" in line


@pytest.mark.parametrize("heading", sorted({*RUNBOOKS} - BY_HAND))
def test_a_runbook_is_what_some_alert_leads_to(heading):
    assert f"(#{anchor(heading)})" in ALERTS
