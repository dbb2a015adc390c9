"""Reads which lints belong to a group from ``rustc -W help``."""

from __future__ import annotations

_HEADING = "Lint groups provided by rustc:"


def lints_of_group(text: str, group: str) -> frozenset[str]:
    r"""The lints of one of rustc's groups, by the names that messages have.

    Args:
        text: output of ``rustc -W help``.
        group: its name, ``unused``.

    Raises:
        ValueError: the group is not in the output.

    >>> text = "Lint groups provided by rustc:\n  unused  dead-code, a-b\n"
    >>> sorted(lints_of_group(text, "unused"))
    ['a_b', 'dead_code']
    """
    _, heading, rest = text.partition(_HEADING)
    for line in rest.splitlines() if heading else ():
        name, _, lints = line.strip().partition(" ")
        if name.replace("-", "_") == group.replace("-", "_"):
            found = (lint.strip().replace("-", "_") for lint in lints.split(","))
            return frozenset(lint for lint in found if lint)
    raise ValueError(f"no lint group '{group}'")
