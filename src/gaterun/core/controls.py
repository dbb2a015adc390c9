"""Runs a gate on its own known-bad and known-good workspaces, for real."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from gaterun.core.baseline import BaselineValue
from gaterun.core.bind import requirement
from gaterun.core.execute import Processes, capture
from gaterun.core.judge import measured_metrics
from gaterun.core.known import Identity, identity
from gaterun.core.measure import Bench
from gaterun.core.result import obtain
from gaterun.model.errors import UsageError
from gaterun.model.gate import Control, Gate, Resource
from gaterun.model.measurement import Measurement
from gaterun.model.phase import Requirement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome

_IDENTITY = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "gaterun",
    "GIT_AUTHOR_EMAIL": "gaterun@example.invalid",
    "GIT_COMMITTER_NAME": "gaterun",
    "GIT_COMMITTER_EMAIL": "gaterun@example.invalid",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in a repository that gaterun made itself.

    Raises:
        UsageError: git is not there, or refuses.
    """
    try:
        status, out, err = capture(["git", *arguments], cwd=folder, env=_IDENTITY)
    except FileNotFoundError as error:
        raise UsageError("git is not installed", help="install git") from error
    if status:
        raise UsageError(f"git {arguments[0]}: {err.decode('utf-8', 'replace').strip()}")
    return out.decode("utf-8", "replace").strip()


def write_tree(folder: Path, files: Mapping[str, str], executable: tuple[str, ...] = ()) -> None:
    """Write `files` (path to text) below `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        if name in executable:
            path.chmod(0o755)


def commit(folder: Path, message: str) -> str:
    """Commit everything below `folder` and return the commit's id."""
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def run_control(
    gate: Gate, control: Control, folder: Path, resources: Mapping[str, Resource]
) -> GateResult:
    """Write a control's workspace into the empty `folder`, measure it and judge it.

    Conditions that compare with a baseline are judged against a measurement of the
    control's base commit.
    """
    tree = folder / "workspace"
    tree.mkdir(parents=True)
    git(tree, "init", "--quiet", "--initial-branch=main")
    base = None
    if control.base is not None:
        write_tree(tree, control.base, control.executable)
        base = commit(tree, "base")
        for name in set(control.base) - set(control.files):
            (tree / name).unlink()
    write_tree(tree, control.files, control.executable)
    commit(tree, "head")
    wanted = requirement(gate, control.options, resources)
    processes = Processes(f"control-{gate.name}-{control.name}")

    def bench_at(root: Path, name: str) -> Bench:
        state = folder / name
        (state / "logs").mkdir(parents=True)
        return Bench(
            root=root,
            state=state,
            logs=state / "logs",
            base=base,
            resources=resources,
            processes=processes,
        )

    head = bench_at(tree, "head")
    head.others = lambda _: {reading.id: reading for reading in control.measured}

    def baseline(
        requirement: Requirement, measurement: Measurement
    ) -> dict[str, BaselineValue] | None:
        del measurement
        if base is None or gate.self_comparing or not requirement.compared:
            return None
        (folder / "trees").mkdir()
        root = head.git.checkout(base, folder / "trees")
        before, _ = bench_at(root, "base").measure(
            gate, requirement.options, name="base", timeout=None, progress=_quiet
        )
        return {
            name: BaselineValue(
                value=value.value,
                why=value.why,
                breakdown=value.breakdown,
                known=known(gate, name, before),
            )
            for name, value in measured_metrics(requirement, before).items()
        }

    try:
        return obtain(head, wanted, baseline, progress=_quiet)
    finally:
        processes.kill()


def known(gate: Gate, name: str, measurement: Measurement) -> Mapping[Identity, int] | None:
    """The findings that a metric counts; ``None`` where it counts none."""
    (metric,) = (metric for metric in gate.metrics if metric.name == name)
    if metric.counts is None:
        return None
    return Counter(identity(each) for each in measurement.findings if metric.counts.has(each))


def uncounted(gate: Gate, result: GateResult) -> str:
    """Which metric is not the number of the findings that it says it counts; empty for none."""
    for metric in gate.metrics:
        measured = result.metrics.get(metric.name)
        if metric.counts is None or measured is None or measured.measured.value is None:
            continue
        named = sum(map(metric.counts.has, result.findings))
        if measured.measured.value != named:
            return f"{metric.name} is {measured.measured.value}, its findings are {named}"
    return ""


def _quiet(text: str) -> None:
    del text


def missing(control: Control) -> list[str]:
    """The programs that a control needs and that are not on PATH."""
    return [program for program in control.needs if shutil.which(program) is None]


def complaint(control: Control, result: GateResult) -> str:
    """Why a control is not as expected; empty when it is.

    A red case counts only when it is red by a condition on a measurement and, where the
    control names a rule, by a finding of that rule, and where it names metrics, by conditions on
    exactly these: a crash is not a detection.
    """
    if result.outcome is not control.expect:
        reason = f" ({result.verdict.reason})" if result.verdict.reason else ""
        return f"expected {control.expect}, got {result.outcome}{reason}: {result.verdict.message}"
    rules = {finding.rule for finding in result.findings}
    if control.expect is Outcome.FAIL and control.rule and control.rule not in rules:
        return f"red, but not by a finding of {control.rule}: found {sorted(rules) or 'none'}"
    broken = {check.metric for check in result.verdict.checks if check.holds is False}
    if control.metrics and broken != set(control.metrics):
        return f"red by {sorted(broken)}, not by {sorted(control.metrics)}"
    return ""
