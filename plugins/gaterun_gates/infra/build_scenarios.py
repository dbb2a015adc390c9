"""The scenarios in which builds are timed: how each is prepared and when a sample is valid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gaterun_gates.infra.build_messages import Build
from gaterun_gates.infra.source_edit import Edit
from gaterun_gates.infra.timed_build import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named way to build.

    Attributes:
        name: the metric's name.
        cached: with the checkout's own wrapper and cache; otherwise with none.
        prepare: called before every build, not timed: the side, its edit, a number that
            is new each time.
        complaint: why what was built does not fit the scenario, given the side's edit; empty
            when it does.
        help: one line of meaning.
        edits: whether a file is edited before each build.
        leaf: the file is one of the least depended-on member.
    """

    name: str
    cached: bool
    prepare: Callable[[Side, Edit | None, int], None]
    complaint: Callable[[Build, Edit | None], str]
    help: str
    edits: bool = False
    leaf: bool = False


def _remove(side: Side, edit: Edit | None, number: int) -> None:
    del edit, number
    side.clean()


def _nothing(side: Side, edit: Edit | None, number: int) -> None:
    del side, edit, number


def _edit(side: Side, edit: Edit | None, number: int) -> None:
    del side
    if edit is not None:
        edit.apply(number)


def _all_made(build: Build, edit: Edit | None) -> str:
    del edit
    return f"{build.fresh} artefacts were there already" if build.fresh else ""


def _none_made(build: Build, edit: Edit | None) -> str:
    del edit
    return f"{build.dirty} artefacts were made again without any edit" if build.dirty else ""


def _as_edited(build: Build, edit: Edit | None) -> str:
    if edit is None:
        return "nothing was edited"
    return edit.complaint(*build.packages())


#: In the order in which they are run: those that edit a file come last.
SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        name="clean",
        cached=False,
        prepare=_remove,
        complaint=_all_made,
        help="clean build without any compiler cache",
    ),
    Scenario(
        name="clean_as_configured",
        cached=True,
        prepare=_remove,
        complaint=_all_made,
        help="clean build with each side's own wrapper, its cache filled once before",
    ),
    Scenario(
        name="no_op",
        cached=True,
        prepare=_nothing,
        complaint=_none_made,
        help="build again without any change",
    ),
    Scenario(
        name="incremental",
        cached=True,
        prepare=_edit,
        complaint=_as_edited,
        help="build after a one-line edit in the most depended-on member",
        edits=True,
    ),
    Scenario(
        name="incremental_leaf",
        cached=True,
        prepare=_edit,
        complaint=_as_edited,
        help="build after a one-line edit in a member that the fewest others need",
        edits=True,
        leaf=True,
    ),
)


def pair_order(number: int, sides: Sequence[Side]) -> list[Side]:
    """The sides in the order of pair `number` (from 0): AB, BA, AB, …, so that drift cancels."""
    return list(sides) if number % 2 == 0 else list(reversed(sides))
