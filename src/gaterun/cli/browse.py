"""Opens a written report in the browser of whoever sits in front of this machine, if anybody does."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def browse(path: Path) -> bool:
    """Open a file in the browser.

    Returns:
        Whether a browser took it; without a display none is asked, as a text browser would
        take over the terminal.
    """
    if not has_display(os.environ, sys.platform):
        return False
    import webbrowser

    try:
        return webbrowser.open(path.resolve().as_uri())
    except webbrowser.Error:
        return False


def has_display(variables: Mapping[str, str], platform: str) -> bool:
    """Whether a window can be opened; ``BROWSER`` says so itself.

    >>> has_display({}, "linux"), has_display({"DISPLAY": ":0"}, "linux"), has_display({}, "darwin")
    (False, True, True)
    """
    if platform in {"darwin", "win32"}:
        return True
    return any(variables.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
