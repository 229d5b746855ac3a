"""The parts of the practice's engagement letter, and what goes into one proposal's."""

from collections.abc import Sequence
from datetime import date

from practices import audit
from practices.models import User
from practices.rich_text import sanitised
from proposals.models import BrochureBlock, Proposal, ProposalBlock, ProposalLetter, Terms
from proposals.operations.locks import locked_editable
from services.models import Service

Part = Terms.Part


def write_terms(
    body: str,
    *,
    by: User,
    part: str = Part.TERMS,
    service: Service | None = None,
    review_by: date | None = None,
) -> Terms:
    """The words of a part that are sent from now on: a new version, or the current one when nothing changed.

    Saving the starter wording unchanged is a review, so it makes a version too. What was sent keeps its own.
    """
    # The first version of the standard terms is there for good, so two people writing at once take turns at it.
    Terms.objects.select_for_update().filter(part=Part.TERMS).order_by("version").first()
    body = sanitised(body)
    current = Terms.objects.filter(part=part, service=service).order_by("-version").first()
    same = current and (current.body, current.review_by) == (body, review_by)
    if current and same and not current.is_starter_wording:
        found: Terms = current
        return found
    version = current.version + 1 if current else 1
    terms: Terms = Terms.objects.create(
        part=part, service=service, version=version, body=body, written_by=by, review_by=review_by
    )
    audit.record("terms.written", terms, version=version, part=part)
    return terms


def save_block(block: BrochureBlock) -> BrochureBlock:
    """A brochure block, new or changed, recorded; proposals that were sent keep its old words."""
    block.body = sanitised(block.body)
    before = BrochureBlock.objects.select_for_update().filter(pk=block.pk).first()
    block.save()
    changes = audit.changes_between(before, block, ("title", "body")) if before else {}
    audit.record(
        "brochure.changed" if before else "brochure.added", block, title=block.title, changes=changes
    )
    return block


def archive_block(block: BrochureBlock) -> BrochureBlock:
    """A brochure block that is not offered any more; proposals that have it keep it."""
    block.is_archived = True
    block.save(update_fields=["is_archived"])
    audit.record("brochure.archived", block, title=block.title)
    return block


def choose_letter(
    proposal: Proposal, *, has_right_to_cancel: bool, blocks: Sequence[BrochureBlock]
) -> ProposalLetter:
    """What goes into a draft's letter: the optional clause and the brochure blocks; raises `NotADraft`."""
    proposal = locked_editable(proposal)
    letter, _ = ProposalLetter.objects.update_or_create(
        proposal=proposal, defaults={"has_right_to_cancel": has_right_to_cancel}
    )
    letter.chosen.all().delete()
    ProposalBlock.objects.bulk_create(
        ProposalBlock(letter=letter, block=block, position=position) for position, block in enumerate(blocks)
    )
    audit.record("proposal.letter_chosen", proposal, right_to_cancel=has_right_to_cancel, blocks=len(blocks))
    return letter
