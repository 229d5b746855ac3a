"""Forms about the engagement letter: its parts, brochure blocks, and what goes into one proposal's."""

from typing import Any

from django import forms

from practices.placeholders import unknown_in
from practices.rich_text import as_html, sanitised
from proposals.editor_forms import DateField
from proposals.letters import OFFERED, offered_for
from proposals.models import BrochureBlock, ProposalLetter, Terms


def checked_text(text: str, offered: dict[str, str]) -> str:
    """The harmless text; raises `ValidationError` with every placeholder that is not offered."""
    text = sanitised(text)
    if problems := unknown_in(as_html(text), offered):
        raise forms.ValidationError([problem.why for problem in problems])
    return text


class PartForm(forms.ModelForm):
    """The words of one part of the letter."""

    review_by = DateField(label="Review again by", required=False)

    class Meta:
        model = Terms
        fields = ["body", "review_by"]
        widgets = {"body": forms.Textarea(attrs={"rows": 24, "data-rich": ""})}

    def __init__(self, *args: Any, part: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part = part
        if part == Terms.Part.TERMS:
            self.fields["body"].required = True

    def clean_body(self) -> str:
        return checked_text(self.cleaned_data["body"], offered_for(self.part))


class BlockForm(forms.ModelForm):
    """A brochure block."""

    class Meta:
        model = BrochureBlock
        fields = ["title", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 12, "data-rich": ""})}

    def clean_body(self) -> str:
        return checked_text(self.cleaned_data["body"], OFFERED)


class LetterForm(forms.Form):
    """What goes into one proposal's letter."""

    has_right_to_cancel = forms.BooleanField(
        label="Include the right to cancel",
        required=False,
        help_text="For clients who act as consumers. The client can then ask you to start before the time is over.",
    )
    blocks = forms.ModelMultipleChoiceField(
        BrochureBlock.objects.none(),
        label="Brochure blocks",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, letter: ProposalLetter, chosen: list[BrochureBlock], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {
            "has_right_to_cancel": letter.has_right_to_cancel,
            "blocks": [block.pk for block in chosen],
        }
        field: forms.ModelMultipleChoiceField[BrochureBlock] = self.fields["blocks"]  # type: ignore[assignment]
        kept = [block.pk for block in chosen]
        field.queryset = BrochureBlock.objects.filter(is_archived=False) | BrochureBlock.objects.filter(
            pk__in=kept
        )
        if not field.queryset.exists():
            del self.fields["blocks"]
