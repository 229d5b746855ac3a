"""Documents as plain values: what was sent and what is stored read the same, and every change is told."""

from decimal import Decimal

import pytest

from sage_integration.differences import line_key, open_keys, rows_between
from sage_integration.sync.snapshots import (
    changed_fields,
    fingerprint_of_snapshot,
    same,
    snapshot_of,
    snapshot_of_payload,
)

PAYLOAD = {
    "contact_id": "c1",
    "date": "2027-03-10",
    "due_date": "2027-03-24",
    "invoice_lines": [
        {
            "description": "Bookkeeping",
            "ledger_account_id": "a1",
            "tax_rate_id": "GB_STANDARD",
            "quantity": Decimal("2.50"),
            "unit_price": Decimal("40.00"),
            "tax_amount": Decimal("20.00"),
        }
    ],
}
STORED = {
    "id": "s1",
    "contact": {"id": "c1", "displayed_as": "Acme Ltd"},
    "invoice_number": "SI-4",
    "date": "2027-03-10",
    "due_date": "2027-03-24",
    "net_amount": Decimal("100.0"),
    "tax_amount": Decimal("20.0"),
    "invoice_lines": [
        {
            "id": "l1",
            "description": "Bookkeeping",
            "ledger_account": {"id": "a1"},
            "tax_rate": {"id": "GB_STANDARD"},
            "quantity": Decimal("2.5"),
            "unit_price": Decimal("40.0"),
            "net_amount": Decimal("100.0"),
            "tax_amount": Decimal("20.0"),
        }
    ],
}


def stored(**changes) -> dict:
    return {**STORED, **changes}


def stored_line(**changes) -> dict:
    return stored(invoice_lines=[{**STORED["invoice_lines"][0], **changes}])


def test_what_was_sent_and_what_sage_answers_read_the_same():
    assert same(snapshot_of_payload(PAYLOAD), snapshot_of(STORED))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        (stored(date="2027-03-11"), "date"),
        (stored(due_date="2027-03-25"), "due_date"),
        (stored(contact={"id": "c2", "displayed_as": "Acme Holdings"}), "contact"),
        (stored(net_amount=Decimal(101)), "net"),
        (stored(tax_amount=Decimal("19.99")), "vat"),
        (stored(invoice_lines=[]), "lines"),
        *[
            (stored_line(**{name: value}), "lines")
            for name, value in [
                ("description", "Book-keeping"),
                ("ledger_account", {"id": "a2"}),
                ("tax_rate", {"id": "GB_LOWER"}),
                ("quantity", Decimal(3)),
                ("unit_price", Decimal("40.01")),
                ("tax_amount", Decimal("19.99")),
            ]
        ],
    ],
)
def test_p11_every_change_of_a_field_is_told_and_changes_the_fingerprint(changed, field):
    before, after = snapshot_of(STORED), snapshot_of(changed)
    assert changed_fields(before, after) == [field]
    assert fingerprint_of_snapshot(before) != fingerprint_of_snapshot(after)


def test_sages_ids_of_lines_and_names_of_contacts_are_no_difference():
    renamed = stored_line(id="l2")
    renamed["contact"] = {"id": "c1", "displayed_as": "Acme Limited"}
    assert same(snapshot_of(STORED), snapshot_of(renamed))


def test_a_row_of_a_list_tells_nothing_of_lines():
    row = {name: value for name, value in STORED.items() if name != "invoice_lines"}
    assert "lines" not in snapshot_of(row)
    assert same(snapshot_of(STORED), snapshot_of(row))


def test_p11_what_has_to_be_chosen_is_what_is_not_the_same_on_both_sides():
    ours, copied = snapshot_of_payload(PAYLOAD), snapshot_of(STORED)
    assert open_keys(ours, copied, copied) == set()
    theirs = snapshot_of(
        stored(due_date="2027-04-01", invoice_lines=[*STORED["invoice_lines"], *STORED["invoice_lines"]])
    )
    assert open_keys(ours, copied, theirs) == {"due_date", line_key(1)}
    assert open_keys(ours, copied, {}) == set()


def test_the_likelier_side_is_the_one_that_alone_was_changed():
    agreed = {"tax_point": "2027-03-10", "due_on": "2027-03-24", "net": "100.00", "vat": "20.00", "lines": []}
    copied = snapshot_of(STORED)
    theirs = snapshot_of(stored(due_date="2027-04-01"))
    ours = {**copied, "date": "2027-03-09", "due_date": "2027-03-30"}
    rows = {row.key: row for row in rows_between(agreed, ours, copied, theirs, {}) if row.key}
    assert (rows["date"].side, rows["due_date"].side) == ("ours", "")
    only_theirs = {row.key: row for row in rows_between(agreed, copied, copied, theirs, {}) if row.key}
    assert (only_theirs["due_date"].side, only_theirs["due_date"].is_open) == ("theirs", True)
    assert not only_theirs["date"].is_open


def test_amounts_beside_each_other_are_written_with_their_thousands():
    line = {"name": "Audit", "quantity": "2", "unit_price": "1500.5", "net": "3001.00", "vat": "600.20"}
    agreed = {"tax_point": "2027-03-10", "due_on": "", "net": "3001.00", "vat": "600.20", "lines": [line]}
    rows = {row.label: row.agreed.text for row in rows_between(agreed, {}, {}, {}, {})}
    assert (rows["Net"], rows["VAT"]) == ("£3,001.00", "£600.20")
    assert rows["Line 1"] == "Audit: 2 × £1,500.50 = £3,001.00 + £600.20 VAT"
