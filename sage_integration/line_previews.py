"""What a service's line says in Sage, before anything is sent (F19 to F21)."""

from dataclasses import dataclass

from django.db.models.functions import Length

from sage_integration.descriptions import (
    LINE_LENGTH,
    full_length,
    has_formatting,
    has_table,
    line_description,
)
from services.models import Service

#: As many as fit beside the setting.
SHOWN = 5


@dataclass(frozen=True)
class LinePreview:
    """The text of a line as Sage shows it, and what became of the description on the way."""

    service: Service
    text: str
    length: int
    notes: tuple[str, ...]

    @property
    def is_cut(self) -> bool:
        """Whether not all of it fits a line in Sage."""
        return self.length > LINE_LENGTH


def preview_of(service: Service) -> LinePreview:
    """The line of one service with its description; without a quantity, which an invoice may add."""
    name, description = service.name, service.description
    notes = []
    length = full_length(name, description)
    if length > LINE_LENGTH:
        notes.append(
            f"{length} characters; a line in Sage takes {LINE_LENGTH}. The rest is cut after a whole word, and “…” "
            "shows where."
        )
    if has_table(description):
        notes.append("The table is flattened: its cells follow one another.")
    elif has_formatting(description):
        notes.append("Formatting does not reach Sage; the words do.")
    return LinePreview(service, line_description(name, description), length, tuple(notes))


def previews_of_long_descriptions() -> list[LinePreview]:
    """The longest lines that do not reach Sage as they were written, a few of them."""
    longest = Service.objects.offered().annotate(length=Length("description")).order_by("-length", "pk")
    previews = [preview_of(service) for service in longest[: SHOWN * 4]]
    return [preview for preview in previews if preview.notes][:SHOWN]
