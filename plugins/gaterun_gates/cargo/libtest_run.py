"""Runs test binaries through ``cargo test`` with a runner that has libtest report in JSON."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import gaterun
from gaterun_gates.cargo import libtest
from gaterun_gates.cargo.binaries import Binary
from gaterun_gates.cargo.invocation import Invocation
from gaterun_gates.cargo.outcome import CaseOutcome, Status, cut
from gaterun_gates.cargo.runner import plain_folder, python_command, runner_env

_SHIM = Path(__file__).with_name("runner_shim.py")


def _write_plan(
    folder: Path,
    binaries: Sequence[Binary],
    wanted: Collection[str],
    only: Mapping[str, Sequence[str]],
    limit: float,
    *,
    list_only: bool,
) -> None:
    plan = {
        "limit": limit,
        "list_only": list_only,
        "binaries": {
            os.path.realpath(binary.executable): {
                "file": f"{number:04}",
                "harness": binary.harness,
                "skip": binary.id not in wanted or bool(only and binary.id not in only),
                "only": list(only.get(binary.id, ())) if binary.harness else [],
            }
            for number, binary in enumerate(binaries)
        },
    }
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")


def _status(base: Path, binary: Binary, limit: float) -> int:
    try:
        status = json.loads(base.with_suffix(".json").read_text("utf-8"))["status"]
    except FileNotFoundError:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE, f"{binary.id} was built and not run"
        ) from None
    if status is None:
        suite = libtest.read_events(base.with_suffix(".out").read_bytes().splitlines())
        unfinished = ", ".join(suite.unfinished()[:3]) if binary.harness else ""
        raise gaterun.CannotMeasure(
            gaterun.Reason.TIMEOUT,
            f"{binary.id} did not end within {limit:g} s"
            + (f"; still running: {unfinished}" if unfinished else ""),
            help="raise the option limit, or mend the test that hangs",
        )
    return int(status)


def _ended(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _without_harness(binary: Binary, base: Path, status: int) -> CaseOutcome:
    text = base.with_suffix(".out").read_text("utf-8", "replace") if status else ""
    return CaseOutcome(
        binary=binary.id,
        name=binary.name,
        status=Status.FAILED if status else Status.PASSED,
        output=cut(f"{text}\n{_ended(status)}") if status else "",
    )


def _with_harness(
    binary: Binary, base: Path, status: int, only: Sequence[str]
) -> list[CaseOutcome]:
    with base.with_suffix(".out").open("rb") as stream:
        suite = libtest.read_events(stream)
    listed = libtest.read_list(base.with_suffix(".list").read_text("utf-8", "replace"))
    if only:
        suite.filtered_out = 0
        listed &= frozenset(only)
    why = libtest.incompleteness(suite, listed)
    failed = any(result is Status.FAILED for result, _ in suite.results.values())
    if not why and bool(status) is not failed:
        why = f"its results and its {_ended(status)} contradict each other"
    if why:
        ended = f" ({_ended(status)})" if status < 0 else ""
        raise gaterun.CannotMeasure(gaterun.Reason.INCOMPLETE, f"{binary.id}: {why}{ended}")
    return [
        CaseOutcome(binary=binary.id, name=name, status=result, output=output)
        for name, (result, output) in sorted(suite.results.items())
    ]


@contextlib.contextmanager
def _called(
    ctx: gaterun.Context,
    call: Invocation,
    binaries: Sequence[Binary],
    wanted: Collection[str],
    only: Mapping[str, Sequence[str]],
    *,
    list_only: bool = False,
) -> Iterator[dict[str, Path]]:
    """Have cargo call the binaries through the runner; where each of them left its files."""
    with plain_folder(ctx.scratch) as above:
        folder = above / f"libtest-{len(list(above.iterdir()))}"
        folder.mkdir()
        shim = folder / _SHIM.name
        shim.write_bytes(_SHIM.read_bytes())
        _write_plan(folder, binaries, wanted, only, call.limit, list_only=list_only)
        call.run(
            ctx,
            ["cargo", "test", "--tests", "--no-fail-fast", *call.arguments()],
            runner_env(call.triples, python_command(folder, shim)),
        )
        yield {binary.id: folder / f"{number:04}" for number, binary in enumerate(binaries)}


def run_libtest(
    ctx: gaterun.Context,
    call: Invocation,
    binaries: Sequence[Binary],
    wanted: Collection[str],
    only: Mapping[str, Sequence[str]] | None = None,
) -> list[CaseOutcome]:
    """Run test binaries as cargo runs them: their folder, variables and library path.

    Args:
        ctx: the gate's context.
        call: the workspace, flags and limits.
        binaries: every test binary that cargo is going to run.
        wanted: ids of those to run; the others are passed over.
        only: the tests to run, by binary id; all where ``None``.

    Raises:
        gaterun.CannotMeasure: a binary did not run, did not end in time, or its results are
            not complete.
    """
    only = only or {}
    with _called(ctx, call, binaries, wanted, only) as files:
        outcomes: list[CaseOutcome] = []
        for binary in binaries:
            if binary.id not in wanted or (only and binary.id not in only):
                continue
            base = files[binary.id]
            status = _status(base, binary, call.limit)
            if binary.harness:
                outcomes += _with_harness(binary, base, status, only.get(binary.id, ()))
            else:
                outcomes.append(_without_harness(binary, base, status))
    return outcomes


def list_libtest(
    ctx: gaterun.Context, call: Invocation, binaries: Sequence[Binary]
) -> frozenset[str]:
    """The ids of the tests that the binaries have, ignored ones too, without running any.

    Raises:
        gaterun.CannotMeasure: a binary does not list its tests.
    """
    found: set[str] = set()
    with _called(ctx, call, binaries, [binary.id for binary in binaries], {}, list_only=True) as at:
        for binary in binaries:
            if not binary.harness:
                found.add(f"{binary.id}${binary.name}")
                continue
            if status := _status(at[binary.id], binary, call.limit):
                raise gaterun.CannotMeasure(
                    gaterun.Reason.INCOMPLETE,
                    f"{binary.id} does not list its tests ({_ended(status)})",
                )
            text = at[binary.id].with_suffix(".list").read_text("utf-8", "replace")
            found.update(f"{binary.id}${name}" for name in libtest.read_list(text))
    return frozenset(found)


def run_with_retries(
    ctx: gaterun.Context,
    call: Invocation,
    binaries: Sequence[Binary],
    wanted: Collection[str],
) -> list[CaseOutcome]:
    """Run test binaries, and what failed again, up to ``call.retries`` times.

    Only failed tests are run again, and one that then passes is marked as flaky.
    """
    outcomes = {outcome.id: outcome for outcome in run_libtest(ctx, call, binaries, wanted)}
    for _ in range(call.retries):
        only: dict[str, list[str]] = {}
        for outcome in outcomes.values():
            if outcome.status is Status.FAILED:
                only.setdefault(outcome.binary, []).append(outcome.name)
        if not only:
            break
        for outcome in run_libtest(ctx, call, binaries, wanted, only):
            if outcome.status is Status.PASSED:
                outcomes[outcome.id] = CaseOutcome(
                    binary=outcome.binary, name=outcome.name, status=Status.PASSED, flaky=True
                )
    return list(outcomes.values())
