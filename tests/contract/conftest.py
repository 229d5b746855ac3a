"""Fixtures of the contract tests."""

from tests.contract.recorder import contract, sage_contract

__all__ = ["contract", "sage_contract"]
