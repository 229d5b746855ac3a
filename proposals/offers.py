"""An offer as the client's page shows it: with one choice of package and add-ons, and what each would come to."""

from proposals.choices import Choice, add_ons_of, settled_choice
from proposals.documents import Document, chosen_lines, payments_of, readable
from proposals.models import Proposal

Groups = list[dict[str, object]]


def offer_for(document: Document, choice: Choice) -> Document:
    """The document for a page, amounts as Decimal: `payments` and `groups` of this choice, `packages`, `add_ons`."""
    lines = document["lines"]
    agreed = chosen_lines(lines, choice.option, choice.add_ons)
    shown: Document = readable(
        document
        | {
            "payments": payments_of(agreed),
            "groups": _grouped(agreed),
            "packages": [
                option
                | {
                    "is_chosen": option["id"] == choice.option,
                    "payments": payments_of(chosen_lines(lines, option["id"], set())),
                    "lines": [line for line in lines if line["option"] == option["id"]],
                }
                for option in document["options"]
            ],
            "add_ons": [
                line | {"is_chosen": line["id"] in choice.add_ons}
                for line in add_ons_of(document, choice.option)
            ],
        }
    )
    return shown


def agreed_document(proposal: Proposal) -> Document:
    """The document of a sent proposal; once somebody has signed, with the lines and payments that were chosen alone."""
    document: Document = proposal.document
    if not proposal.signatures.exists():
        return document
    choice = settled_choice(proposal)
    lines = chosen_lines(document["lines"], choice.option, choice.add_ons)
    return document | {"lines": lines, "payments": payments_of(lines)}


def _grouped(lines: list[Document]) -> Groups:
    groups: dict[str, list[Document]] = {}
    for line in lines:
        groups.setdefault(line["heading"], []).append(line)
    return [{"heading": heading, "lines": rows} for heading, rows in groups.items()]
