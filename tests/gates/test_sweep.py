"""The gate ``sweep``: which calls of cargo-sweep count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.infra.sweep_audit import SweepStep, audit
from gaterun_gates.infra.workflow import parse_workflow
from gaterun_gates.sweep import GATE

CACHE = "{uses: actions/cache@v4, with: {path: target, key: k}}"
INSTALL = "{run: cargo install cargo-sweep}"
SWEEP = "{name: Sweep, run: cargo sweep --time 7}"


def workflow(*steps: str, job: str = "runs-on: ubuntu-latest", on: str = "push") -> str:
    lines = [f"on: {on}", "jobs:", "  build:", f"    {job}", "    steps:"]
    return "\n".join([*lines, *(f"      - {step}" for step in steps)]) + "\n"


def sweeps(text: str, files: Mapping[str, str] | None = None, **others: str) -> list[SweepStep]:
    parsed = [parse_workflow(text, ".github/workflows/ci.yml")]
    parsed += [
        parse_workflow(other, f".github/workflows/{name}.yml") for name, other in others.items()
    ]
    return audit(parsed, (files or {}).get)


def rules(step: SweepStep) -> list[str]:
    return [each.rule for each in (*step.obstacles, *([step.futile] if step.futile else []))]


def only(text: str, files: Mapping[str, str] | None = None, **others: str) -> SweepStep:
    (step,) = sweeps(text, files, **others)
    return step


def test_a_sweep_that_counts() -> None:
    step = only(workflow(CACHE, INSTALL, SWEEP))
    assert step.active
    assert step.effective
    assert step.path == ".github/workflows/ci.yml"
    assert step.line == 8
    assert "job build, step 'Sweep'" in step.where
    assert not step.remarks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (workflow(INSTALL, SWEEP), ["sweep::fresh-job"]),
        (workflow(INSTALL, SWEEP, CACHE), ["sweep::fresh-job"]),
        (workflow(CACHE, SWEEP), ["sweep::not-installed"]),
        (workflow(CACHE, SWEEP, INSTALL), ["sweep::not-installed"]),
        (workflow(CACHE, "run: cargo sweep -i || true"), ["sweep::not-installed"]),
        (workflow(CACHE, INSTALL, "run: cargo sweep"), ["sweep::no-bound"]),
        (workflow(CACHE, INSTALL, "run: cargo sweep -i -d"), ["sweep::dry-run"]),
        (
            workflow(CACHE, INSTALL, "{run: cargo sweep -i, if: false}"),
            ["sweep::disabled-step"],
        ),
        (
            workflow(CACHE, INSTALL, SWEEP, job="runs-on: ubuntu-latest\n    if: false"),
            ["sweep::disabled-job"],
        ),
        (workflow(CACHE, INSTALL, SWEEP, on="[]"), ["sweep::never-triggered"]),
        (workflow(CACHE, INSTALL, SWEEP, on="workflow_call"), ["sweep::never-triggered"]),
        (
            workflow("{if: false, uses: actions/cache@v4, with: {path: target}}", INSTALL, SWEEP),
            ["sweep::fresh-job"],
        ),
        (
            workflow("{uses: actions/cache/save@v4, with: {path: target}}", INSTALL, SWEEP),
            ["sweep::fresh-job"],
        ),
        (
            workflow("{uses: actions/cache@v4, with: {path: ~/.cargo/registry}}", INSTALL, SWEEP),
            ["sweep::fresh-job"],
        ),
        (
            workflow(
                "{uses: Swatinem/rust-cache@v2, with: {cache-targets: false}}", INSTALL, SWEEP
            ),
            ["sweep::fresh-job"],
        ),
        (
            workflow("uses: actions/checkout@v4", SWEEP, job="runs-on: self-hosted"),
            ["sweep::checkout-cleans"],
        ),
    ],
)
def test_why_a_sweep_does_not_count(text: str, expected: list[str]) -> None:
    step = only(text)
    assert rules(step) == expected
    assert not step.effective


@pytest.mark.parametrize(
    "text",
    [
        workflow("uses: Swatinem/rust-cache@v2", INSTALL, SWEEP),
        workflow("{uses: actions/cache/restore@v4, with: {path: a/target}}", INSTALL, SWEEP),
        workflow(CACHE, "{uses: taiki-e/install-action@v2, with: {tool: cargo-sweep}}", SWEEP),
        workflow(CACHE, "{uses: x/y@v1, with: {crate: cargo-sweep}}", SWEEP),
        workflow(CACHE, SWEEP, job="runs-on: ubuntu-latest\n    container: x"),
        workflow(SWEEP, job="runs-on: [self-hosted, linux]"),
        workflow(SWEEP, job="runs-on: our-big-machine"),
        workflow(
            "{uses: actions/checkout@v4, with: {clean: false}}", SWEEP, job="runs-on: self-hosted"
        ),
        "env: {CARGO_TARGET_DIR: /var/cache/target}\n"
        + workflow("uses: actions/checkout@v4", SWEEP, job="runs-on: self-hosted"),
        workflow(CACHE, INSTALL, "run: cargo sweep -i || true"),
        workflow(CACHE, INSTALL, SWEEP, on="workflow_dispatch"),
    ],
)
def test_sweeps_that_count(text: str) -> None:
    step = only(text)
    assert rules(step) == []
    assert step.effective


def test_what_is_worth_a_remark() -> None:
    hidden = only(workflow(CACHE, INSTALL, "{run: cargo sweep -i, continue-on-error: true}"))
    assert [remark.rule for remark in hidden.remarks] == ["sweep::failure-hidden"]
    asked = only(workflow(CACHE, INSTALL, SWEEP, on="workflow_dispatch"))
    assert [remark.rule for remark in asked.remarks] == ["sweep::on-request-only"]


def test_a_stamp_is_no_sweep_of_its_own() -> None:
    text = workflow(CACHE, INSTALL, "run: cargo sweep -s", "run: cargo sweep -f")
    assert only(text).effective


def test_a_workflow_that_another_one_calls_can_run() -> None:
    called = workflow(CACHE, INSTALL, SWEEP, on="workflow_call")
    caller = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/ci.yml\n"
    assert only(called, caller=caller).effective
    switched_off = caller + "    if: false\n"
    assert rules(only(called, caller=switched_off)) == ["sweep::never-triggered"]


ACTION = """\
runs:
  using: composite
  steps:
    - run: cargo install cargo-sweep
      shell: bash
    - shell: bash
      run: |
        cargo build
        cargo sweep -i
