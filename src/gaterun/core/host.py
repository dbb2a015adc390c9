"""The facts of this machine and toolchain that decide whether timings can be compared."""

from __future__ import annotations

import os
import platform
import threading
from pathlib import Path

from gaterun.core.environment import chosen
from gaterun.core.execute import capture
from gaterun.model.errors import CannotMeasure


def facts(root: Path) -> dict[str, str]:
    """Operating system, architecture, processor, cores and Rust toolchain.

    Args:
        root: the workspace, whose ``rust-toolchain.toml`` decides which toolchain it is.

    Returns:
        Facts by name; ``none`` for a tool that is not there.
    """
    return {
        "os": platform.system(),
        "arch": platform.machine(),
        "cpu": _processor(),
        "cores": str(os.cpu_count() or 0),
        "rustc": _version(["rustc", "-V"], root),
        "cargo": _version(["cargo", "-V"], root),
    }


class Probe:
    """Asks for the facts while other things go on.

    Args:
        root: as for `facts`.
    """

    def __init__(self, root: Path) -> None:
        self._found: dict[str, str] = {}
        self._thread = threading.Thread(target=lambda: self._found.update(facts(root)), daemon=True)
        self._thread.start()

    def facts(self, patience: float | None = None) -> dict[str, str]:
        """The facts.

        Args:
            patience: seconds to wait for them; ``None`` waits for as long as it takes.

        Returns:
            Nothing when the patience is over.
        """
        self._thread.join(patience)
        return dict(self._found)


def _version(argv: list[str], root: Path) -> str:
    try:
        status, out, _ = capture(argv, cwd=root, inherit=chosen().given, timeout=60)
    except (OSError, CannotMeasure):
        return "none"
    if status != 0:
        return "none"
    return out.decode("utf-8", "replace").strip().removeprefix(f"{argv[0]} ")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return platform.processor()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor()
