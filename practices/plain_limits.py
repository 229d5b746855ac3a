"""What forms say of a value that is too long, too large or too fine: how much it may be, in so few words."""

from django.core import validators

#: What is asked of a password (`AUTH_PASSWORD_VALIDATORS`), wherever one is chosen.
RULES_FOR_PASSWORDS = (
    "At least ten characters, not digits alone, nothing many people use, and not like your name or address."
)
#: Django's validators, and what each says from now on.
LIMITS = {
    validators.MinValueValidator: "At least %(limit_value)s.",
    validators.MaxValueValidator: "At most %(limit_value)s.",
    validators.StepValueValidator: "In steps of %(limit_value)s.",
    validators.MinLengthValidator: "At least %(limit_value)d characters; this has %(show_value)d.",
    validators.MaxLengthValidator: "At most %(limit_value)d characters; this has %(show_value)d.",
}
DIGITS = {
    "invalid": "Enter a number.",
    "max_digits": "At most %(max)s digits in all.",
    "max_decimal_places": "At most %(max)s digits after the point.",
    "max_whole_digits": "At most %(max)s digits before the point.",
}


def say_limits_plainly() -> None:
    """Let every form and model of this process say them so."""
    for validator, words in LIMITS.items():
        validator.message = words
    validators.DecimalValidator.messages = DIGITS
