"""The long work of this app; importing it makes its steps known."""

from services import csv_rows

__all__ = ["csv_rows"]
