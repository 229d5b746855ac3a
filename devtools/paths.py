"""Where things are. All that ./dev makes is under .dev/, which git ignores."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".dev"
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
TEST_RESULTS = STATE / "test-results.xml"


def in_venv() -> bool:
    """Whether this very process already runs in the project's virtual environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()
