"""What proposals for many clients have in common, and the file that names the clients."""

from datetime import date
from typing import Any

from django import forms

from practices.csv_files import format_of, header_of, open_rows
from practices.errors import DomainError
from proposals.bulk import MOST, Row
from proposals.editor_forms import DateField
from proposals.models import ProposalTemplate
from proposals.operations import Plan

#: How the columns may be called.
COLUMNS = {
    "name": ("client", "client name", "name", "company", "company name"),
    "company_number": ("company number", "number", "company no"),
    "email": ("email", "e-mail", "email address", "e-mail address"),
}


class BulkForm(forms.Form):
    """The template and the dates, and whether the drafts are sent at once."""

    template = forms.ModelChoiceField(
        ProposalTemplate.objects.none(),
        empty_label="Choose a template",
        help_text="Prices are those of the library today.",
    )
    title = forms.CharField(
        label="Internal name", max_length=120, required=False, help_text="Empty: the name of the template."
    )
    starts_on = DateField(label="Starts on")
    valid_until = DateField(label="Valid until")
    sends = forms.BooleanField(
        label="Send them at once",
        required=False,
        help_text="What cannot be sent stays a draft, and its row says why.",
    )
    file = forms.FileField(
        label="Or only those whom a CSV file names",
        required=False,
        help_text="A column “client” with the names, or “company number”, or “email”. Other columns are left alone.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def __init__(self, *args: Any, may_send: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = ProposalTemplate.objects.all()  # type: ignore[attr-defined]
        self.rows: list[Row] = []
        if not may_send:
            del self.fields["sends"]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file:
            try:
                self.rows = rows_of(file)
            except DomainError as problem:
                raise forms.ValidationError(problem.message.replace("imported", "drafted")) from problem
        return file

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts_on, until = cleaned.get("starts_on"), cleaned.get("valid_until")
        if isinstance(until, date) and isinstance(starts_on, date) and until < date(starts_on.year - 1, 1, 1):
            self.add_error("valid_until", "That is long before they start.")
        return cleaned

    @property
    def plan(self) -> Plan:
        """What was entered."""
        entered = self.cleaned_data
        return Plan(
            template=entered["template"],
            title=entered["title"].strip() or entered["template"].name,
            starts_on=entered["starts_on"],
            valid_until=entered["valid_until"],
            sends=entered.get("sends", False),
        )


def rows_of(file: Any) -> list[Row]:
    """What a file says of each client; raises the errors of `practices.csv_files`, or a `ValidationError` in words."""
    with open_rows(file, format_of(file)) as rows:
        header = [name.strip().casefold() for name in header_of(rows)]
        places = {
            key: header.index(name) for key, names in COLUMNS.items() for name in names if name in header
        }
        if not places:
            raise forms.ValidationError(
                "No column of this file is called “client”, “company number” or “email”. Nothing was drafted."
            )
        found: list[Row] = []
        for row in rows:
            cells = {key: row[place][:200] for key, place in places.items() if place < len(row)}
            if any(cells.values()):
                found.append({"name": next(filter(None, cells.values())), **cells})
            if len(found) > MOST:
                raise forms.ValidationError(f"This file names more than {MOST} clients. Split it.")
    if not found:
        raise forms.ValidationError("This file names nobody below its first line. Nothing was drafted.")
    return found
