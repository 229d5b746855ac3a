"""What a client chooses from an offer: one package, and the add-ons that go with it."""

from dataclasses import dataclass

from django.db.models import BigIntegerField, F
from django.db.models.functions import Coalesce

from proposals import errors
from proposals.documents import Document, chosen_lines
from proposals.models import Proposal

#: By which number the document that was shown calls an option or a line.
SHOWN = Coalesce(F("shown_as"), F("pk"), output_field=BigIntegerField())


@dataclass(frozen=True, slots=True)
class Choice:
    """A package and add-ons by the ids they have in the document; no package where there are none."""

    option: int | None = None
    add_ons: frozenset[int] = frozenset()


def check_choice(document: Document, choice: Choice) -> None:
    """Raises `ChoiceMissing` where a package has to be chosen, and `UnknownChoice` for what is not offered with it."""
    options = {option["id"] for option in document.get("options", [])}
    if options and choice.option is None:
        raise errors.ChoiceMissing
    if choice.option is not None and choice.option not in options:
        raise errors.UnknownChoice
    if not choice.add_ons <= {line["id"] for line in add_ons_of(document, choice.option)}:
        raise errors.UnknownChoice


def add_ons_of(document: Document, option: int | None) -> list[Document]:
    """The lines that can be taken or left with this package."""
    every = {line["id"] for line in document["lines"] if line.get("is_optional")}
    return [line for line in chosen_lines(document["lines"], option, every) if line.get("is_optional")]


def usual_choice(document: Document) -> Choice:
    """What is shown before anybody has chosen: the first package without add-ons."""
    options = document.get("options", [])
    return Choice(options[0]["id"] if options else None)


def settled_choice(proposal: Proposal) -> Choice:
    """What the first signatory has chosen; nothing before they sign."""
    taken = proposal.lines.filter(is_optional=True, is_taken=True)
    chosen = proposal.chosen_option
    option = (chosen.shown_as or chosen.pk) if chosen else None
    return Choice(option, frozenset(taken.values_list(SHOWN, flat=True)))


def keep_choice(proposal: Proposal, choice: Choice) -> None:
    """Write down what the first signatory chose of a locked proposal; raises as `check_choice` does."""
    check_choice(proposal.document, choice)
    proposal.chosen_option = (
        None if choice.option is None else proposal.options.alias(shown=SHOWN).get(shown=choice.option)
    )
    proposal.save(update_fields=["chosen_option"])
    add_ons = proposal.lines.filter(is_optional=True)
    add_ons.update(is_taken=False)
    add_ons.alias(shown=SHOWN).filter(shown__in=choice.add_ons).update(is_taken=True)
