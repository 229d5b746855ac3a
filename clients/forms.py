"""Forms about clients and their people."""

from typing import Any

from django import forms

from clients.models import Client, ContactPerson
from practices.forms import COUNTRIES

FIELDS = [
    "name",
    "kind",
    "company_number",
    "vat_number",
    "phone",
    "address_line_1",
    "address_line_2",
    "city",
    "region",
    "postal_code",
    "country",
]


class ClientForm(forms.ModelForm):
    """A client's particulars."""

    country = forms.ChoiceField(choices=COUNTRIES, initial="GB")
    #: Set by the second press of Save, once the likely matches were shown.
    is_another = forms.BooleanField(label="This is another client, add it all the same", required=False)

    class Meta:
        model = Client
        fields = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["is_another"]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not any(character.isalnum() for character in name):
            raise forms.ValidationError("Enter a name with at least one letter or digit.")
        return name

    def clean_company_number(self) -> str:
        return "".join(self.cleaned_data["company_number"].upper().split())

    def clean_vat_number(self) -> str:
        return "".join(self.cleaned_data["vat_number"].upper().split())

    def clean_postal_code(self) -> str:
        return " ".join(self.cleaned_data["postal_code"].upper().split())


class PersonForm(forms.ModelForm):
    """One contact person of a client."""

    class Meta:
        model = ContactPerson
        fields = ["name", "email", "phone", "is_signatory"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("is_signatory") and not cleaned.get("email") and "email" not in self.errors:
            self.add_error("email", "Whoever signs proposals needs an e-mail address.")
        return cleaned


PeopleFormSet = forms.modelformset_factory(ContactPerson, PersonForm, extra=1, max_num=10, can_delete=True)
