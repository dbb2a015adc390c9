"""Checks that what a plugin returns has the types it should have, before anybody relies on it.

Plugins need no type checker, and a dataclass checks nothing. What would fail later, in the
judge, a report or the record, is the plugin's own crash, and of its gate only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gaterun.model.edit import Edit
from gaterun.model.finding import Finding, Severity
from gaterun.model.gate import Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Change, Measured, Metric, Unit

#: What of a finding is text.
_TEXTS = ("rule", "message", "path", "help", "fingerprint")


def check(gate: Gate, returned: object) -> Measurement:
    """Return what ``measure()`` returned, when it is a measurement of this gate.

    Raises:
        TypeError: it is not; the message says what is.
    """
    if not isinstance(returned, Measurement):
        raise TypeError(f"measure() returned {_kind(returned)}, not a Measurement")
    declared = {metric.name: metric for metric in gate.metrics}
    for name, value in _mapping("metrics", returned.metrics):
        if name not in declared:
            raise TypeError(f"metrics: the gate declares no metric {name!r}")
        measured = value if isinstance(value, Measured) else Measured(value=value)
        _check_measured(declared[name], measured)
    for name, count in _mapping("inspected", returned.inspected):
        if not isinstance(count, int):
            raise TypeError(f"inspected: {name!r} is {_kind(count)}, not a whole number")
    for finding in _sequence("findings", returned.findings):
        if not isinstance(finding, Finding):
            raise TypeError(f"findings: {_kind(finding)} is not a Finding")
        _check_finding(finding)
    for note in _sequence("notes", returned.notes):
        if not isinstance(note, str):
            raise TypeError(f"notes: {_kind(note)} is not a text")
    for name, text in _mapping("recipe", returned.recipe):
        if not isinstance(text, str):
            raise TypeError(f"recipe: {name!r} is {_kind(text)}, not a text")
    return returned


def check_edits(returned: object) -> tuple[Edit, ...]:
    """Return what ``fix()`` returned, when it is a list of edits.

    Raises:
        TypeError: it is not; the message says what is.
    """
    edits: list[Edit] = []
    for edit in _sequence("fix() returned", returned):
        if not isinstance(edit, Edit):
            raise TypeError(f"fix() returned {_kind(edit)}, not an Edit")
        for name, text in (("path", edit.path), ("after", edit.after)):
            if not isinstance(text, str):
                raise TypeError(f"{name} of an edit is {_kind(text)}, not a text")
        if edit.before is not None and not isinstance(edit.before, str):
            raise TypeError(f"before of an edit is {_kind(edit.before)}, not a text")
        edits.append(edit)
    return tuple(edits)


def _check_measured(metric: Metric, measured: Measured) -> None:
    name, value = metric.name, measured.value
    wanted: tuple[type, ...] = (int, float)
    if metric.unit is Unit.BOOLEAN:
        wanted = (bool,)
    elif metric.unit is Unit.TEXT:
        wanted = (str,)
    number_wanted = int in wanted
    if value is not None and not (
        _is_number(value) if number_wanted else isinstance(value, wanted)
    ):
        what = "a number" if number_wanted else wanted[0].__name__
        raise TypeError(f"metrics: {name!r} is {_kind(value)}, not {what}")
    if not isinstance(measured.why, str):
        raise TypeError(f"metrics: why of {name!r} is {_kind(measured.why)}, not a text")
    for part, number in _mapping(f"breakdown of {name!r}", measured.breakdown):
        if not _is_number(number):
            raise TypeError(f"breakdown of {name!r}: {part!r} is {_kind(number)}, not a number")
    for number in _sequence(f"samples of {name!r}", measured.samples):
        if not _is_number(number):
            raise TypeError(f"samples of {name!r}: {_kind(number)} is not a number")
    if measured.change is not None and not isinstance(measured.change, Change):
        raise TypeError(f"change of {name!r} is {_kind(measured.change)}, not a Change")


def _check_finding(finding: Finding) -> None:
    for name in _TEXTS:
        if not isinstance(value := getattr(finding, name), str):
            raise TypeError(f"findings: {name} is {_kind(value)}, not a text")
    for name in ("line", "column"):
        value = getattr(finding, name)
        if type(value) is not int or not 0 <= value < 1 << 53:
            raise TypeError(f"findings: {name} is {value!r}, not a whole number from 0 on")
    if not isinstance(finding.severity, Severity):
        raise TypeError(f"findings: severity is {finding.severity!r}, not a Severity")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mapping(what: str, value: object) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{what}: {_kind(value)} is not a mapping")
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"{what}: the key {key!r} is not a text")
        yield key, item


def _sequence(what: str, value: object) -> Iterable[object]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise TypeError(f"{what}: {_kind(value)} is not a list")
    return value


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__