"""


def test_a_composite_action_of_the_repository_is_followed() -> None:
    files = {".github/actions/tidy/action.yml": ACTION}
    step = only(workflow(CACHE, "uses: ./.github/actions/tidy"), files)
    assert (step.path, step.line) == (".github/actions/tidy/action.yml", 9)
    assert step.effective
    off = only(workflow(CACHE, "{uses: ./.github/actions/tidy, if: false}"), files)
    assert "sweep::disabled-step" in rules(off)


def test_a_composite_action_that_is_missing_or_broken_is_passed_over() -> None:
    text = workflow(CACHE, "uses: ./.github/actions/tidy")
    assert sweeps(text) == []
    assert sweeps(text, {".github/actions/tidy/action.yml": "runs: ["}) == []


@pytest.mark.parametrize(
    ("run", "path", "text", "line"),
    [
        ("./ci/tidy.sh", "ci/tidy.sh", "#!/bin/sh\n\ncargo sweep -i\n", 3),
        ("bash -e ci/tidy.sh", "ci/tidy.sh", "cargo sweep -i\n", 1),
        ("make -C . tidy", "Makefile", "all:\n\ttrue\ntidy: all\n\t@cargo sweep -i\nx:\n", 4),
        ("just tidy", "justfile", "tidy:\n    cargo sweep -i\n", 2),
    ],
)
def test_scripts_of_the_repository_are_followed(run: str, path: str, text: str, line: int) -> None:
    step = only(workflow(CACHE, INSTALL, f"run: {run}"), {path: text})
    assert (step.path, step.line) == (path, line)
    assert step.effective


def test_scripts_outside_the_repository_are_not_read() -> None:
    asked: list[str] = []

    def read(path: str) -> str | None:
        asked.append(path)
        return None

    audit([parse_workflow(workflow("run: ../../x.sh; /etc/y.sh; a/../../z.sh"), "w.yml")], read)
    assert asked == []


def test_other_targets_of_a_makefile_are_not_run() -> None:
    makefile = "tidy:\n\tcargo sweep -i\nbuild:\n\tcargo build\n"
    assert sweeps(workflow(CACHE, "run: make build"), {"Makefile": makefile}) == []


def write(root: Path, name: str, content: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_measurement_of_a_tree(tmp_path: Path) -> None:
    write(tmp_path, ".github/workflows/a.yml", workflow(CACHE, INSTALL, SWEEP).encode())
    write(tmp_path, ".github/workflows/b.yaml", workflow(INSTALL, SWEEP).encode())
    write(tmp_path, ".github/workflows/c.yml.off", workflow(CACHE, INSTALL, SWEEP).encode())
    write(tmp_path, ".github/workflows/d.yml", b"\xff")
    found = in_git(tmp_path)
    assert found.metrics == {"steps": 2, "active": 2, "effective": 1, "workflows": 2}
    assert sorted(finding.rule for finding in found.findings) == [
        "sweep::fresh-job",
        "sweep::unreadable",
    ]


def in_git(root: Path) -> gaterun.Measurement:
    """Measure in a repository: without git, hidden folders are not listed."""
    import subprocess

    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return measure_gate(GATE, root)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".gitlab-ci.yml", gaterun.Reason.NO_INPUT),
        (".github/workflows/ci.yml", gaterun.Reason.PARSE_ERROR),
    ],
)
def test_what_cannot_be_read_is_no_verdict(
    tmp_path: Path, name: str, reason: gaterun.Reason
) -> None:
    write(tmp_path, name, b"jobs: [cargo sweep")
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        in_git(tmp_path)
    assert refusal.value.reason is reason
    assert Path(name).name in refusal.value.message
