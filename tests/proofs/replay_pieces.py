"""What each participant of the replayed phase changes: the example's `after`, taken apart by task."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from pathlib import Path

from gaterun.core.controls import git, write_tree

#: What a change in code is about that makes a value configurable, outside of configuration code.
_CONFIGURED = re.compile(r"public_url|mesh\.test|archive|target|db:1|127\.0\.0\.1")

#: The example's two commits, wherever the phase of the replay begins.
_BEFORE, _AFTER = "after^", "after"

#: The file in which 7.2 and 7.3 change the same lines.
CONTESTED = "crates/persistence/src/retention.rs"

#: What 7.3 makes of those lines: a name for the value that 7.2 reads from the environment.
_ADDRESS = '"http://localhost:9000/eventmesh-archive"'
_WRITTEN = f"    let root = {_ADDRESS};\n"
_NAMED = f"    const ROOT: &str = {_ADDRESS};\n    let root = ROOT;\n"


def owner(name: str, lines: str) -> str:
    """The task that a change belongs to.

    Args:
        name: the file.
        lines: those that are taken out and those that are put in.
    """
    if name.startswith((".cargo/", ".github/")):
        return "7.1"
    if name.startswith(("crates/", "cli/")):
        return "7.2" if name.endswith("/config.rs") or _CONFIGURED.search(lines) else "7.3"
    if name == ".env.example" or (name == "docs/configuration.md" and "1.9.0" not in lines):
        return "7.2"
    return "7.4"


def forgotten(name: str, lines: str) -> bool:
    """Whether a change is about the one variable of the 93 that 7.2 forgets at first."""
    return name.startswith("crates/pool/") or "pool.target" in lines


def work(root: Path, folder: Path, task: str, *, on: Collection[str] = (), all_of_it: bool) -> None:
    """Do a task's work in a working tree, in all files that it changes.

    Args:
        root: the example's repository.
        on: tasks whose work is in the tree already.
        all_of_it: whether nothing is forgotten.
    """
    for name in git(root, "diff", "--name-only", _BEFORE, _AFTER).splitlines():
        before, after = _text(root, _BEFORE, name), _text(root, _AFTER, name)
        mine: list[str] = []

        def taken(lines: str, name: str = name, mine: list[str] = mine) -> bool:
            whose = owner(name, lines)
            if whose == task and (all_of_it or not forgotten(name, lines)):
                mine.append(lines)
                return True
            return whose in on

        made = part(before, after, taken)
        if not mine:
            continue
        if not made:
            (folder / name).unlink()
            continue
        if (task, name) == ("7.3", CONTESTED):
            made = made.replace(_WRITTEN, _NAMED)
        write_tree(folder, {name: made})


def part(before: str, after: str, taken: Callable[[str], bool]) -> str:
    """`before` with those of the changes to `after` that are to be taken.

    >>> part("a\\nb\\nc\\n", "A\\nb\\nC\\n", lambda lines: "C" in lines)
    'a\\nb\\nC\\n'
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    made: list[str] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        changed = tag != "equal" and taken("".join((*old[i:j], *new[k:m])))
        made += new[k:m] if changed else old[i:j]
    return "".join(made)


def _text(root: Path, commit: str, name: str) -> str:
    if not git(root, "ls-tree", commit, "--", name):
        return ""
    # With a line end, which `git` strips, as all of the example's files have one.
    return git(root, "show", f"{commit}:{name}") + "\n"
