"""How a test of a fault ends: nothing the practices were promised is broken."""

from datetime import date

from devtools.faults.invariants import violations
from sage_sandbox.handle import SandboxHandle


def assert_sound(
    handle: SandboxHandle, *, drained: bool = True, polled: bool = False, billed_until: date | None = None
) -> None:
    """Fails with every broken promise in words; see `devtools.faults.invariants.violations`."""
    broken = violations(handle, drained=drained, polled=polled, billed_until=billed_until)
    assert not broken, "\n".join(map(str, broken))
