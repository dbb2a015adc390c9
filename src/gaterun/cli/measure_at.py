"""Measures a phase at a revision, in a checkout of its own, for ``baseline`` and ``--baseline``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gaterun.core.git import Git
from gaterun.model.errors import CannotMeasure, NothingSelected, UsageError
from gaterun.model.event import Event
from gaterun.model.phase import Phase, Requirement
from gaterun.model.record import RunRecord

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.core.store import Store


def takes_baseline(gate: Requirement) -> bool:
    """Whether a gate is measured at the base: one that does so itself is not."""
    return not gate.gate.self_comparing and not gate.skip


def measure_at(
    opened: Opened,
    phase: Phase,
    gates: Sequence[Requirement],
    ref: str,
    *,
    store: Store,
    jobs: int | None,
    tell: Callable[[Event], None],
    begin: Callable[[str], None],
) -> RunRecord:
    """Measure `gates` at a revision and record the run; nothing is judged, no hook is run.

    Args:
        ref: a revision, or ``merge-base:REF``.
        jobs: gates at once; as configured when ``None``.
        begin: told the commit before anything is measured.

    Raises:
        UsageError: there is no such revision, or no repository.
        NothingSelected: no gate takes a baseline.
    """
    from gaterun.core.scratch import held
    from gaterun.core.session import RunOptions, Session

    wanted = tuple(_unjudged(gate) for gate in gates if takes_baseline(gate))
    if not wanted:
        raise NothingSelected(f"no gate of phase '{phase.id}' takes a baseline")
    git = Git(opened.root)
    with held(store.path / "scratch") as scratch:
        commit = git.commit(ref)
        try:
            tree = git.checkout(commit or ref, scratch)
        except CannotMeasure as error:
            raise UsageError(error.message, help=error.help) from error
        # Named by its commit: in the checkout, branches and HEAD are others.
        begin(commit or ref)
        return Session(
            phase=replace(_unordered(phase, wanted), base=commit or ref),
            chosen=wanted,
            plugins=opened.plugins,
            root=tree,
            store=store,
            options=RunOptions(
                jobs=jobs or opened.config.settings.jobs or max(2, os.cpu_count() or 2),
                argv=tuple(sys.argv),
                role="baseline",
            ),
            tell=tell,
            environment=opened.config.environment,
        ).run()


def _unjudged(gate: Requirement) -> Requirement:
    return replace(gate, require=(), improve=(), ratchet=(), floor={}, needs=())


def _unordered(phase: Phase, gates: tuple[Requirement, ...]) -> Phase:
    """At the base nothing waits for anything: what fails there is what the phase is for."""
    tasks = tuple(
        replace(task, needs=(), gates=tuple(g for g in gates if g.task == task.id))
        for task in phase.tasks
    )
    wide = tuple(g for g in gates if g.task not in {task.id for task in phase.tasks})
    return replace(phase, tasks=tasks, gates=wide)
