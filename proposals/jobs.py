"""The long work of this app; importing it makes its steps known."""

from proposals import bulk

__all__ = ["bulk"]
