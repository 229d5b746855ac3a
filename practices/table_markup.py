"""What the rows of a table say of themselves where a phone lays them out as blocks."""

import re

ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tfoot": "rowgroup", "tr": "row", "td": "cell"}
PART = re.compile(r"<(thead|tbody|tfoot|tr|td|th)(?=[\s>])([^>]*)")
HEADING = re.compile(r"<th\b([^>]*)>(.*?)</th>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
#: A cell that holds a dash alone, as money, in grey or plainly.
NOTHING = re.compile(r'>\s*(?:<span class="(?:soft|amount)">)?—(?:</span>)?\s*</td>')
SPAN = re.compile(r'colspan="(\d+)"')


def with_roles(rows: str) -> str:
    """The rows of a table with the roles their tags have, said aloud.

    A browser forgets them where a style sheet lays the rows out as blocks, and a screen reader then reads words
    without rows and columns.
    """
    return PART.sub(lambda part: _said(part[1], part[2]), rows)


def with_roles_and_labels(rows: str) -> str:
    """The same, and each cell says under which heading it stands, as the headings are out of sight there.

    A heading that only a screen reader sees gives none; a cell that has a label, or spans columns, gets none.
    A cell with nothing but a dash says so (`data-none`): without neighbours above and below it tells nobody anything.
    """
    labels = _labels(rows.partition("</thead>")[0])
    place = 0

    def said(part: re.Match[str]) -> str:
        nonlocal place
        tag, attributes = part[1], part[2]
        if tag == "tr":
            place = 0
        elif tag in ("td", "th"):
            span = int(found[1]) if (found := SPAN.search(attributes)) else 1
            label = labels[place] if place < len(labels) else ""
            place += span
            if label and tag == "td" and span == 1 and "data-label" not in attributes:
                attributes += f' data-label="{label}"'
            if tag == "td" and NOTHING.match(rows, part.end()):
                attributes += " data-none"
        return _said(tag, attributes)

    return PART.sub(said, rows)


def _labels(headings: str) -> list[str]:
    """The words of each column's heading, ready to stand in an attribute."""
    labels: list[str] = []
    for attributes, content in HEADING.findall(headings):
        words = "" if "visually-hidden" in content else " ".join(TAG.sub(" ", content).split())
        span = int(found[1]) if (found := SPAN.search(attributes)) else 1
        labels += [words.replace('"', "&quot;")] * span
    return labels


def _said(tag: str, attributes: str) -> str:
    role = ROLES.get(tag) or ("rowheader" if 'scope="row"' in attributes else "columnheader")
    return f'<{tag}{attributes.rstrip()} role="{role}"'
