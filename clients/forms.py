"""Forms about clients and what is kept about them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from clients import identifiers
from clients.models import Client, ClientGroup, ClientSettings, ContactPerson
from clients.operations.records import BASICS
from clients.queries import members_of_practice
from practices.forms import COUNTRIES
from practices.models import User
from practices.tenancy import acting_practice_id

FIELDS = [
    *BASICS,
    "registered_line_1",
    "registered_line_2",
    "registered_city",
    "registered_region",
    "registered_postal_code",
    "manager",
    "partner",
    "tells_manager",
    "tells_partner",
    "also_tells",
    "emails_invoices",
    "emails_reminders",
    "is_collected",
    "terms_days",
    "invoice_day",
    "invoice_layout",
]


class DateInput(forms.DateInput):
    """A date as browsers pick it."""

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d", attrs={"type": "date"})


class MemberField(forms.ModelChoiceField):
    """A member of the practice whose scope is open; `offer_members` fills it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.none(), required=False, empty_label="Nobody", **kwargs)

    def offer_members(self, also: int | None = None) -> None:
        """Offer the practice's members, and whoever is chosen already."""
        members = [user.pk for user in members_of_practice(acting_practice_id())]
        self.queryset = User.objects.filter(pk__in=[*members, also] if also else members).order_by("name")


class ClientForm(forms.ModelForm):
    """A client's particulars."""

    country = forms.ChoiceField(choices=COUNTRIES, initial="GB")
    manager = MemberField()
    partner = MemberField()
    tag_names = forms.CharField(
        label="Tags", max_length=400, required=False, help_text="Words of your own, separated by commas."
    )
    #: Set by the second press of Save, once the likely matches were shown.
    is_another = forms.BooleanField(label="This is another client, add it all the same", required=False)

    class Meta:
        model = Client
        fields = FIELDS
        widgets = {"also_tells": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "company_number": "Eight characters, as at Companies House.",
            "invoice_day": "If empty, its recurring invoices are dated on the practice's invoice day.",
            "invoice_layout": "On your own PDF. In Sage each service keeps its line and its account.",
            "terms_days": "If empty, its invoices are due as the practice's terms say.",
            "also_tells": "E-mail addresses that are told of acceptances beside manager and partner.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layout = self.fields["invoice_layout"]
        assert isinstance(layout, forms.ChoiceField)  # noqa: S101 - the model's choices make it one
        layout.choices = [("", "As the practice has it"), *Client.Layout.choices]
        for name in ("manager", "partner"):
            field = self.fields[name]
            assert isinstance(field, MemberField)  # noqa: S101 - declared above
            field.offer_members(getattr(self.instance, f"{name}_id"))
        if self.instance.pk:
            del self.fields["is_another"]
            self.initial["tag_names"] = ", ".join(self.instance.tags.values_list("name", flat=True))

    @property
    def tags(self) -> list[str]:
        """The words that were typed as tags."""
        return str(self.cleaned_data["tag_names"]).split(",")

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not any(character.isalnum() for character in name):
            raise forms.ValidationError("Enter a name with at least one letter or digit.")
        return name

    def clean_company_number(self) -> str:
        return str(self._checked(identifiers.company_number, self.cleaned_data["company_number"]))

    def clean_utr(self) -> str:
        return str(self._checked(identifiers.utr, self.cleaned_data["utr"]))

    def clean_also_tells(self) -> str:
        return "\n".join(self._checked(identifiers.emails, self.cleaned_data["also_tells"]))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        country = cleaned.get("country", "GB")
        for name, check in (
            ("vat_number", identifiers.vat_number),
            ("postal_code", identifiers.postcode),
            ("registered_postal_code", identifiers.postcode),
            ("phone", identifiers.phone),
        ):
            # A number that was kept before the checks were is not in the way of another change.
            if name in cleaned and name in self.changed_data:
                try:
                    cleaned[name] = check(cleaned[name], country)
                except identifiers.Malformed as error:
                    self.add_error(name, str(error))
        return cleaned

    @staticmethod
    def _checked(check: Callable[[str], Any], text: str) -> Any:
        try:
            return check(text)
        except identifiers.Malformed as error:
            raise ValidationError(str(error)) from error


class PersonForm(forms.ModelForm):
    """One contact person of a client."""

    class Meta:
        model = ContactPerson
        fields = ["name", "email", "phone", "is_signatory", "is_primary", "receives_invoices"]

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if "phone" not in self.changed_data:
            return phone
        try:
            return identifiers.phone(phone)
        except identifiers.Malformed as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("is_primary"):
            cleaned["is_signatory"] = True
        if not cleaned.get("email") and "email" not in self.errors:
            if cleaned.get("is_signatory"):
                self.add_error("email", "Whoever signs proposals needs an e-mail address.")
            elif cleaned.get("receives_invoices"):
                self.add_error("email", "Whoever receives invoices needs an e-mail address.")
        return cleaned


class BasePeopleFormSet(forms.BaseModelFormSet):
    """The contact persons of one client; at most one is the primary signatory."""

    def clean(self) -> None:
        super().clean()
        primary = [
            form
            for form in self.forms
            if form.cleaned_data.get("is_primary") and not form.cleaned_data.get("DELETE")
        ]
        for form in primary[1:]:
            form.add_error("is_primary", "Only one person is the primary signatory.")


PeopleFormSet = forms.modelformset_factory(
    ContactPerson, PersonForm, formset=BasePeopleFormSet, extra=1, max_num=10, can_delete=True
)


class NoteForm(forms.Form):
    """A note about a client."""

    body = forms.CharField(label="Note", max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))


class FileForm(forms.Form):
    """A file to keep with a client."""

    file = forms.FileField(
        label="File", allow_empty_file=True, help_text="PDF, JPEG, PNG, Word, Excel, CSV or plain text."
    )


class ImportForm(forms.Form):
    """A file of clients."""

    file = forms.FileField(
        label="CSV file", widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"})
    )


class ReviewForm(forms.Form):
    """The outcome of a client's money laundering checks."""

    status = forms.ChoiceField(label="State", choices=Client.Aml.choices)
    reviewer = MemberField(label="Checked by")
    on = forms.DateField(label="Checked on", required=False, widget=DateInput())
    next_on = forms.DateField(
        label="Next review",
        required=False,
        widget=DateInput(),
        help_text="After this day the checks no longer hold.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reviewer"]
        assert isinstance(field, MemberField)  # noqa: S101 - declared above
        field.offer_members(self.initial.get("reviewer"))


class ClientSettingsForm(forms.ModelForm):
    """How the practice keeps clients."""

    class Meta:
        model = ClientSettings
        fields = ["aml_before_acceptance", "aml_before_billing"]


class GroupForm(forms.Form):
    """A group's name."""

    name = forms.CharField(label="Group name", max_length=100)


class MemberForm(forms.Form):
    """A client that joins a group, found by its exact name so that thousands need no menu."""

    client = forms.CharField(
        label="Client", max_length=100, help_text="The client's whole name, or a word that only it has."
    )

    def clean_client(self) -> Client:
        words: str = self.cleaned_data["client"]
        current = Client.objects.current()
        found = list(current.named(words)[:2]) or list(current.matching(words)[:2])
        if not found:
            raise ValidationError("No client has this name. Try fewer letters.")
        if len(found) > 1:
            raise ValidationError("Several clients have this name. Type more of it.")
        return found[0]


class ChooseGroupForm(forms.Form):
    """The group a client is in."""

    group = forms.ModelChoiceField(ClientGroup.objects.all(), required=False, empty_label="No group")
