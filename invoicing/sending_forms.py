"""Forms about e-mails to clients: one invoice sent, and the practice's rules of sending and reminding."""

import re
from typing import Any

from django import forms

from clients.models import Client, ContactPerson
from clients.queries import invoice_recipients
from invoicing.invoice_mail import INVOICE_SENT
from invoicing.models import InvoicingSettings
from invoicing.operations.sending import Words
from practices.mail_kinds import wording_of
from practices.placeholders import unknown_in
from practices.rich_text import plain

MOST_DAYS = 180
MOST_STEPS = 6


class SendForm(forms.Form):
    """Who gets the invoice, and the words it comes with."""

    people = forms.MultipleChoiceField(
        label="Send to",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one person."},
    )
    subject = forms.CharField(max_length=150)
    message = forms.CharField(max_length=5000, widget=forms.Textarea(attrs={"rows": 12}))

    def __init__(self, data: Any = None, *, client: Client) -> None:
        usual = wording_of(INVOICE_SENT)
        initial = {
            "people": [str(person.pk) for person in invoice_recipients(client)],
            "subject": usual.subject,
            "message": plain(usual.body) if "<" in usual.body else usual.body,
        }
        super().__init__(data, initial=initial)
        self.reachable = (
            ContactPerson.objects.filter(client=client, has_left=False).exclude(email="").in_bulk()
        )
        field = self.fields["people"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(str(pk), f"{person.name}, {person.email}") for pk, person in self.reachable.items()]

    def clean_subject(self) -> str:
        return self._offered("subject")

    def clean_message(self) -> str:
        return self._offered("message")

    def _offered(self, name: str) -> str:
        text = str(self.cleaned_data[name])
        for problem in unknown_in(text, INVOICE_SENT.offered):
            raise forms.ValidationError(str(problem))
        return text

    @property
    def chosen(self) -> list[ContactPerson]:
        """Who was ticked."""
        return [self.reachable[int(pk)] for pk in self.cleaned_data["people"]]

    @property
    def words(self) -> Words:
        """Subject and message as entered."""
        return Words(self.cleaned_data["subject"], self.cleaned_data["message"])


class SendingRulesForm(forms.Form):
    """What clients are told about paying, and when."""

    payment_instructions = forms.CharField(
        label="How to pay",
        required=False,
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Printed on every invoice and in its messages: your bank details, or that you collect it yourself.",
    )
    emails_invoices = forms.BooleanField(
        label="E-mail invoices automatically",
        required=False,
        help_text="Each morning, what was issued and not yet sent goes to whoever receives the client's invoices.",
    )
    before = forms.CharField(
        label="Days before the due date to remind",
        required=False,
        max_length=60,
        help_text="Numbers with commas, such as 3; empty for none.",
    )
    after = forms.CharField(
        label="Days after the due date to remind",
        required=False,
        max_length=60,
        help_text="Such as 1, 7, 14; 0 is the due date itself. Reminders stop when the invoice is paid.",
    )

    @classmethod
    def of(cls, settings: InvoicingSettings, data: Any = None) -> "SendingRulesForm":
        """The form with what holds now."""
        days = sorted(int(each) for each in settings.reminder_days)
        initial = {
            "payment_instructions": settings.payment_instructions,
            "emails_invoices": settings.emails_invoices,
            "before": ", ".join(str(-each) for each in reversed(days) if each < 0),
            "after": ", ".join(str(each) for each in days if each >= 0),
        }
        return cls(data, initial=initial)

    def clean_before(self) -> list[int]:
        days = _days(self.cleaned_data["before"])
        if 0 in days:
            raise forms.ValidationError("The due date itself belongs to the days after.")
        return [-each for each in days]

    def clean_after(self) -> list[int]:
        return _days(self.cleaned_data["after"])

    @property
    def rules(self) -> dict[str, Any]:
        """As `set_sending_rules` takes it."""
        cleaned = self.cleaned_data
        return {
            "payment_instructions": cleaned["payment_instructions"],
            "emails_invoices": cleaned["emails_invoices"],
            "reminder_days": [*cleaned["before"], *cleaned["after"]],
        }


def _days(text: str) -> list[int]:
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    if any(not word.isascii() or not word.isdecimal() or len(word) > 3 for word in words):
        raise forms.ValidationError("Enter whole numbers of days with commas between them, such as 1, 7, 14.")
    days = sorted({int(word) for word in words})
    if len(days) > MOST_STEPS or any(each > MOST_DAYS for each in days):
        raise forms.ValidationError(f"At most {MOST_STEPS} reminders, each at most {MOST_DAYS} days away.")
    return days
