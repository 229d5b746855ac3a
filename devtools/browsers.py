"""Which Chromium drives our pages: one that is installed, never one that is downloaded."""

import os
import shutil
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
ON_A_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
NO_BROWSER = (
    "There is no browser for this: install one (Debian and Ubuntu: sudo apt install chromium; macOS: Chrome) "
    "or set BROWSER_PATH."
)


def find_browser() -> str | None:
    """The path of a Chromium: BROWSER_PATH, else one that is installed, else None."""
    if path := os.environ.get("BROWSER_PATH"):
        return path
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if sys.platform == "darwin":
        return next((path for path in ON_A_MAC if Path(path).exists()), None)
    return None


def launch_arguments() -> list[str]:
    """What Chromium has to be told: no sandbox where it runs as root, and no talking to its maker."""
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*quiet, "--disable-dev-shm-usage", *(["--no-sandbox"] if as_root else [])]
