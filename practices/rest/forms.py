"""Input of programs goes through the forms that people use, so that both meet the same rules."""

from typing import Any, TypeVar

from django.db.models import Model
from django.forms import ModelForm, model_to_dict
from rest_framework.exceptions import ValidationError

Row = TypeVar("Row", bound=Model)


def with_input(form_class: type[ModelForm], data: dict[str, Any], row: Row) -> Row:
    """The row with this input, not saved; raises `ValidationError` with the form's words for each field."""
    changed: Row = checked(form_class, data, row).save(commit=False)
    return changed


def checked(form_class: type[ModelForm], data: dict[str, Any], row: Model) -> ModelForm:
    """The form with what the row holds and this input over it; raises `ValidationError` with its words."""
    held = {name: value for name, value in model_to_dict(row).items() if value is not None}
    form = form_class({**held, **data}, instance=row)
    if not form.is_valid():
        raise ValidationError(
            {name: [str(message) for message in messages] for name, messages in form.errors.items()}
        )
    return form
