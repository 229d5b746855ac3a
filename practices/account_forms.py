"""The forms of allauth in our words: an e-mail address and a new password, here as on every other page."""

from typing import Any

from allauth.account import forms as theirs

from practices.plain_limits import RULES_FOR_PASSWORDS

PASSWORDS = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password again",
}


class _InOurWords:
    """Names the fields for the address and a new password as all our forms do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields = self.fields  # type: ignore[attr-defined]  # of the form it is mixed into
        field = fields["login"] if "login" in fields else fields["email"]
        field.label = "E-mail address"
        field.widget.attrs.pop("placeholder", None)
        if "password1" in fields:
            fields["password1"].help_text = RULES_FOR_PASSWORDS


class LoginForm(_InOurWords, theirs.LoginForm):  # type: ignore[misc]  # allauth has no types
    """Signing in."""


class SignupForm(_InOurWords, theirs.SignupForm):  # type: ignore[misc]
    """Opening a practice."""


class AddEmailForm(_InOurWords, theirs.AddEmailForm):  # type: ignore[misc]
    """Another address of the person."""


class ResetPasswordForm(_InOurWords, theirs.ResetPasswordForm):  # type: ignore[misc]
    """A link to choose a new password."""


class _NewPassword:
    """Names its fields in sentences, as all our forms do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields = self.fields  # type: ignore[attr-defined]  # of the form it is mixed into
        for name, label in PASSWORDS.items():
            if name in fields:
                fields[name].label = label
                fields[name].widget.attrs.pop("placeholder", None)
        fields["password1"].help_text = RULES_FOR_PASSWORDS


class ChangePasswordForm(_NewPassword, theirs.ChangePasswordForm):  # type: ignore[misc]
    """Another password."""


class SetPasswordForm(_NewPassword, theirs.SetPasswordForm):  # type: ignore[misc]
    """A first password."""


class ResetPasswordKeyForm(_NewPassword, theirs.ResetPasswordKeyForm):  # type: ignore[misc]
    """A password instead of the one that was forgotten."""
