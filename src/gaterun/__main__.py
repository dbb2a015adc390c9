"""Starts gaterun: answers what it knows already, everything else goes to the command line."""

from __future__ import annotations

import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """Entry point of ``gaterun`` and ``python -m gaterun``."""
    if None in {sys.stdin, sys.stdout, sys.stderr}:
        _open_standard_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from gaterun import __version__

        try:
            sys.stdout.write(f"gaterun {__version__}\n")
            sys.stdout.flush()
        except OSError as error:
            from gaterun.cli.kept import unheard

            unheard(error)
        return
    # By default the collector looks after every 700 objects more; what is imported stays, and
    # is walked in vain.
    gc.set_threshold(50_000, 20, 20)
    try:
        os.getcwd()  # noqa: PTH109 - nothing else is imported yet
    except OSError:
        sys.stderr.write(
            "error: the folder that gaterun was started in is gone, as when a working tree was "
            "removed\n  help: change to another one\n"
        )
        sys.exit(4)
    from gaterun.cli import kept

    argv = sys.argv[1:]
    started = time.time_ns()
    asked: tuple[tuple[str, ...], str] | None = (*argv,), ""
    if argv == ["hook", "stop"]:
        from gaterun.cli import hook_given

        asked = hook_given.asked(argv)
    if asked is not None:
        found = kept.recall(*asked)
        if found.answer is not None:
            text, code = found.answer
            _drop()
            kept.give(text)
            _end(code)  # also where nobody reads the answer to its end
        if found.plan is not None:
            from gaterun.cli.planned import answered

            if (again := answered(argv, asked[0], found.plan, started)) is not None:
                _drop()
                _end(again)
        _drop()
    from gaterun.cli.main import run
    from gaterun.cli.notes import Notes
    from gaterun.core import ending

    ending.guard()
    starts = not kept.shows(argv)
    notes = Notes(asked[0], starts=starts, started=started) if asked is not None else None
    _end(run(argv, notes))


def _end(code: int) -> NoReturn:
    """Exit; the collector need not look for the last time at all that was imported."""
    gc.freeze()
    sys.exit(code)


def _drop() -> None:
    """Nobody waits for what git was asked, if it was."""
    if (asked := sys.modules.get("gaterun.core.tree_key")) is not None:
        asked.drop()


def _open_standard_streams() -> None:
    """Give a standard stream that was closed (``gaterun phase7 >&-``) to nobody.

    Otherwise the next file that is opened becomes standard output.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


def cargo_main() -> None:
    """Entry point of ``cargo-gaterun``: cargo passes the subcommand's name first."""
    if sys.argv[1:2] == ["gaterun"]:
        del sys.argv[1]
    main()


if __name__ == "__main__":
    main()
