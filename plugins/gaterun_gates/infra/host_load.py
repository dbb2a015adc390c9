"""How busy the machine is with other things while something is timed."""

from __future__ import annotations

import re
from pathlib import Path

_AVERAGE = re.compile(r"^some avg10=(\d+(?:\.\d+)?)", re.MULTILINE)


def parse_pressure(text: str) -> float | None:
    """The share of the last ten seconds in which something had to wait, as a fraction.

    Args:
        text: a file of Linux' pressure stall information, such as ``/proc/pressure/cpu``.

    >>> parse_pressure("some avg10=12.50 avg60=3.00 avg300=1.00 total=1")
    0.125
    """
    match = _AVERAGE.search(text)
    return float(match[1]) / 100 if match else None


def cpu_pressure() -> float | None:
    """CPU pressure now; ``None`` where the system does not tell."""
    try:
        return parse_pressure(Path("/proc/pressure/cpu").read_text("ascii", "replace"))
    except OSError:
        return None


def steal() -> float:
    """Seconds that the hypervisor gave to other machines since boot; 0 where unknown."""
    import psutil

    return float(getattr(psutil.cpu_times(), "steal", 0.0))


def processors() -> int:
    """Number of processors that this process may use."""
    import os

    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
