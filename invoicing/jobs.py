"""The long work of this app; importing it makes its steps known."""

from invoicing import bulk_acts, uplifts

__all__ = ["bulk_acts", "uplifts"]
