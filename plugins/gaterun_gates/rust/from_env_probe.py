"""Find out which functions the tests of a workspace run, by making them leave a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import gaterun

if TYPE_CHECKING:
    from pathlib import Path

    from gaterun_gates.rust.from_env_calls import FromEnv

#: Some libtest or nextest line that says tests were run at all.
_RAN = "test result:"


def instrument(data: bytes, places: Sequence[tuple[int, str]]) -> bytes:
    """`data` with a statement at each byte offset that writes the file named beside it."""
    for position, file in sorted(places, reverse=True):
        statement = f' let _ = ::std::fs::write({json.dumps(file)}, b"1"); '.encode()
        data = data[:position] + statement + data[position:]
    return data


def _marks(copy: Path, folder: Path, found: Sequence[FromEnv]) -> dict[FromEnv, Path]:
    marks: dict[FromEnv, Path] = {}
    by_path: dict[str, list[tuple[int, str]]] = {}
    for number, one in enumerate(found):
        # A `const fn` cannot write; a function that a macro makes has no body to be seen.
        if one.body < 0 or one.is_const:
            continue
        marks[one] = folder / str(number)
        by_path.setdefault(one.path, []).append((one.body, str(marks[one])))
    for path, places in by_path.items():
        file = copy / path
        file.write_bytes(instrument(file.read_bytes(), places))
    return marks


def probe(ctx: gaterun.Context, found: Sequence[FromEnv]) -> tuple[set[FromEnv] | None, str]:
    """Run the tests of an instrumented copy of the working tree once.

    Args:
        found: the functions; those outside the workspace's folder are not probed.

    Returns:
        The functions that ran, and an empty text; or ``None`` and why there is no answer.
    """
    copy = ctx.checkout(None)
    folder = ctx.scratch / "ran"
    folder.mkdir(parents=True, exist_ok=True)
    marks = _marks(copy, folder, [one for one in found if not one.path.startswith("../")])
    ctx.progress("running the tests of an instrumented copy")
    target = str(ctx.scratch / "target")
    test = ["cargo", "test", "--workspace", "--color", "never", "--target-dir", target]
    compiled = ctx.run([*test, "--no-run"], cwd=copy)
    if not compiled.ok:
        return None, f"it does not build (exit status {compiled.exit_status})"
    # A test that runs nothing is no proof, and build scripts leave no mark in a clean folder.
    for left in folder.iterdir():
        left.unlink()
    ran = ctx.run([*test, "--no-fail-fast"], cwd=copy)
    if _RAN not in ran.out():
        return None, "no test was run"
    return {one for one, mark in marks.items() if mark.exists()}, ""
