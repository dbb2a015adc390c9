"""Writes every report format of a recorded run as files; run by the benchmark as a program.

python write_reports.py make RECORD COUNT | python write_reports.py write RECORD FOLDER [FORMAT]...
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import msgspec

from gaterun.cli.report import replay
from gaterun.core.discovery import load
from gaterun.core.outputs import Outputs, Wanted
from gaterun.model.finding import Finding, Severity
from gaterun.model.metric import Better, Measured, Unit
from gaterun.model.record import GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.report import Style
from gaterun.model.verdict import Check, ExitCode, Outcome, Verdict

#: In how many gates the findings are.
_GATES = 20


def record(count: int) -> RunRecord:
    """A run with `count` distinct findings in gates that failed."""
    severities = list(Severity)
    results = []
    for gate in range(_GATES):
        findings = tuple(
            Finding(
                rule=f"clippy::lint_{n % 90}",
                message=f"this `expression_{n:x}` creates a reference which is | dereferenced",
                path=f"crates/member_{n % 40}/src/module_{n % 700}.rs",
                line=n % 3000 + 1,
                column=n % 90 + 1,
                severity=severities[n % 3],
                help="change this to: `expression`",
            )
            for n in range(gate, count, _GATES)
        )
        value = Measured(value=len(findings))
        metric = MetricRecord(
            unit=Unit.COUNT, better=Better.LOWER, host_bound=False, measured=value
        )
        check = Check(
            condition="warnings < 20",
            metric="warnings",
            actual=len(findings),
            baseline=len(findings) + 3,
            target="< 20",
            holds=False,
        )
        results.append(
            GateResult(
                node_id=f"1::clippy-{gate}",
                task="1",
                gate="clippy",
                title="clippy warnings",
                verdict=Verdict(outcome=Outcome.FAIL, checks=(check,)),
                conditions=("warnings < 20",),
                metrics={"warnings": metric},
                inspected={"crates": 40},
                findings=findings,
                file="phases/p.toml",
                line=gate + 1,
            )
        )
    return RunRecord(
        id="20260921T133320-0000001234",
        phase="p",
        title="much",
        root="/nowhere",
        version="0",
        argv=("gaterun", "p"),
        tree=Tree(),
        environment={"os": "linux"},
        tasks={"1": "much"},
        results=tuple(results),
        started=1_790_000_000.0,
        seconds=60.0,
        exit_code=ExitCode.FAILED,
    )


def write(source: Path, folder: Path, names: list[str]) -> None:
    """Every format that gaterun offers, or `names`, each into a file."""
    run = msgspec.json.decode(source.read_bytes(), type=RunRecord)
    reporters = load().reporters
    wanted = [
        Wanted(reporter=reporters[name], path=folder / name)
        for name in (names or sorted(reporters))
    ]
    outputs = Outputs(wanted, stdout=io.StringIO(), style=Style())
    for event in replay(run, folder):
        outputs(event)
    if outputs.problems:
        raise SystemExit("\n".join(outputs.problems))
    print(*(f"{path.name}:{path.stat().st_size}" for path in outputs.written))


if __name__ == "__main__":
    action, path, *rest = sys.argv[1:]
    if action == "make":
        Path(path).write_bytes(msgspec.json.encode(record(int(rest[0]))))
    else:
        write(Path(path), Path(rest[0]), rest[1:])
