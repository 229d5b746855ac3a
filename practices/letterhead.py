"""What the practice says about itself on letters, messages and PDFs."""

from dataclasses import dataclass

from practices.models import Practice, PracticeProfile
from practices.remembered import row_of

#: Placeholders that every letter and message offers, and what each stands for.
PRACTICE_PLACEHOLDERS = {
    "practice.name": "Practice name",
    "practice.address": "Practice address",
    "practice.phone": "Practice telephone",
    "practice.email": "Practice e-mail address",
    "practice.website": "Practice website",
    "practice.company_number": "Practice company number",
    "practice.vat_number": "Practice VAT number",
    "practice.principal": "Principal",
    "practice.supervisory_body": "Supervisory body",
    "practice.membership_number": "Firm or membership number",
    "practice.law": "Law that applies",
    "practice.insurer": "Professional indemnity insurer",
    "practice.insurer_address": "Insurer’s address",
    "practice.insured_territory": "Where the insurer’s cover applies",
    "practice.complaints_officer": "Who handles complaints",
    "practice.data_protection_officer": "Who answers for personal data",
    "practice.data_protection_number": "Data protection registration",
}


@dataclass(frozen=True, slots=True)
class Brand:
    """How the practice's messages look and whom an answer reaches."""

    name: str
    colour: str
    reply_to: str
    #: The name that messages come from, and whether they are plain text alone.
    sender: str = ""
    is_plain: bool = False


def profile_of(practice: Practice) -> PracticeProfile:
    """The practice's profile; a blank one, not saved, before anybody has filled it in."""
    return row_of(PracticeProfile) or PracticeProfile(practice=practice)


def brand_of(practice: Practice) -> Brand:
    """The practice's name, colour and address for answers."""
    profile = profile_of(practice)
    return Brand(
        practice.name,
        profile.brand_colour,
        profile.reply_to or profile.email,
        profile.sender_name or practice.name,
        profile.sends_plain_text,
    )


def practice_values(practice: Practice) -> dict[str, str]:
    """The values of `PRACTICE_PLACEHOLDERS`; what is not filled in is empty."""
    profile = profile_of(practice)
    own = {
        "practice.name": practice.name,
        "practice.vat_number": practice.vat_number,
        "practice.law": profile.get_region_display(),
    }
    return {
        key: own[key] if key in own else str(getattr(profile, key.removeprefix("practice.")))
        for key in PRACTICE_PLACEHOLDERS
    }


def letterhead_lines(practice: Practice) -> list[str]:
    """The lines under the practice's name: address, then how to reach it."""
    profile = profile_of(practice)
    lines = [*profile.address.splitlines(), profile.phone, profile.email, profile.website]
    return [line.strip() for line in lines if line.strip()]
