"""``gaterun baseline accept`` and ``tighten``: move a stored baseline, and say how."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from gaterun.cli.find_baseline import refuse_other_phase
from gaterun.cli.workspace import Opened, PhaseName, workspace_options
from gaterun.core.accept import Move, Step, lacking, steps, taken
from gaterun.core.aside import written_aside
from gaterun.core.baseline import moved
from gaterun.core.baseline_place import baseline_path
from gaterun.core.freshness import moved_on
from gaterun.core.git import Git
from gaterun.core.lock import take
from gaterun.core.metrics_file import MetricsFile, altered, read_file, text_of
from gaterun.core.store import Store
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.metrics_document import MetricsDocument, from_record
from gaterun.model.phase import Phase
from gaterun.model.record import RunRecord
from gaterun.model.verdict import ExitCode

_WHICH = click.argument("which", nargs=-1, metavar="[NODE|METRIC]...")
_RUN = click.option(
    "--run",
    "run_id",
    default="",
    metavar="ID",
    help="A run; the newest, of this tree, if not said.",
)


@click.command(
    name="accept",
    epilog="""\b
Examples:
  gaterun baseline accept phase7 7.3::clippy --reason "the new lint, #42"
  gaterun baseline accept phase7 clippy.warnings --reason "the new lint, #42"
""",
)
@click.argument("phase", type=PhaseName())
@_WHICH
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever reads a report.")
@_RUN
@workspace_options
def accept(opened: Opened, *, phase: str, which: tuple[str, ...], reason: str, run_id: str) -> int:
    """Take the values of the newest run of PHASE into its baseline, with the reason and the date.

    NODE is a task, a gate or a node id: the metrics of it that a condition compares. METRIC is
    any metric, as `gaterun diff` calls it. Without either, all metrics that are compared. A
    value that is not better needs a reason, which every report then shows.
    """
    with _changing(opened, phase, which, run_id) as it:
        lacking(it.run, it.wanted if which else ())
        chosen = [step for step in it.steps if step.move is not Move.SAME]
        unexplained = [step for step in chosen if step.move is not Move.BETTER]
        reason = " ".join(reason.split())
        if unexplained and not reason:
            worse = "; ".join(f"{step.id} {_told(step)}" for step in unexplained[:5])
            raise UsageError(
                f"what is not better needs a reason: {worse}",
                help="--reason TEXT says it to everyone who reads a report",
            )
        it.write(chosen, reason=reason)
        for step in it.steps:
            word = "unchanged" if step.move is Move.SAME else "accepted"
            click.echo(f"{word:<10} {step.id} {_told(step)}")
        it.say(len(chosen))
    return int(ExitCode.OK)


@click.command(
    name="tighten",
    epilog="""\b
Example:
  gaterun baseline tighten phase7
