"""The code quality report of GitLab: one JSON array, an entry for each finding."""

from __future__ import annotations

from typing import TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.finding import Severity
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def write(record: RunRecord, stream: TextIO) -> None:
    """Write what is not waived, worst first.

    GitLab reads up to the first entry that it does not like, and takes entries of one
    fingerprint for one: every entry is whole, and every fingerprint is there once.
    """
    import hashlib

    import msgspec

    from gaterun.reporters.clean import encodable
    from gaterun.reporters.issues import issues

    encoder = msgspec.json.Encoder()
    separator = "[\n"
    for issue in issues(record):
        if issue.waived:
            continue
        severity = _SEVERITIES[issue.severity]
        if issue.of_gate and issue.severity is Severity.ERROR:
            severity = "blocker"
        entry = {
            "description": f"{issue.message} (help: {issue.help})" if issue.help else issue.message,
            "check_name": issue.rule,
            "fingerprint": hashlib.sha256(issue.key.encode("utf-8", "surrogatepass")).hexdigest(),
            "severity": severity,
            "location": {"path": encodable(issue.path), "lines": {"begin": issue.line}},
        }
        stream.write(separator + encoder.encode(entry).decode())
        separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def start(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the report when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            write(event.record, stream)
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``gitlab``."""
    return [
        Reporter(
            name="gitlab",
            title="GitLab code quality",
            filename="gl-code-quality-report.json",
            start=start,
        )
    ]
