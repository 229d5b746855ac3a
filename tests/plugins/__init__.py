"""Plugins of the test run, listed in `tests/conftest.py`."""
