"""The long work of this app; importing it makes its steps known."""

from clients import bulk

__all__ = ["bulk"]
