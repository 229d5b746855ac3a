"""A clock that tests move, and Brook & Co connected to the pretend Sage."""

from tests.integration.sage_integration.conftest import clock, enabled

__all__ = ["clock", "enabled"]
