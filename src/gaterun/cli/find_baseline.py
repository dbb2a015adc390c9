"""Finds the metrics to compare with: a file, a recorded run, a revision, or the phase's own."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gaterun.core.baseline_place import baseline_path
from gaterun.model.errors import NothingSelected, UsageError
from gaterun.model.metrics_document import MetricsDocument, from_record
from gaterun.model.phase import Phase, Requirement

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.core.store import Store

#: What the id of a run begins with; a prefix of one is enough.
_RUN_ID = re.compile(r"\d{8}T\d*")


def find_baseline(
    name: str,
    phase: Phase,
    opened: Opened,
    store: Store,
    gates: Sequence[Requirement] = (),
) -> MetricsDocument | None:
    """The metrics to compare with: as named, else the phase's own baseline, else none.

    Args:
        name: a metrics file, the id of a recorded run or ``last``, or a git revision.
        gates: what is measured where a revision is named, as far as it is compared.

    Raises:
        UsageError: what was named is not there, or it is damaged.
    """
    if name:
        return _named(name, phase, opened, store, gates)
    path = baseline_path(phase, opened.root, store)
    if not path.exists():
        return None
    return own(phase, path)


def own(phase: Phase, path: Path) -> MetricsDocument:
    """The phase's own baseline.

    Raises:
        UsageError: it is damaged, or another phase's.
    """
    from gaterun.core.metrics_file import read_metrics

    document = read_metrics(path, name=phase.outputs.baseline or str(path))
    refuse_other_phase(phase, path, document)
    return document


def refuse_other_phase(phase: Phase, path: Path, document: MetricsDocument) -> None:
    """Refuse the baseline of another phase.

    Raises:
        UsageError: it is one.
    """
    if document.phase != phase.id:
        raise UsageError(
            f"{path} is the baseline of phase '{document.phase}', not '{phase.id}'",
            help="give each phase a baseline of its own in [phase.outputs]",
        )


def _named(
    name: str, phase: Phase, opened: Opened, store: Store, gates: Sequence[Requirement]
) -> MetricsDocument:
    path = Path(name)
    if path.is_file():
        from gaterun.core.metrics_file import read_metrics

        return read_metrics(path)
    if name == "last" or _RUN_ID.match(name):
        return from_record(store.find(name))
    from gaterun.core.git import Git

    git = Git(opened.root)
    if not git.present or git.commit(name) is None:
        raise UsageError(
            f"--baseline {name}: neither a file, nor a run, nor a revision",
            help="runs are named by their id, or `last`; a file by its path",
        )
    return _measured(name, phase, opened, store, gates)


def _measured(
    ref: str, phase: Phase, opened: Opened, store: Store, gates: Sequence[Requirement]
) -> MetricsDocument:
    from gaterun.cli.measure_at import measure_at
    from gaterun.cli.measuring import Measuring

    compared = [gate for gate in gates if gate.compared]
    try:
        with Measuring(opened, sys.stderr, indent="  ") as measuring:
            record = measure_at(
                opened,
                phase,
                compared or gates,
                ref,
                store=store,
                jobs=None,
                tell=measuring.event,
                begin=lambda commit: click.echo(
                    f"measuring the baseline at {commit[:12]}", err=True
                ),
            )
    except NothingSelected as error:
        raise UsageError(
            f"--baseline {ref}: {error.message}",
            help="gates that measure the base themselves do so at the phase's base: --base REF",
        ) from error
    if record.interrupted:
        raise KeyboardInterrupt
    return from_record(record)
