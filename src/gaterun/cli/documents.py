"""Keeps what other documents say about a phase current: a block in a roadmap, single numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gaterun.core.aside import written_aside
from gaterun.core.markers import BadMarkersError, Place, with_block, with_values
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError

if TYPE_CHECKING:
    from gaterun.core.integration import Integration
    from gaterun.model.record import RunRecord


def write_roadmap(
    path: Path, name: str, record: RunRecord, beside: Integration | None, *, err: bool
) -> None:
    """Put the phase's block into a roadmap.

    A roadmap without a place for it, or with two, is left alone, and the block is printed.

    Args:
        name: the file as the phase names it.
        beside: how the phase's tasks stand, where somebody has looked.
        err: standard output has a report on it.
    """
    from gaterun.reporters.completion import roadmap

    lines = roadmap(record, beside)
    try:
        before = _read(path, name)
        after = with_block(before, record.phase, lines)
    except (BadMarkersError, UsageError) as problem:
        line = f":{problem.line}" if isinstance(problem, BadMarkersError) and problem.line else ""
        click.echo(f"{name}{line} was left alone: {problem}", err=True)
        block = (f"<!-- gaterun:begin {record.phase} -->", *lines, "<!-- gaterun:end -->")
        click.echo("\n".join(block), err=err)
        return
    _write(path, name, before, after, err=err)


def write_numbers(names: Sequence[str], record: RunRecord, *, err: bool) -> None:
    """Put the measured values into documents, at the places that ask for them.

    Nothing is written when one of them asks for what the run has not measured.

    Raises:
        UsageError: as `with_numbers`; a document cannot be written.
    """
    for path, name, before, after in with_numbers(names, record):
        _write(path, name, before, after, err=err)


def with_numbers(names: Sequence[str], record: RunRecord) -> list[tuple[Path, str, str, str]]:
    """Documents with the measured values in them: path, name, text before and after.

    Raises:
        UsageError: a document cannot be read, or its markers are wrong, or ask for an unknown
            metric.
    """
    values = _values(record)
    changed = []
    for name in names:
        path = Path.cwd() / name
        before = _read(path, name)

        def value(place: Place, name: str = name) -> str:
            if place.name not in values:
                raise UsageError(
                    f"{name}:{place.line}: run {record.id} has no metric '{place.name}'",
                    help=nearest(place.name, sorted(values)),
                )
            return values[place.name]

        try:
            after = with_values(before, value)
        except BadMarkersError as problem:
            raise UsageError(f"{name}:{problem.line}: {problem}") from problem
        changed.append((path, name, before, after))
    return changed


def _values(record: RunRecord) -> dict[str, str]:
    """Every measured value as people read it, by the id of its metric."""
    from gaterun.model.metrics_document import metric_ids
    from gaterun.reporters import cells, figures

    ids = metric_ids(record.results)
    return {
        ids[result.node_id, name]: cells.prose(figures.figure(metric.measured.value, metric.unit))
        for result in record.results
        for name, metric in result.metrics.items()
    }


def _read(path: Path, name: str) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8") from error


def _write(path: Path, name: str, before: str, after: str, *, err: bool) -> None:
    if after == before:
        click.echo(f"{name} is up to date", err=err)
        return
    try:
        with written_aside(path) as aside:
            aside.write_bytes(after.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}", err=err)
