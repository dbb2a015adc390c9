"""Starts gaterun: answers ``--version`` itself, everything else goes to the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of ``gaterun`` and ``python -m gaterun``."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from gaterun import __version__

        sys.stdout.write(f"gaterun {__version__}\n")
        return
    from gaterun.cli.main import run

    sys.exit(run(sys.argv[1:]))


def cargo_main() -> None:
    """Entry point of ``cargo-gaterun``: cargo passes the subcommand's name first."""
    if sys.argv[1:2] == ["gaterun"]:
        del sys.argv[1]
    main()


if __name__ == "__main__":
    main()
