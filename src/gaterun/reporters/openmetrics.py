"""The OpenMetrics text file, for a scraper or Prometheus' textfile collector.

All families are gauges, and the samples have no timestamps: so readers of OpenMetrics and of
the older text format of Prometheus both take the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.finding import Severity
from gaterun.model.metric import Unit, Value
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.report import Listener, Reporter, Style
from gaterun.model.verdict import Outcome

#: By unit: the family's suffix, which OpenMetrics wants to be the unit.
_SUFFIXES = {Unit.SECONDS: "seconds", Unit.BYTES: "bytes", Unit.RATIO: "ratio"}

#: Labels of one sample, in order.
_Labels = tuple[tuple[str, str], ...]


class _Family:
    """Samples of one name; no two have the same labels."""

    def __init__(self, name: str, help: str, unit: str = "") -> None:
        self.name = f"{name}_{unit}" if unit else name
        self._head = [f"# TYPE {self.name} gauge"]
        if unit:
            self._head.append(f"# UNIT {self.name} {unit}")
        self._head.append(f"# HELP {self.name} {help}")
        self._samples: dict[str, str] = {}

    def add(self, value: str, labels: _Labels) -> None:
        """Add a sample; names that only differ in what cannot be shown get a number."""
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        if told in self._samples:
            told = f'{told},duplicate="{len(self._samples)}"'
        self._samples[told] = value

    def lines(self) -> Iterator[str]:
        """The family, if it has any sample."""
        if self._samples:
            yield from self._head
            for labels, value in self._samples.items():
                yield f"{self.name}{{{labels}}} {value}"


def lines(record: RunRecord) -> Iterator[str]:
    """The file, line by line, with its end marker."""
    for family in (*_of_run(record), *_of_gates(record), *_of_metrics(record)):
        yield from family.lines()
    yield "# EOF"


def _of_run(record: RunRecord) -> Iterator[_Family]:
    phase = (("phase", record.phase),)
    about = _Family("gaterun_run_info", "The run; its value is always 1.")
    told = {
        "run": record.id,
        "version": record.version,
        "commit": record.tree.commit,
        "branch": record.tree.branch,
        "dirty": "true" if record.tree.dirty else "false",
        "role": record.role,
    }
    about.add("1", (*phase, *told.items()))
    yield about
    started = _Family("gaterun_run_started", "When the run began, since the epoch.", "seconds")
    duration = _Family("gaterun_run_duration", "How long the run took.", "seconds")
    for family, value in ((started, record.started), (duration, record.seconds)):
        if (number := _number(value)) is not None:
            family.add(number, phase)
        yield family
    code = _Family("gaterun_run_exit_code", "0 passed, 1 failed, 7 without verdict.")
    code.add(str(int(record.exit_code)), phase)
    yield code
    gates = _Family("gaterun_gates", "Gates of the run by outcome.")
    for outcome in Outcome:
        gates.add(str(record.count(outcome)), (*phase, ("outcome", outcome.value)))
    yield gates


def _of_gates(record: RunRecord) -> Iterator[_Family]:
    status = _Family("gaterun_gate_status", "1 for the outcome that the gate has, 0 for others.")
    duration = _Family("gaterun_gate_duration", "How long the gate took.", "seconds")
    blocking = _Family("gaterun_gate_blocking", "Whether the gate's failure fails the run.")
    findings = _Family("gaterun_findings", "Findings of the gate by severity.")
    for result in record.results:
        labels = _labels(record, result)
        for outcome in Outcome:
            has = "1" if result.outcome is outcome else "0"
            status.add(has, (*labels, ("outcome", outcome.value)))
        blocking.add("1" if result.blocking else "0", labels)
        if (number := _number(result.seconds)) is not None:
            duration.add(number, labels)
        counts = dict.fromkeys(Severity, 0)
        for finding in result.findings:
            counts[finding.severity] += 1
        for severity, count in counts.items():
            findings.add(str(count), (*labels, ("severity", severity.value)))
    yield from (status, blocking, duration, findings)


def _of_metrics(record: RunRecord) -> Iterator[_Family]:
    """Values by unit, and for each metric whether it was measured: what was not has no value."""
    values = {
        suffix: _Family("gaterun_metric", f"What a gate measured, in {suffix or 'counts'}.", suffix)
        for suffix in ("", *_SUFFIXES.values())
    }
    texts = _Family("gaterun_metric_text_info", "What a gate measured in words; always 1.")
    measured = _Family("gaterun_metric_measured", "Whether the metric could be measured.")
    for result in record.results:
        for name, metric in result.metrics.items():
            labels = (*_labels(record, result), ("metric", name))
            value = metric.measured.value
            number = _number(value)
            measured.add("1" if number is not None or isinstance(value, str) else "0", labels)
            if number is not None:
                values[_SUFFIXES.get(metric.unit, "")].add(number, labels)
            elif isinstance(value, str):
                texts.add("1", (*labels, ("text", value)))
    yield from (*values.values(), texts, measured)


def _labels(record: RunRecord, result: GateResult) -> _Labels:
    gate = result.node_id.removeprefix(f"{result.task}::")
    return (("phase", record.phase), ("task", result.task), ("gate", gate))


def _number(value: Value) -> str | None:
    """A finite number as text; ``None`` for what is none."""
    if value is None or isinstance(value, str):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    if not math.isfinite(number):
        return None
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)


def _escaped(text: str) -> str:
    from gaterun.reporters.issues import bounded

    text = bounded(text, 300)
    return text.replace("\\", "\\\\").replace('"', '\\"')


def start(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the file when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.writelines(f"{line}\n" for line in lines(event.record))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``prom``."""
    return [
        Reporter(
            name="prom",
            title="OpenMetrics, for a scraper or Prometheus' textfile collector",
            filename="gaterun.prom",
            start=start,
        )
    ]
