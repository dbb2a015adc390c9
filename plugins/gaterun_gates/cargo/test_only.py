"""Tells items that only tests use from items that nothing uses, by counting compilations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gaterun_gates.cargo import diagnostics
from gaterun_gates.cargo.lints import Identity
from gaterun_gates.cargo.messages import Line
from gaterun_gates.cargo.targets import Key


@dataclass(slots=True)
class Compilations:
    """How often each finding was said in one message stream.

    A target with unit tests is compiled twice, with and without them, and cargo's messages
    do not tell which of the two they belong to.

    Attributes:
        said: by target, then by finding.
        tested: targets that were compiled with their unit tests too.
    """

    said: dict[Key, Counter[Identity]] = field(default_factory=lambda: defaultdict(Counter))
    tested: set[Key] = field(default_factory=set)


def count_compilations(lines: Iterable[Line], root: Path) -> Compilations:
    """Count the warnings of a message stream.

    Args:
        lines: the stream.
        root: the workspace root.
    """
    found = Compilations()
    plain: set[Key] = set()
    with_tests: set[Key] = set()
    for line in lines:
        if line.target is None:
            continue
        key = (line.package_id, line.target.kind[0], line.target.name)
        if line.message is not None and line.message.level == "warning":
            found.said[key][diagnostics.identity(line.message, line.package_id, root)] += 1
        elif line.reason == "compiler-artifact" and line.profile is not None:
            (with_tests if line.profile.test else plain).add(key)
    found.tested = plain & with_tests
    return found


def only_for_tests(everything: Compilations, shipped: Compilations) -> frozenset[Identity]:
    """The findings about what is unused in what ships, and used once tests are compiled in.

    Args:
        everything: a run over all targets.
        shipped: the same over libraries and binaries only, without their tests.
    """
    used: set[Identity] = set()
    unused: set[Identity] = set()
    for key, findings in shipped.said.items():
        for identity in findings:
            once = everything.said[key][identity] == 1
            (used if key in everything.tested and once else unused).add(identity)
    return frozenset(used - unused)
