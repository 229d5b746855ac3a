"""Forms about personal data."""

from typing import Any

from django import forms

from clients.models import Client
from ignition.models import RetentionSettings


class RetentionForm(forms.ModelForm):
    """How long the practice keeps what."""

    class Meta:
        model = RetentionSettings
        fields = ["documents_years", "mail_months", "work_months"]


class ErasureForm(forms.Form):
    """Why a client's data is erased; its name has to be typed, because there is no way back."""

    reason = forms.CharField(max_length=200, help_text="Such as “Asked for by the client on 3 March”.")
    name = forms.CharField(label="The client's name, to confirm", max_length=100)

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.strip().casefold() != self.client.name.strip().casefold():
            raise forms.ValidationError(f"Type {self.client.name}, as it is written here.")
        return name
