"""Forms about practices and their people."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest

from practices.api_keys import RESOURCES
from practices.models import Membership, Practice, User
from practices.operations import open_practice

COUNTRIES = [("GB", "United Kingdom"), ("IE", "Ireland"), ("AU", "Australia"), ("NZ", "New Zealand")]


class PracticeSignupForm(forms.Form):
    """What signing up asks for beside e-mail address and password."""

    name = forms.CharField(label="Your name", max_length=100)
    practice_name = forms.CharField(max_length=100)

    def signup(self, _request: HttpRequest, user: User) -> None:
        """Called by allauth once the user exists."""
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        open_practice(user, self.cleaned_data["practice_name"])


class PracticeOpenForm(forms.Form):
    """For a person who can sign in but belongs to no practice."""

    practice_name = forms.CharField(max_length=100)


class JoinForm(forms.Form):
    """A new account for the address an invitation was sent to."""

    name = forms.CharField(label="Your name", max_length=100)
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least ten characters.",
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password

    def save(self) -> User:
        """The person, who can sign in from now on."""
        return User.objects.create_user(
            self.email, self.cleaned_data["password"], name=self.cleaned_data["name"]
        )


class InviteForm(forms.Form):
    """A colleague to be."""

    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.STAFF)


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.ChoiceField(choices=Membership.Role.choices)


class PracticeForm(forms.ModelForm):
    """The practice's particulars."""

    country = forms.ChoiceField(choices=COUNTRIES)

    class Meta:
        model = Practice
        fields = ["name", "country", "vat_number", "invoice_day", "owners_need_second_factor"]


class ApiKeyForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(label="What uses it", max_length=60)
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[
            (f"{resource}:{act}", f"{verb} {words}")
            for resource, words in RESOURCES.items()
            for act, verb in (("read", "Read"), ("write", "Change"))
        ],
        widget=forms.CheckboxSelectMultiple,
    )
