"""Which rows of the feature list a test run proves."""

from devtools.features import proven_rows, wanted_rows
from tests.plugins.features import rows_named

RESULTS = """<testsuites><testsuite>
<testcase name="a"><properties><property name="feature" value="F01"/></properties></testcase>
<testcase name="b"><properties><property name="feature" value="F01"/></properties><failure/></testcase>
<testcase name="c"><properties><property name="feature" value="G08"/></properties></testcase>
<testcase name="d"><properties><property name="feature" value="F02"/></properties><skipped/></testcase>
<testcase name="e"/>
</testsuite></testsuites>"""


def test_a_row_is_named_in_any_case_and_beside_underscores():
    assert rows_named("test_f73_payments_come_back, see G08.") == {"F73", "G08"}


def test_a_range_names_each_of_its_rows():
    assert rows_named("F10–F12") == rows_named("F10-12") == {"F10", "F11", "F12"}


def test_other_numbers_are_no_rows():
    assert rows_named("AF12 F123 F1 0xF12 invoice 42") == set()


def test_a_row_holds_only_while_all_its_tests_pass(tmp_path):
    results = tmp_path / "results.xml"
    results.write_text(RESULTS)
    rows = proven_rows(results)
    assert {name: row.holds for name, row in rows.items()} == {"F01": False, "F02": False, "G08": True}


def test_rows_of_later_releases_are_not_asked_for(tmp_path):
    document = tmp_path / "FEATURES.md"
    document.write_text("| G01 | Editor | [I8] | H | M | 1 | |\n| G10 | Options | [I8] | H | M | 2 | |\n")
    wanted = wanted_rows(document)
    assert wanted[0] == "F01"
    assert wanted[-2:] == ["F89", "G01"]