""",
)
@click.argument("phase", type=PhaseName())
@_WHICH
@_RUN
@workspace_options
def tighten(opened: Opened, *, phase: str, which: tuple[str, ...], run_id: str) -> int:
    """Move the baseline of PHASE to the values of its newest run where they are better.

    Never to a worse one: a metric with one new finding, or one part that is worse, stays as it
    is, and it is said why.
    """
    with _changing(opened, phase, which, run_id) as it:
        lacking(it.run, it.wanted if which else ())
        chosen = [step for step in it.steps if step.move is Move.BETTER]
        it.write(chosen)
        for step in it.steps:
            word = "tightened" if step.move is Move.BETTER else "kept"
            click.echo(f"{word:<10} {step.id} {_told(step)}")
        it.say(len(chosen))
    return int(ExitCode.OK)


class _Change(Struct, frozen=True, kw_only=True):
    path: Path
    file: MetricsFile
    run: MetricsDocument
    wanted: tuple[tuple[str, str], ...]
    steps: list[Step]

    def write(self, chosen: list[Step], *, reason: str = "") -> None:
        """Write the baseline with the steps that are taken; it is not touched for none."""
        if not chosen:
            return
        today = datetime.now(UTC).date().isoformat()
        plain = taken(self.file.plain, self.run, chosen, reason=reason, date=today)
        try:
            with written_aside(self.path) as aside:
                aside.write_text(text_of(plain), "utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {error.strerror}") from error

    def say(self, changed: int) -> None:
        """What became of the file."""
        if changed:
            click.echo(
                f"wrote {self.path}, {changed} of {len(self.steps)} from run {self.run.run.id}"
            )
        else:
            click.echo(f"{self.path} is as it was")


@contextmanager
def _changing(opened: Opened, name: str, which: tuple[str, ...], run_id: str) -> Iterator[_Change]:
    """A baseline, and what a recorded run would make of it; nobody else changes it meanwhile."""
    phase = opened.phase(name)
    store = opened.store()
    path = baseline_path(phase, opened.root, store)
    record = _run(phase, store, run_id)
    run = from_record(record)
    lock = take(
        store.path / "locks",
        f"baseline-{phase.id}",
        alone=True,
        stopped=lambda: False,
        waiting=lambda _: click.echo("waiting: somebody else changes the baseline", err=True),
    )
    try:
        file = _file(phase, path, run)
        base = Git(opened.root).commit(phase.base) if phase.base else None
        stale = moved(file.document, base, phase.base)
        if stale:
            raise UsageError(f"{path} is out of date: {stale}")
        wanted = _wanted(phase, run, which)
        if not run_id:
            _refuse_moved_on(opened, phase, record, {node for node, _ in wanted})
        found = steps(
            file.document,
            run,
            wanted,
            broken=frozenset(file.broken),
            tolerance={
                (gate.node_id, metric): tolerance
                for gate in phase.requirements
                for metric, tolerance in gate.tolerance.items()
            },
        )
        # A value that was edited by hand is replaced by a measured one, or stops everything.
        left = tuple(key for key in file.broken if key not in {step.id for step in found})
        if left:
            raise altered(str(path), left)
        _refuse_unkept(phase, found)
        yield _Change(path=path, file=file, run=run, wanted=wanted, steps=found)
    finally:
        os.close(lock)


def _run(phase: Phase, store: Store, run_id: str) -> RunRecord:
    record = store.find(run_id) if run_id else store.latest(phase.id)
    if record is None:
        raise UsageError(f"phase '{phase.id}' has not been run here", help=f"gaterun {phase.id}")
    if record.phase != phase.id:
        raise UsageError(f"run {record.id} is of phase '{record.phase}', not '{phase.id}'")
    return record


def _refuse_moved_on(opened: Opened, phase: Phase, record: RunRecord, nodes: set[str]) -> None:
    """Refuse values of a tree that is no longer this one: nobody looked at what is accepted.

    Raises:
        UsageError: what a gate measured has changed since.
    """
    from gaterun.cli.looking import look

    here = look(opened, phase)
    same_tree = here.tree is not None and here.tree.summary.digest == record.tree.digest
    results = {result.node_id: result for result in record.results if result.node_id in nodes}
    for gate in phase.requirements:
        result = results.get(gate.node_id)
        if result is None:
            continue
        why = moved_on(result, here.binder.bind(gate), same_tree=same_tree)
        if why:
            raise UsageError(
                f"{gate.node_id}: {why} since run {record.id}",
                help=f"measure it again: gaterun {phase.id}; "
                f"or take that run by its name: --run {record.id}",
            )


def _file(phase: Phase, path: Path, run: MetricsDocument) -> MetricsFile:
    if path.exists():
        file = read_file(path, name=phase.outputs.baseline or str(path))
        refuse_other_phase(phase, path, file.document)
        return file
    if phase.base:
        raise UsageError(
            f"phase '{phase.id}' has no baseline yet", help=f"gaterun baseline {phase.id}"
        )
    # A phase that began nowhere begins here.
    document = msgspec.structs.replace(run, role="baseline", metrics={})
    return MetricsFile(plain=msgspec.to_builtins(document), document=document, broken=())


def _wanted(
    phase: Phase, run: MetricsDocument, which: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    gates = [gate for gate in phase.requirements if not gate.gate.self_comparing]
    compared = [(gate, metric) for gate in gates for metric in gate.compared]
    if not compared and not which:
        raise UsageError(
            f"no condition of phase '{phase.id}' compares with a baseline",
            help="name metrics, or add ratchet, improve or scope to a gate",
        )
    if not which:
        return tuple((gate.node_id, metric) for gate, metric in compared)
    found: list[tuple[str, str]] = []
    for name in which:
        fitting = [
            (gate.node_id, metric)
            for gate, metric in compared
            if name in {gate.task, gate.id, gate.node_id}
        ]
        if not fitting:
            fitting = [
                (gate.node_id, metric.name)
                for gate in gates
                for metric in gate.gate.metrics
                if name in {f"{gate.id}.{metric.name}", f"{gate.node_id}.{metric.name}"}
            ]
        if not fitting:
            known = [*(gate.node_id for gate, _ in compared), *run.metrics]
            raise UsageError(
                f"'{name}' is neither a metric nor a gate that is compared with the baseline",
                help=nearest(name, known),
            )
        found += fitting
    return tuple(dict.fromkeys(found))


def _refuse_unkept(phase: Phase, found: list[Step]) -> None:
    tracked = {(gate.node_id, name) for gate in phase.requirements for name in gate.tracked}
    for step in found:
        if step.after.known is None and (step.after.node_id, step.after.metric) in tracked:
            raise UsageError(
                f"the newest run did not keep the findings of {step.id}",
                help=f"run it again: gaterun {phase.id} {step.after.node_id}",
            )


def _told(step: Step) -> str:
    what = step.shown if step.move is not Move.SAME else step.shown.partition(" to ")[0]
    kind = {Move.WORSE: "worse", Move.OTHER: "not comparable", Move.FIRST: "new"}.get(step.move, "")
    why = f": {step.why}" if step.why else ""
    return f"{what} ({kind}{why})" if kind else what
