"""Asks gates what they would change, and changes it: only when told to, and only what they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from gaterun.core.aside import written_aside
from gaterun.core.glob import glob_matcher
from gaterun.core.measure import Bench
from gaterun.model.edit import Edit
from gaterun.model.errors import CannotMeasure
from gaterun.model.phase import Requirement
from gaterun.model.verdict import Reason

#: Folders in which nobody mends anything.
_KEPT = frozenset({".git", ".gaterun"})


class Fix(Struct, frozen=True, kw_only=True):
    """What one gate would change, or why it cannot say.

    Attributes:
        left: paths that it would change too, and that another gate changes otherwise; to be
            asked for again once that is written.
    """

    requirement: Requirement
    edits: tuple[Edit, ...] = ()
    left: tuple[str, ...] = ()
    refusal: CannotMeasure | None = None


def fixes(
    bench: Bench,
    chosen: Sequence[Requirement],
    protected: Sequence[str],
    progress: Callable[[str], None],
) -> list[Fix]:
    """Ask each gate of `chosen`; nothing is written.

    Args:
        protected: globs of files that the phase allows nobody to change in passing.
        progress: told the node id of the gate that is asked.
    """
    found: list[Fix] = []
    taken: dict[str, Edit] = {}
    for requirement in chosen:
        progress(requirement.node_id)
        try:
            edits = bench.fix(
                requirement.gate,
                requirement.options,
                name=f"fix::{requirement.node_id}",
                timeout=requirement.timeout,
                progress=_quiet,
            )
            for edit in edits:
                _check(bench.root, edit, requirement.gate.name, protected)
        except CannotMeasure as refusal:
            found.append(Fix(requirement=requirement, refusal=refusal))
            continue
        wanted = [edit for edit in edits if edit.after != edit.before]
        left = [edit.path for edit in wanted if taken.get(edit.path, edit) != edit]
        new = [edit for edit in wanted if edit.path not in taken]
        taken |= {edit.path: edit for edit in new}
        found.append(Fix(requirement=requirement, edits=tuple(new), left=tuple(left)))
    return found


def write(root: Path, edits: Iterable[Edit]) -> None:
    """Change the files: all are looked at first, and each takes its place as a whole.

    Raises:
        CannotMeasure: a file is not what the gate has read (``tree-changed``).
        OSError: one cannot be written.
    """
    wanted = sorted(edits, key=lambda edit: edit.path)
    for edit in wanted:
        _check_unchanged(root, edit)
    for edit in wanted:
        with written_aside(root / edit.path) as aside:
            aside.write_bytes(edit.after.encode("utf-8", "surrogateescape"))
            _check_unchanged(root, edit)


def unified_diff(edit: Edit) -> str:
    """The edit as a patch that ``git apply`` and ``patch -p1`` take."""
    from difflib import unified_diff as difference

    before, after = _lines(edit.before or ""), _lines(edit.after)
    # A name with a space in it ends with a tab, as git writes it.
    name = f"{edit.path}\t" if " " in edit.path else edit.path
    old = "/dev/null" if edit.before is None else f"a/{name}"
    lines = difference(before, after, fromfile=old, tofile=f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """Lines as ``diff`` has them: nothing but a line feed ends one."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _check(root: Path, edit: Edit, gate: str, protected: Sequence[str]) -> None:
    parts = edit.path.split("/")
    confined = (
        edit.path
        and "\0" not in edit.path
        and not Path(edit.path).is_absolute()
        and not {"", ".", ".."} & set(parts)
        and (root / edit.path).resolve().is_relative_to(root.resolve())
    )
    if not confined:
        raise CannotMeasure(
            Reason.CRASHED,
            f"gate '{gate}' wants to change {edit.path!r}, which is not below the workspace root",
        )
    inside = (root / edit.path).resolve().relative_to(root.resolve())
    if _KEPT & {*parts, *inside.parts}:
        raise CannotMeasure(
            Reason.CRASHED,
            f"gate '{gate}' wants to change {edit.path}, which is git's or gaterun's",
        )
    names = {edit.path, inside.as_posix()}
    if any(glob_matcher(glob)(name) for glob in protected for name in names):
        raise CannotMeasure(
            Reason.UNDECIDED,
            f"it would change {edit.path}, which the phase protects",
            help="change it by hand",
        )
    _check_unchanged(root, edit)


def _check_unchanged(root: Path, edit: Edit) -> None:
    path = root / edit.path
    try:
        now = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        now = None
    except OSError as error:
        raise CannotMeasure(
            Reason.INCOMPLETE, f"{edit.path} cannot be read: {error.strerror}"
        ) from error
    if now != edit.before:
        raise CannotMeasure(
            Reason.TREE_CHANGED,
            f"{edit.path} has changed meanwhile",
            help="run the command again",
        )


def _quiet(text: str) -> None:
    del text
