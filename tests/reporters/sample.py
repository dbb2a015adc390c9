"""A run with every outcome: 2 pass, 3 fail, and one each of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gaterun.core.second_key import SecondKey
from gaterun.model.command import Evidence
from gaterun.model.event import (
    Event,
    GateFinished,
    GateProgress,
    GateStarted,
    RunFinished,
    RunStarted,
)
from gaterun.model.finding import Finding, Severity
from gaterun.model.metric import Better, Change, Measured, Unit, Value
from gaterun.model.policy import BasePolicy, ChangeKind, PolicyChange, PolicyMode
from gaterun.model.record import GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.verdict import Check, ExitCode, Outcome, Reason, Verdict, Waived

STARTED = 1_790_000_000.0
COMMIT = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"
BASE = "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"
DATA = Path(__file__).parents[2].parent / "shared" / "data"


def metric(
    value: Value | Measured,
    *,
    unit: Unit = Unit.COUNT,
    better: Better = Better.LOWER,
    host_bound: bool = False,
) -> MetricRecord:
    measured = value if isinstance(value, Measured) else Measured(value=value)
    return MetricRecord(unit=unit, better=better, host_bound=host_bound, measured=measured)


def result(node_id: str, title: str, verdict: Verdict, **more: object) -> GateResult:
    task, _, gate = node_id.partition("::")
    fields: dict[str, object] = {
        "gate": gate,
        "file": "phases/phase7.toml",
        "line": 12,
        "started": STARTED,
        "seconds": 1.25,
        "repeat": f"gaterun phase7 {node_id}",
        **more,
    }
    return GateResult(node_id=node_id, task=task, title=title, verdict=verdict, **fields)  # type: ignore[arg-type]


SCCACHE = result(
    "7.1::sccache",
    "sccache is in use",
    Verdict(
        outcome=Outcome.PASS,
        message="operational true, cap 10 GiB",
        checks=(
            Check(
                condition="operational == true",
                metric="operational",
                actual=True,
                target="== true",
                holds=True,
                why="true",
            ),
            Check(
                condition="cap <= 10GiB",
                metric="cap",
                actual=10 * 2**30,
                target="<= 10 GiB",
                distance="0 B",
                holds=True,
                why="10 GiB",
            ),
        ),
    ),
    conditions=("operational == true", "cap <= 10GiB"),
    metrics={
        "operational": metric(value=True, unit=Unit.BOOLEAN, better=Better.HIGHER),
        "cap": metric(10 * 2**30, unit=Unit.BYTES, better=Better.NEITHER),
    },
    inspected={"servers": 1},
    notes=("reused, run 14, 3 min ago",),
    seconds=0.4,
)

BUILD_TIME = result(
    "7.1::build-time",
    "build time",
    Verdict(
        outcome=Outcome.FAIL,
        message="clean_as_configured is +12.5% better, wanted improved >= 25%",
        checks=(
            Check(
                condition="improve clean_as_configured >= 25%",
                metric="clean_as_configured",
                actual=52.5,
                baseline=60.0,
                target="improved >= 25%",
                distance="15.0 pp",
                holds=False,
                why="+12.5% better (95% interval +10.0% to +15.0%, 8 pairs, 60.0 s to 52.5 s)",
            ),
        ),
    ),
    conditions=("improve clean_as_configured >= 25%",),
    metrics={
        "clean_as_configured": metric(
            Measured(
                value=52.5,
                samples=(52.0, 52.5, 53.5),
                change=Change(
                    base=60.0, low=-0.15, middle=-0.125, high=-0.1, confidence=0.95, pairs=8
                ),
            ),
            unit=Unit.SECONDS,
            host_bound=True,
        ),
        "no_op": metric(Measured(value=None, why="not asked for"), unit=Unit.SECONDS),
    },
    inspected={"builds": 16},
    recipe={"profile": "dev", "scenario": "clean"},
    seconds=1805.0,
)

CLIPPY = result(
    "7.3::clippy",
    "clippy warnings",
    Verdict(
        outcome=Outcome.FAIL,
        message="warnings is 25, wanted < 20; suppressions is 9 (unwrap_used 3 → 5), "
        "wanted not worse than 7 at the base",
        checks=(
            Check(
                condition="warnings < 20",
                metric="warnings",
                actual=25,
                target="< 20",
                distance="5",
                holds=False,
                why="25",
            ),
            Check(
                condition="ratchet suppressions",
                metric="suppressions",
                actual=9,
                baseline=7,
                target="not worse than 7 at the base",
                distance="2",
                holds=False,
                why="9 (unwrap_used 3 → 5)",
            ),
            Check(condition="errors == 0", metric="errors", actual=0, target="== 0", holds=True),
        ),
    ),
    conditions=("warnings < 20", "errors == 0", "ratchet suppressions"),
    metrics={
        "warnings": metric(
            Measured(value=25, breakdown={"clippy::needless_return": 20, "unused_variables": 5})
        ),
        "suppressions": metric(9),
        "errors": metric(0),
    },
    inspected={"crates": 5, "files": 310},
    findings=(
        *(
            Finding(
                rule="clippy::needless_return",
                message=f"unneeded `return` statement in function number {n}",
                path=f"crates/api/src/handler_{n}.rs",
                line=10 + n,
                column=5,
                help="remove `return`",
            )
            for n in range(24)
        ),
        Finding(
            rule="unused_variables",
            message="unused variable: `größe`",
            path="crates/pool/src/lib.rs",
            line=3,
            column=9,
            severity=Severity.ERROR,
            help="prefix it with an underscore: `_größe`",
        ),
    ),
    notes=("generated code is left out: 12 files",),
    evidence=(
        Evidence(
            argv=("cargo", "clippy", "--workspace", "--message-format=json"),
            cwd=".",
            exit_status=0,
            seconds=11.9,
            log="logs/clippy-1.out",
        ),
    ),
    started=STARTED + 2,
    seconds=12.34,
)

TESTS = result(
    "7.3::tests",
    "tests pass",
    Verdict(
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.BUILD_FAILED,
        message="the tests of 'pool' do not compile",
        help="run: cargo test --no-run -p pool",
    ),
    conditions=("passed >= 626",),
    evidence=(
        Evidence(
            argv=("cargo", "test", "--no-run", "-p", "pool"),
            cwd="crates/pool",
            exit_status=101,
            seconds=3.5,
            log="logs/tests-1.err",
        ),
    ),
    seconds=3.5,
)

ENV = result(
    "7.2::env-coverage",
    "environment variables",
    Verdict(
        outcome=Outcome.FAIL,
        message="documented is 93.55 %, wanted >= 95 %",
        checks=(
            Check(
                condition="documented >= 95%",
                metric="documented",
                actual=0.9355,
                why="93.55 %",
                target=">= 95 %",
                distance="1.45 %",
                holds=False,
            ),
        ),
    ),
    conditions=("documented >= 95%",),
    metrics={"documented": metric(0.9355, unit=Unit.RATIO, better=Better.HIGHER)},
    inspected={"variables": 93},
    findings=(Finding(rule="undocumented", message="API_KEY is read | and not documented"),),
    seconds=0.08,
)

LOC = result(
    "7.2::loc",
    "lines of code",
    Verdict(
        outcome=Outcome.FAIL,
        message="lines is 12345, wanted <= 12000",
        checks=(
            Check(
                condition="lines <= 12000",
                metric="lines",
                actual=12345,
                target="<= 12000",
                distance="345",
                holds=False,
                why="12345",
            ),
            Check(
                condition="ratchet lines",
                metric="lines",
                actual=12345,
                baseline=12800,
                target="not worse than 12800 at the base",
                distance="455",
                holds=True,
                why="12345 (455 of slack to 12800)",
            ),
        ),
    ),
    conditions=("lines <= 12000", "ratchet lines"),
    blocking=False,
    advisory_until="2026-12-31",
    metrics={"lines": metric(12345)},
    inspected={"files": 310},
    seconds=0.2,
)

HARDCODED = result(
    "7.2::hardcoded",
    "hard-coded values",
    Verdict(
        outcome=Outcome.WAIVED,
        message="waived until 2026-12-31 by ann: moved in phase 8",
        checks=(Check(condition="urls == 0", metric="urls", actual=1, target="== 0", holds=False),),
        waived=(
            Waived(
                condition="urls == 0",
                reason="moved in phase 8",
                owner="ann",
                expires="2026-12-31",
                findings=1,
                issue="https://example.invalid/issues/88",
                place="waivers.toml:3",
            ),
        ),
    ),
    conditions=("urls == 0",),
    metrics={"urls": metric(1)},
    inspected={"files": 310},
    seconds=0.3,
)

VERSION = result(
    "7.4::version",
    "one version everywhere",
    Verdict(outcome=Outcome.BLOCKED, message="7.3 has not passed"),
    blocked_by="7.3::clippy",
    seconds=0.0,
)

CHANGELOG = result(
    "7.4::changelog",
    "changelog",
    Verdict(outcome=Outcome.SKIPPED, message="switched off: no release in this phase"),
    seconds=0.0,
)

BUILD = result(
    "phase::build",
    "everything builds",
    Verdict(
        outcome=Outcome.PASS,
        checks=(
            Check(condition="errors == 0", metric="errors", actual=0, target="== 0", holds=True),
        ),
    ),
    conditions=("errors == 0",),
    metrics={"errors": metric(0)},
    inspected={"crates": 5},
    flaky=True,
    seconds=61.0,
)

RESULTS = (
    SCCACHE,
    BUILD_TIME,
    ENV,
    LOC,
    HARDCODED,
    CLIPPY,
    TESTS,
    VERSION,
    CHANGELOG,
    BUILD,
)

RECORD = RunRecord(
    id="20260921-133320-1",
    phase="phase7",
    title="Quality and infrastructure",
    root="/home/ann/server",
    version="0.1.0",
    argv=("gaterun", "phase7"),
    tree=Tree(commit=COMMIT, branch="main", digest="sha256:77aa", dirty=True),
    environment={"os": "linux", "arch": "x86_64", "rustc": "1.90.0", "cores": "8"},
    tasks={
        "7.1": "Build infrastructure",
        "7.2": "Configuration",
        "7.3": "Code quality",
        "7.4": "Release",
    },
    results=RESULTS,
    started=STARTED,
    seconds=1884.2,
    exit_code=ExitCode.FAILED,
    needs={"7.3": ("7.1", "7.2"), "7.4": ("7.3",), "7.4::version": ("7.3::clippy",)},
    base=BASE,
    warnings=("the waiver 'old-urls' is not used any more",),
)

POLICY = BasePolicy(
    mode=PolicyMode.WARN,
    ref="main~14",
    commit=BASE,
    file="phases/phase7.toml",
    gates=11,
    changes=(
        PolicyChange(kind=ChangeKind.GATE_REMOVED, subject="7.1::sweep", before="effective >= 1"),
        PolicyChange(
            kind=ChangeKind.CONDITION_LOOSENED,
            subject="7.3::clippy",
            before="warnings < 10",
            after="warnings < 20",
        ),
        PolicyChange(
            kind=ChangeKind.WAIVER_ADDED,
            subject="waivers.toml",
            after='gate = "7.2::hardcoded", reason = "<later> | maybe"',
        ),
        PolicyChange(
            kind=ChangeKind.PROTECTED_FILE_CHANGED,
            subject="clippy.toml",
            commits=("not committed", "1a2b3c4 Raise the threshold"),
        ),
        PolicyChange(
            kind=ChangeKind.OPTION_CHANGED,
            subject="7.3::loc",
            before="exclude = []",
            after="exclude = ['generated/**']",
        ),
    ),
    notes=("the base is no ancestor of HEAD",),
)

#: A run that only lists what is weaker, and one that fails by it.
LISTED = msgspec.structs.replace(RECORD, results=(SCCACHE,), exit_code=ExitCode.OK, policy=POLICY)
_HELD = msgspec.structs.replace(POLICY, mode=PolicyMode.FAIL)
_ENTRY = SecondKey(policy=_HELD, file="phases/phase7.toml").entry()
assert _ENTRY is not None
WEAKENED = msgspec.structs.replace(
    LISTED,
    results=(SCCACHE, msgspec.structs.replace(_ENTRY, started=STARTED)),
    tasks={**RECORD.tasks, "policy": "What judges"},
    exit_code=ExitCode.FAILED,
    policy=_HELD,
)


def events(record: RunRecord = RECORD) -> Iterator[Event]:
    """The stream that leads to `record`."""
    now = record.started
    yield RunStarted(
        run_id=record.id,
        phase=record.phase,
        title=record.title,
        root=record.root,
        version=record.version,
        tree=record.tree,
        nodes=tuple(result.node_id for result in record.results),
        deselected=2,
        plugins=("clippy", "loc", "tests"),
        jobs=2,
        time=now,
    )
    for each in record.results:
        if each.outcome not in {Outcome.BLOCKED, Outcome.SKIPPED}:
            yield GateStarted(node_id=each.node_id, time=now)
            yield GateProgress(node_id=each.node_id, text="compiling 3 of 5 crates", time=now)
        now += each.seconds
        yield GateFinished(result=each, time=now)
    yield RunFinished(record=record, time=record.started + record.seconds)
