"""The long work of this app; importing it makes its steps known."""

from invoicing import uplifts

__all__ = ["uplifts"]
