"""Measures what a program wrote, for each way in which the gate ``command`` can parse it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import gaterun
from gaterun import Measured
from gaterun_gates.parsers.json_path import read_number
from gaterun_gates.parsers.junit_xml import read_junit
from gaterun_gates.parsers.sarif import read_sarif
from gaterun_gates.parsers.text_pattern import LONGEST_LINE, compile_pattern, search_lines

if TYPE_CHECKING:
    from gaterun_gates.command import CommandOptions

#: Findings beyond this number are counted and not listed.
MOST_LISTED = 1000

#: Output is read whole for JSON, JUnit and SARIF; more than this is refused.
_MOST_BYTES = 64 * 1024 * 1024


def _bytes(source: Path) -> bytes:
    if source.stat().st_size > _MOST_BYTES:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE, f"the output is larger than {_MOST_BYTES >> 20} MiB"
        )
    data = source.read_bytes()
    if not data.strip():
        raise gaterun.CannotMeasure(gaterun.Reason.NO_INPUT, "the output is empty")
    return data


def _unreadable(what: str, error: ValueError, data: bytes) -> gaterun.CannotMeasure:
    return gaterun.CannotMeasure(
        gaterun.Reason.PARSE_ERROR,
        f"the output cannot be read as {what}: {error}; it begins with {data[:80]!r}",
    )


def _findings_count(count: int, exit_status: int) -> Measured:
    """No findings are believed only where the program itself says so."""
    if count == 0 and exit_status != 0:
        return Measured(
            value=None, why=f"nothing was found in the output, but it exited with {exit_status}"
        )
    return Measured(value=count)


def _read_regex(source: Path, options: CommandOptions, exit_status: int) -> gaterun.Measurement:
    with source.open("rb") as stream:
        found = search_lines(stream, compile_pattern(options.pattern))
    findings = [
        gaterun.Finding(
            rule=match.rule or options.argv[0],
            message=match.message,
            path=match.path,
            line=match.line,
            column=match.column,
        )
        for match in found.matches[:MOST_LISTED]
    ]
    metrics: dict[str, Measured | int] = {
        "exit_status": exit_status,
        "value": Measured(value=found.value, why=found.why),
    }
    if compile_pattern(options.pattern).groupindex.keys() - {"value"}:
        metrics["findings"] = _findings_count(len(found.matches), exit_status)
    return gaterun.Measurement(
        metrics=metrics,
        inspected={"commands": 1, "lines": found.lines},
        findings=findings,
    )


def _read_lines(source: Path, options: CommandOptions, exit_status: int) -> gaterun.Measurement:
    findings: list[gaterun.Finding] = []
    count = 0
    with source.open("rb") as stream:
        for raw in stream:
            line = raw[:LONGEST_LINE].decode("utf-8", "replace").strip()
            count += bool(line)
            if line and len(findings) < MOST_LISTED:
                findings.append(gaterun.Finding(rule=options.argv[0], message=line))
    return gaterun.Measurement(
        metrics={"exit_status": exit_status, "findings": _findings_count(count, exit_status)},
        inspected={"commands": 1, "lines": count},
        findings=findings,
    )


def _read_json(source: Path, options: CommandOptions, exit_status: int) -> gaterun.Measurement:
    data = _bytes(source)
    try:
        value, why = read_number(data, options.path)
    except ValueError as error:
        raise _unreadable("JSON", error, data) from error
    return gaterun.Measurement(
        metrics={"exit_status": exit_status, "value": Measured(value=value, why=why)},
        inspected={"commands": 1},
    )


def _read_junit(
    source: Path,
    options: CommandOptions,  # noqa: ARG001 - all readers are called alike
    exit_status: int,
) -> gaterun.Measurement:
    data = _bytes(source)
    try:
        result = read_junit(data)
    except ValueError as error:
        raise _unreadable("JUnit XML", error, data) from error
    if result.announced > result.tests:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE,
            f"the report announces {result.announced} tests and holds {result.tests}",
        )
    if result.tests == 0:
        raise gaterun.CannotMeasure(gaterun.Reason.NO_INPUT, "the report holds no tests")
    return gaterun.Measurement(
        metrics={
            "exit_status": exit_status,
            "tests": result.tests,
            "failures": result.failures,
            "errors": result.errors,
            "skipped": result.skipped,
            "findings": len(result.bad),
        },
        inspected={"tests": result.tests},
        findings=[
            gaterun.Finding(
                rule=case.kind,
                message=f"{case.name}: {case.message}" if case.message else case.name,
                path=case.path,
                line=case.line,
                severity=gaterun.Severity.ERROR,
                fingerprint=f"{case.kind}:{case.name}",
            )
            for case in result.bad[:MOST_LISTED]
        ],
    )


def _read_sarif(source: Path, options: CommandOptions, exit_status: int) -> gaterun.Measurement:
    data = _bytes(source)
    try:
        log = read_sarif(data)
    except ValueError as error:
        raise _unreadable("SARIF", error, data) from error
    if log.broken:
        raise gaterun.CannotMeasure(gaterun.Reason.INCOMPLETE, log.broken)
    if log.runs == 0:
        raise gaterun.CannotMeasure(gaterun.Reason.NO_INPUT, "the log holds no run")
    severities = {level.value: level for level in gaterun.Severity}
    count = len(log.findings)
    return gaterun.Measurement(
        metrics={
            "exit_status": exit_status,
            "findings": Measured(
                value=count, breakdown=Counter(finding.rule for finding in log.findings)
            ),
            "errors": sum(finding.level == "error" for finding in log.findings),
            "skipped": log.suppressed,
        },
        inspected={"commands": 1, "runs": log.runs},
        findings=[
            gaterun.Finding(
                rule=finding.rule or options.argv[0],
                message=finding.message,
                path=finding.path,
                line=finding.line,
                column=finding.column,
                severity=severities.get(finding.level, gaterun.Severity.NOTE),
            )
            for finding in log.findings[:MOST_LISTED]
        ],
    )


#: The reader of each way to parse.
READERS: dict[str, Callable[[Path, CommandOptions, int], gaterun.Measurement]] = {
    "regex": _read_regex,
    "lines": _read_lines,
    "json": _read_json,
    "junit": _read_junit,
    "sarif": _read_sarif,
}
