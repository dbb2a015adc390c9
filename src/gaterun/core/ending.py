"""What may end the program: signals, after it has cleaned up, and no plugin.

Plugins run in the process whose exit code says whether a phase passed. ``os._exit(0)`` in a
gate, or in a library that it calls, would be a pass of everything that was not measured yet.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

#: What ends or replaces a process without unwinding it; the others of `os` are made of these.
_WAYS = ("_exit", "execv", "execve")


def signals() -> tuple[signal.Signals, ...]:
    """INT, TERM, and HUP, which a terminal sends that is closed; not HUP where nohup ignores it."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN:
        return signal.SIGINT, signal.SIGTERM
    return signal.SIGINT, signal.SIGTERM, hangup


def guard() -> None:
    """From now on, what ends this process without unwinding raises `SystemExit` instead.

    Whoever called it is then treated as one that crashed: no verdict for a gate. A child that
    was forked ends as it wishes. Code that is not Python's can still end the process; so can a
    signal, which is never exit 0.
    """
    for name in _WAYS:
        setattr(os, name, _refusing(name, getattr(os, name), os.getpid()))


def _refusing(name: str, real: Callable[..., Any], process: int) -> Callable[..., Any]:
    def refuse(*arguments: Any) -> Any:
        if os.getpid() != process:
            return real(*arguments)
        raise SystemExit(f"os.{name} is not for plugins: it would end the whole run")

    return refuse
