"""What goes on record of a command, and of a result: all that is needed, and no secret."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from gaterun.core.execute import Processes, found_program
from gaterun.core.redact import Redactor
from gaterun.core.writable import writable
from gaterun.model.command import Completed, Evidence, Log
from gaterun.model.finding import Finding
from gaterun.model.record import GateResult, MetricRecord
from gaterun.model.verdict import Outcome

#: How much of the end of a failed command's output is searched for withheld names, bytes.
_SEARCHED = 1 << 18


#: The workspace itself, where most commands run.
_HERE = Path()


def trace(
    completed: Completed,
    processes: Processes,
    *,
    env: Mapping[str, str | None] | None,
    root: Path,
    log: str,
) -> Evidence:
    """The trace of a command.

    Args:
        env: what the gate added and removed.
        root: the workspace, to which paths below it are relative.
        log: path of the logs without suffix, relative to the run's folder.
    """
    place = completed.cwd
    if place == root:
        place = _HERE
    else:
        with contextlib.suppress(ValueError):
            place = place.relative_to(root)
    folder = log.rpartition("/")[0]
    changed = env or {}
    return Evidence(
        argv=tuple(processes.redactor.text(writable(word)) for word in completed.argv),
        cwd=writable(str(place)),
        exit_status=completed.exit_status,
        seconds=round(completed.seconds, 3),
        log=log,
        program=writable(_program(completed.argv[0], changed, processes)),
        started=round(completed.started, 3),
        logs=tuple(
            Log(path=f"{folder}/{kept.path}", size=kept.size, sha256=kept.sha256)
            for kept in completed.logs
        ),
        environment=completed.environment,
        variables=tuple(sorted(writable(n) for n, value in changed.items() if value is not None)),
        removed=tuple(sorted(writable(n) for n, value in changed.items() if value is None)),
        misses=() if completed.ok else _misses(completed, processes.environment.withheld),
    )


def _program(name: str, env: Mapping[str, str | None], processes: Processes) -> str:
    """The file that was executed; empty where it is gone by now."""
    if "/" in name:
        return name
    path = env.get("PATH", processes.environment.given.get("PATH"))
    try:
        return found_program(name, path or os.defpath)
    except (OSError, ValueError):
        return ""


def _misses(completed: Completed, withheld: tuple[str, ...]) -> tuple[str, ...]:
    """Withheld names that the output of a failed command mentions."""
    if not withheld:
        return ()
    found: set[bytes] = set()
    for path in (completed.stdout, completed.stderr):
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _SEARCHED))
            found.update(_mention(withheld).findall(stream.read()))
    return tuple(sorted(name.decode("utf-8", "replace") for name in found))


@lru_cache(maxsize=4)
def _mention(names: tuple[str, ...]) -> re.Pattern[bytes]:
    encoded = (re.escape(name.encode("utf-8", "surrogateescape")) for name in names)
    return re.compile(rb"(?<!\w)(?:" + b"|".join(encoded) + rb")(?!\w)")


def without_variables(results: Iterable[GateResult]) -> Iterator[str]:
    """A warning for each gate that did not pass and mentions variables that it did not get."""
    for result in results:
        names = sorted({name for command in result.evidence for name in command.misses})
        if names and result.outcome in {Outcome.FAIL, Outcome.INCONCLUSIVE}:
            entries = ", ".join(f'"{name}"' for name in names)
            yield (
                f"{result.node_id} mentions {', '.join(names)}, which the commands of gates do "
                f"not get unless gaterun.toml says pass_env = [{entries}]"
            )


def hidden(result: GateResult, redactor: Redactor) -> GateResult:
    """`result` with the secrets hidden that a gate has put into it by another way than logs."""
    if redactor.clean(_texts(result)):
        return result
    text = redactor.text
    verdict = result.verdict
    checks = tuple(
        replace(
            check,
            why=text(check.why),
            actual=text(check.actual) if isinstance(check.actual, str) else check.actual,
            baseline=text(check.baseline) if isinstance(check.baseline, str) else check.baseline,
        )
        for check in verdict.checks
    )
    return replace(
        result,
        verdict=replace(
            verdict,
            message=text(verdict.message),
            help=text(verdict.help),
            checks=checks,
            waived=tuple(
                replace(waived, reason=text(waived.reason), issue=text(waived.issue))
                for waived in verdict.waived
            ),
        ),
        metrics={name: _metric(record, redactor) for name, record in result.metrics.items()},
        findings=tuple(_finding(finding, redactor) for finding in result.findings),
        notes=tuple(map(text, result.notes)),
        recipe={key: text(value) for key, value in result.recipe.items()},
    )


def _texts(result: GateResult) -> Iterator[str]:
    yield result.verdict.message
    yield result.verdict.help
    yield from result.notes
    yield from result.recipe.values()
    for waived in result.verdict.waived:
        yield from (waived.reason, waived.issue)
    for check in result.verdict.checks:
        yield check.why
        yield from (value for value in (check.actual, check.baseline) if isinstance(value, str))
    for record in result.metrics.values():
        yield record.measured.why
        yield from record.measured.breakdown
        if isinstance(record.measured.value, str):
            yield record.measured.value
    for finding in result.findings:
        yield finding.message
        yield finding.path
        yield finding.help


def _finding(finding: Finding, redactor: Redactor) -> Finding:
    # Its fingerprint stays: it is the identity that waivers and ratchets know it by.
    return replace(
        finding,
        message=redactor.text(finding.message),
        path=redactor.text(finding.path),
        help=redactor.text(finding.help),
    )


def _metric(record: MetricRecord, redactor: Redactor) -> MetricRecord:
    measured = record.measured
    value = measured.value
    return replace(
        record,
        measured=replace(
            measured,
            value=redactor.text(value) if isinstance(value, str) else value,
            why=redactor.text(measured.why),
            breakdown={redactor.text(key): part for key, part in measured.breakdown.items()},
        ),
    )
