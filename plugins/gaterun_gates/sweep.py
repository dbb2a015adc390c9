"""The gate ``sweep``: whether CI removes old build artefacts with cargo-sweep, in effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import gaterun
from gaterun import Better, Finding, Metric, Severity

if TYPE_CHECKING:
    from gaterun_gates.infra.sweep_audit import Obstacle, SweepStep
    from gaterun_gates.infra.workflow import Workflow

ABOUT = """\
Reads `.github/workflows/*.yml` (YAML 1.2), splits each `run:` into commands as a shell would, and
follows local composite actions, called workflows, scripts and make or just targets one level
deep. Nothing is executed.

- `steps`: calls of cargo-sweep. `echo "cargo sweep"` and `cargo install cargo-sweep` are none.
- `active`: it can run (event, conditions), cargo-sweep is there (an earlier step installs it, or
  the runner is self-hosted or a container), it is told what to remove (`--time`, `--maxsize`,
  `--installed`, `--toolchains`, `--file`), and it is no `--dry-run`.
- `effective`: active where something old can be: a cache restored `target` before, or the machine
  keeps files between runs. A sweep in a fresh job removes nothing, however green it is.

Pitfalls: whether a cache is really hit, whether a condition on a branch ever holds, and what other
CI systems do is not known here. cargo-sweep itself may remove nothing in newer target layouts.

Gamed by a step behind `if: false`, `|| true` without an installation, or a fresh job: each is
listed with the reason why it does not count.
"""

METRICS = (
    Metric(name="steps", better=Better.NEITHER, help="calls of cargo-sweep in workflows"),
    Metric(
        name="active", better=Better.HIGHER, help="calls that can run and are told what to remove"
    ),
    Metric(
        name="effective",
        better=Better.HIGHER,
        help="active calls where an old target folder can be",
    ),
    Metric(name="workflows", better=Better.NEITHER, help="workflow files that were read"),
)


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Read the workflows."""
    from gaterun_gates.infra.sweep_audit import audit

    workflows, unreadable = _workflows(ctx)
    known = frozenset(ctx.files())

    def read(path: str) -> str | None:
        return _text(ctx, path) if path in known else None

    steps = audit(workflows, read)
    effective = sum(step.effective for step in steps)
    if unreadable and not effective:
        raise gaterun.CannotMeasure(
            gaterun.Reason.PARSE_ERROR,
            f"{len(unreadable)} workflows cannot be read; {unreadable[0].message}",
        )
    return gaterun.Measurement(
        metrics={
            "steps": len(steps),
            "active": sum(step.active for step in steps),
            "effective": effective,
            "workflows": len(workflows),
        },
        inspected={"workflows": len(workflows), "steps": len(steps)},
        findings=[*unreadable, *_findings(steps)],
        notes=_notes(steps),
    )


def _workflows(ctx: gaterun.Context) -> tuple[list[Workflow], list[Finding]]:
    from gaterun_gates.infra.workflow import WorkflowError, parse_workflow

    names = ctx.files(".github/workflows/*.yml", ".github/workflows/*.yaml")
    if not names:
        others = ctx.files(
            ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml"
        )
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            f"there is no workflow in .github/workflows; {others[0]} is not understood"
            if others
            else "there is no workflow in .github/workflows",
        )
    workflows: list[Workflow] = []
    unreadable: list[Finding] = []
    for name in names:
        text = _text(ctx, name)
        if text is None:
            message = f"{name}: cannot be read as UTF-8"
            unreadable.append(Finding(rule="sweep::unreadable", message=message, path=name))
            continue
        try:
            workflows.append(parse_workflow(text, name))
        except WorkflowError as error:
            unreadable.append(Finding(rule="sweep::unreadable", message=str(error), path=name))
    return workflows, unreadable


def _text(ctx: gaterun.Context, path: str) -> str | None:
    try:
        return (ctx.root / path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _findings(steps: Sequence[SweepStep]) -> list[Finding]:
    if not steps:
        return [
            Finding(
                rule="sweep::none",
                message="no workflow runs cargo-sweep",
                severity=Severity.ERROR,
                help="restore target from a cache, then run `cargo sweep --time 14` before it is "
                "saved again",
            )
        ]
    found: list[Finding] = []
    for step in steps:
        against = [*step.obstacles, *([step.futile] if step.futile else [])]
        found += [_finding(step, each, Severity.WARNING) for each in against]
        found += [_finding(step, each, Severity.NOTE) for each in step.remarks]
    return found


def _finding(step: SweepStep, obstacle: Obstacle, severity: Severity) -> Finding:
    return Finding(
        rule=obstacle.rule,
        message=f"{obstacle.message} ({step.where})",
        path=step.path,
        line=step.line,
        severity=severity,
    )


def _notes(steps: Sequence[SweepStep]) -> list[str]:
    return [f"effective: {step.where}" for step in steps if step.effective]


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import SWEEP

    return SWEEP


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.sweep import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="sweep",
    title="cargo-sweep in CI",
    about=ABOUT,
    metrics=METRICS,
    measure=measure,
    inputs=("**",),
    requires=("effective >= 1",),
    timeout=60.0,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
