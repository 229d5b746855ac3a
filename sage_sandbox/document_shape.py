"""The shape of a sales document: its names, its fields in the recorded order, its header figures (FACTS.md 9.7)."""

from dataclasses import dataclass

from sage_sandbox import addresses
from sage_sandbox.books import Books, new_id, short
from sage_sandbox.decimals import sage_string
from sage_sandbox.document_lines import tax_analysis, totals
from sage_sandbox.reference_data import country_group, link
from sage_sandbox.store import Doc


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """The names in which the two kinds of sales document differ."""

    kind: str
    root: str
    noun: str
    transaction_type: str
    lines: str
    number: str
    number_prefix: str
    next_number: str
    prefix_setting: str
    terms_max: int

    def limits(self) -> dict[str, int]:
        """Longest texts of this document (FACTS.md 9.1)."""
        return {
            "reference": 25,
            "notes": 2000,
            "terms_and_conditions": self.terms_max,
            self.number_prefix: 6,
            "contact_name": 255,
            "contact_reference": 255,
        }


def blank(books: Books, kind: DocumentKind, key: str, contact: Doc) -> Doc:
    """The document in the order of the recordings, before figures and texts are set."""
    standard = books.tax_rate(f"{books.country}_STANDARD")
    invoice = kind.kind == "sales_invoices"
    doc: Doc = {
        "id": key,
        "displayed_as": "",
        "$path": f"/{kind.kind}/{key}",
        "created_at": "",
        "updated_at": "",
        "links": [
            {"href": f"/invoicing/{kind.kind}/{key}", "rel": "alternate", "type": "text/html"},
            {
                "href": f"/online_payment/{books.country.lower()}{new_id()}",
                "rel": "bookmark",
                "type": "text/html",
            },
        ][: 2 if invoice else 1],
        "editable": True,
        "vat_reverse_charge": False,
        "tax_calculation_method": None,
        "destination_consignment": False,
        "destination_vat_rates_in_use": False,
        "transaction": None,
        "transaction_type": link("transaction_types", kind.transaction_type),
        "is_cis": False,
        "cis_applicable_amount": None,
        "base_currency_cis_applicable_amount": None,
        "total_after_cis_deduction": None,
        "base_currency_total_after_cis_deduction": None,
        "has_cis_labour": False,
        "has_cis_materials": False,
        "contact": short(contact),
        kind.number_prefix: books.business["invoice_settings"][kind.prefix_setting],
        kind.number: "",
        "contact_name": "",
        "contact_reference": "",
        "date": "",
        ("due_date" if invoice else "original_invoice_date"): None,
        "reference": "",
        **artefact_addresses({}, None),
        "notes": "",
        "terms_and_conditions": "",
        "shipping_net_amount": "0.0",
        "shipping_tax_rate": standard,
        "shipping_tax_amount": "0.0",
        "shipping_tax_breakdown": [],
        "shipping_total_amount": "0.0",
    }
    zeros = (
        "net_amount tax_amount total_amount payments_allocations_total_amount payments_allocations_total_discount"
        " total_paid outstanding_amount"
    )
    doc |= dict.fromkeys(zeros.split(), "0.0")
    doc |= {"currency": contact["currency"], "exchange_rate": "1.0", "inverse_exchange_rate": "1.0"}
    doc |= {
        "base_currency_shipping_net_amount": "0.0",
        "base_currency_shipping_tax_amount": "0.0",
        "base_currency_shipping_tax_breakdown": [],
        "base_currency_shipping_total_amount": "0.0",
    }
    zeros = (
        "total_quantity total_discount_amount base_currency_total_discount_amount base_currency_net_amount"
        " base_currency_tax_amount base_currency_total_amount base_currency_outstanding_amount"
    )
    doc |= dict.fromkeys(zeros.split(), "0.0")
    doc |= {"status": None, "sent": False, "sent_by_email": False, "void_reason": None}
    doc |= {kind.lines: [], "tax_analysis": [], "last_paid": ""}
    if invoice:
        doc |= {"original_quote_estimate": None}
    doc |= {"tax_address_region": None}
    if invoice:
        doc |= {"delivery_performance_date": None}
    doc |= {
        "withholding_tax_rate": None,
        "withholding_tax_amount": None,
        "base_currency_withholding_tax_amount": None,
        "tax_reconciled": False,
        "migrated": False,
    }
    return doc | ({"pas_payment_submission": None} if invoice else {})


def artefact_addresses(main: Doc, delivery: object) -> Doc:
    """Both addresses of a document, from attributes."""
    # The delivery address is silently copied when missing (FACTS.md 9.1).
    second = delivery if isinstance(delivery, dict) and delivery else main
    parts: Doc = {}
    for name, given, type_id in (("main_address", main, "SALES"), ("delivery_address", second, "DELIVERY")):
        country = given.get("country_id") or "GB"
        # Line breaks are recorded as the two characters \n in artefact addresses (FACTS.md 15.23).
        shown = "\\n".join(str(given[line]) for line in addresses.LINES if given.get(line))
        parts[f"{name}_free_form"] = shown
        parts[name] = {
            "id": new_id(),
            "displayed_as": shown,
            "$path": "",
            "address_line_1": given.get("address_line_1") or "",
            "address_line_2": given.get("address_line_2") or "",
            "city": given.get("city") or "",
            "postal_code": given.get("postal_code") or "",
            "country": link("countries", country),
            "address_type": link("address_types", type_id),
            "region": given.get("region") or "",
            "country_group": country_group(country),
        }
    return parts


def add_up(doc: Doc, kind: DocumentKind) -> None:
    """Set the header figures from the lines (FACTS.md 8.3)."""
    sums = totals(doc[kind.lines])
    for name, sum_name in (
        ("net_amount", "net"),
        ("tax_amount", "tax"),
        ("total_amount", "total"),
        ("total_discount_amount", "discount"),
    ):
        doc[name] = doc[f"base_currency_{name}"] = sage_string(sums[sum_name])
    doc["total_quantity"] = sage_string(sums["quantity"])
    doc["tax_analysis"] = tax_analysis(doc[kind.lines])
