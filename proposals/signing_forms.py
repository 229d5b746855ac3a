"""Forms of signing: a client's signature and choice, one recorded for the client, declining, a question."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from clients.models import ContactPerson
from proposals.choices import Choice, add_ons_of, usual_choice
from proposals.documents import Document
from proposals.drawings import Strokes, read_drawing
from proposals.models import Proposal
from proposals.turns import whose_turn


class ChoiceForm(forms.Form):
    """The package and the add-ons; shown only to whoever signs first."""

    option = forms.TypedChoiceField(
        label="Package", coerce=int, required=False, empty_value=None, widget=forms.RadioSelect
    )
    add_ons = forms.TypedMultipleChoiceField(
        label="Add-ons", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.document = document
        options: forms.TypedChoiceField = self.fields["option"]  # type: ignore[assignment]
        options.choices = [(each["id"], each["name"]) for each in document.get("options", [])]
        add_ons: forms.TypedMultipleChoiceField = self.fields["add_ons"]  # type: ignore[assignment]
        every = [line for line in document["lines"] if line.get("is_optional")]
        add_ons.choices = [(line["id"], line["name"]) for line in every]

    def choice(self) -> Choice:
        """What was chosen, as far as it makes sense together; the first package where nothing was."""
        self.is_valid()
        chosen = getattr(self, "cleaned_data", {})
        option = chosen.get("option") or usual_choice(self.document).option
        offered = {line["id"] for line in add_ons_of(self.document, option)}
        return Choice(option, frozenset(chosen.get("add_ons", [])) & offered)


class SignForm(forms.Form):
    """A signature: who signs, and the name typed in full; a drawing beside it where the browser can draw."""

    document_sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    signatory = forms.ModelChoiceField(
        ContactPerson.objects.none(), label="Who are you?", widget=forms.RadioSelect, empty_label=None
    )
    signed_name = forms.CharField(
        label="Type your full name to sign",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autocapitalize": "words"}),
    )
    asks_early_start = forms.BooleanField(
        label="Please begin before the time to cancel is over. I know that I pay for what is done until I cancel.",
        required=False,
    )
    drawing = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60_000)

    def __init__(
        self, *args: Any, proposal: Proposal, person: ContactPerson | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        asked = [signatory.person for signatory in proposal.signatories.select_related("person")]
        turn = [signatory.person for signatory in whose_turn(proposal)]
        if person:
            turn = asked = [person]
        field: forms.ModelChoiceField[ContactPerson] = self.fields["signatory"]  # type: ignore[assignment]
        # Somebody who has signed may press the button twice, but is not offered again.
        field.queryset = ContactPerson.objects.filter(pk__in=[each.pk for each in asked])
        if len(turn) == 1:
            field.widget = forms.HiddenInput()
        else:
            field.widget.choices = [(each.pk, each.name) for each in turn]
        field.initial = turn[0].pk if turn else None
        self.fields["document_sha256"].initial = proposal.document_sha256
        if not proposal.document.get("has_right_to_cancel"):
            del self.fields["asks_early_start"]

    def clean_drawing(self) -> Strokes:
        return read_drawing(self.cleaned_data["drawing"])


class SignForClientForm(SignForm):
    """A signature that the practice records, with the reason."""

    reason = forms.CharField(
        label="How did the client accept?",
        help_text="For example “agreed by telephone on 3 March”. Kept with the signature.",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signatory"].label = "Who accepted?"
        self.fields["signed_name"].label = "Name of the person who accepted"
        self.fields["signed_name"].widget.attrs = {"autocomplete": "off"}
        del self.fields["drawing"]
        proposal: Proposal = kwargs["proposal"]
        self.document = proposal.document
        if proposal.document and not proposal.signatures.exists():
            offered = ChoiceForm(document=proposal.document).fields
            self.fields |= {name: field for name, field in offered.items() if list(field.choices)}  # type: ignore[attr-defined]

    def choice(self) -> Choice:
        """The package and the add-ons that the client took."""
        return Choice(self.cleaned_data.get("option"), frozenset(self.cleaned_data.get("add_ons", [])))


class QuestionForm(forms.Form):
    """A question about a proposal."""

    name = forms.CharField(
        label="Your name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    question = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


class DeclineForm(forms.Form):
    """Why a proposal was declined or lost."""

    reason = forms.CharField(label="Reason", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"].strip()
        if not reason:
            raise ValidationError("Please give a reason.")
        return reason
