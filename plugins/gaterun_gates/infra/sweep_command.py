"""Recognises cargo-sweep on a command line and what it would remove.

Source: the help text of cargo-sweep 0.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONG_OF = {
    "t": "time",
    "m": "maxsize",
    "i": "installed",
    "f": "file",
    "s": "stamp",
    "d": "dry-run",
}
_VALUED = frozenset({"time", "maxsize", "toolchains"})
#: What makes it remove some files and keep others.
_BOUNDS = frozenset({"time", "maxsize", "installed", "toolchains", "file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A call of cargo-sweep.

    Attributes:
        bounds: the criteria that select files, as long option names.
        dry_run: it only tells what it would remove.
        stamp: it only marks the time for a later ``--file``.
    """

    bounds: tuple[str, ...]
    dry_run: bool
    stamp: bool


def parse_sweep(words: Sequence[str]) -> Sweep | None:
    """Read a command; ``None`` when it is not cargo-sweep.

    >>> parse_sweep(["cargo", "sweep", "-rt", "30"]).bounds
    ('time',)
    >>> parse_sweep(["cargo", "install", "cargo-sweep"]) is None
    True
    """
    arguments = _arguments(words)
    if arguments is None:
        return None
    options = _options(arguments)
    return Sweep(
        bounds=tuple(sorted(_BOUNDS & options)),
        dry_run="dry-run" in options,
        stamp="stamp" in options and not _BOUNDS & options,
    )


def _arguments(words: Sequence[str]) -> list[str] | None:
    program = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if words else ""
    rest = list(words[1:])
    if program == "cargo" and rest and rest[0].startswith("+"):
        rest = rest[1:]
    if program in {"cargo", "cargo-sweep"} and rest[:1] == ["sweep"]:
        return rest[1:]
    return None


def _options(arguments: Sequence[str]) -> set[str]:
    found: set[str] = set()
    pending = list(arguments)
    while pending:
        word = pending.pop(0)
        if word.startswith("--"):
            name, separator, _ = word[2:].partition("=")
            found.update(_valued(name, pending, given=bool(separator)))
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                name = _LONG_OF.get(letter, letter)
                found.update(_valued(name, pending, given=bool(word[index + 1 :])))
                if name in _VALUED:
                    break
    return found


def _valued(name: str, pending: list[str], *, given: bool) -> set[str]:
    """The option, unless the value that it needs is missing."""
    if name in _VALUED and not given:
        if not pending or pending[0].startswith("-"):
            return set()
        pending.pop(0)
    return {name}


def installs_sweep(words: Sequence[str]) -> bool:
    """Whether a command installs cargo-sweep.

    >>> installs_sweep(["cargo", "binstall", "-y", "cargo-sweep@0.7.0"])
    True
    """
    asks = {"install", "binstall", "cargo-binstall", "apt-get", "brew", "nix-env", "mise", "add"}
    return bool(asks.intersection(words)) and any(
        word.rpartition("#")[2].partition("@")[0] == "cargo-sweep" for word in words
    )
