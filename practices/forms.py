"""Forms about practices and their people."""

from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest

from practices.api_keys import RESOURCES
from practices.colours import readable_colour
from practices.mail import one_line
from practices.mail_kinds import MailKind
from practices.models import MailWording, Membership, Practice, PracticeProfile, User
from practices.operations import open_practice
from practices.placeholders import unknown_in
from practices.plain_limits import RULES_FOR_PASSWORDS
from practices.rich_text import sanitised
from practices.webhook_models import WebhookEndpoint

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


class OperatorReasonForm(forms.Form):
    """Why an operator of the service enters a practice; the practice reads it."""

    reason = forms.CharField(
        min_length=10,
        max_length=300,
        help_text="A sentence with the ticket or the call it is about. The practice reads it in its activity.",
    )


class JoinForm(forms.Form):
    """A new account for the address an invitation was sent to."""

    name = forms.CharField(label="Your name", max_length=100)
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=RULES_FOR_PASSWORDS,
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


class WebhookForm(forms.Form):
    """An address that is told of events."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://hooks.example.com/ignition"}),
    )
    events = forms.MultipleChoiceField(
        label="Tell it when", choices=WebhookEndpoint.Event.choices, widget=forms.CheckboxSelectMultiple
    )


class ProfileForm(forms.ModelForm):
    """What letters, messages and PDFs say about the practice."""

    website = forms.URLField(required=False, assume_scheme="https")
    brand_colour = forms.CharField(
        label="Colour of messages and PDFs",
        max_length=7,
        validators=[readable_colour],
        help_text="Dark enough to be read on white.",
        widget=forms.TextInput(attrs={"type": "color"}),
    )

    class Meta:
        model = PracticeProfile
        exclude = ["practice"]  # noqa: DJ006 - a profile is nothing but these fields, and each is shown
        widgets = {
            "address": forms.Textarea(attrs={"rows": 4}),
            "insurer_address": forms.Textarea(attrs={"rows": 3}),
        }
        labels = {"region": "Governing law", "reply_to": "Replies go to"}
        help_texts = {
            "sender_name": "The name before the address that messages come from; empty means the practice's name.",
            "sends_plain_text": "Without colours and buttons; links stand as they are. Otherwise both go along.",
            "reply_to": "Where answers to messages arrive; empty means the e-mail address for clients.",
            "region": "The law that your engagement terms name.",
            "supervisory_body": "Who supervises the practice, for example for money laundering.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        region = cast("forms.ChoiceField", self.fields["region"])
        region.choices = [("", "Not chosen"), *PracticeProfile.Region.choices]


class WordingForm(forms.ModelForm):
    """Subject and words of one kind of message; placeholders that are not offered are refused."""

    class Meta:
        model = MailWording
        fields = ["subject", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 12, "data-rich": ""})}

    def __init__(self, *args: Any, kind: MailKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def clean_subject(self) -> str:
        return self._without_problems(one_line(self.cleaned_data["subject"]))

    def clean_body(self) -> str:
        return self._without_problems(sanitised(self.cleaned_data["body"]))

    def _without_problems(self, text: str) -> str:
        if problems := unknown_in(text, self.kind.offered):
            raise forms.ValidationError([problem.why for problem in problems])
        return text
