"""How much is lost when a lint or a group of lints is allowed."""

from __future__ import annotations

from gaterun import Severity

#: Groups of which a good part is on by default: allowing one empties most of a report.
_GROUPS = frozenset(
    {
        "clippy::all",
        "clippy::complexity",
        "clippy::correctness",
        "clippy::perf",
        "clippy::style",
        "clippy::suspicious",
        "future_incompatible",
        "nonstandard_style",
        "unused",
        "warnings",
    }
)
#: Groups that are off anyway.
_OFF_ANYWAY = frozenset({"cargo", "nursery", "pedantic", "restriction"})


def weigh(lint: str) -> Severity:
    """The severity of allowing `lint`, a path such as ``clippy::all``, for more than an item.

    >>> weigh("clippy::all").value, weigh("dead-code").value, weigh("clippy::pedantic").value
    ('error', 'warning', 'note')
    """
    name = lint.replace("-", "_")
    if name in _GROUPS:
        return Severity.ERROR
    if name.removeprefix("clippy::") in _OFF_ANYWAY and name.startswith("clippy::"):
        return Severity.NOTE
    return Severity.WARNING


def is_group(lint: str) -> bool:
    """Whether `lint` is a group of which a good part is on by default."""
    return weigh(lint) is Severity.ERROR
