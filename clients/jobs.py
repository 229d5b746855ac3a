"""The long work of this app; importing it makes its steps known."""

from clients import bulk, import_steps, twin_finder

__all__ = ["bulk", "import_steps", "twin_finder"]
