"""What was sent and answered is laid out for people, whole or cut off."""

import json

import pytest

from sage_integration.log import pretty

BODY = {
    "id": "1",
    "links": [],
    "none": {},
    "lines": [{"said": 'a "b", {c}: [d]', "net": 1.5}, None],
    "ok": True,
}
WHOLE = json.dumps(BODY, separators=(",", ":"))


def test_a_whole_body_stands_on_lines():
    assert pretty(WHOLE) == json.dumps(BODY, indent=2)


@pytest.mark.parametrize("end", range(1, len(WHOLE)))
def test_a_body_that_was_cut_off_anywhere_begins_as_the_whole_would(end):
    laid_out = pretty(WHOLE[:end] + "…")
    assert laid_out.endswith("…")
    assert json.dumps(BODY, indent=2).startswith(laid_out.removesuffix("…").rstrip())


def test_what_is_no_json_stays_as_it_is():
    assert pretty("<html>{no}…") == "<html>{no}…"
