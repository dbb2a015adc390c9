"""Workflows and the shell commands in them."""

from __future__ import annotations

import contextlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.infra.shell_commands import parse_commands
from gaterun_gates.infra.sweep_command import installs_sweep, parse_sweep
from gaterun_gates.infra.workflow import WorkflowError, is_off, parse_action, parse_workflow


def words(script: str) -> list[tuple[str, ...]]:
    return [command.words for command in parse_commands(script)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cargo sweep -i", [("cargo", "sweep", "-i")]),
        ('echo "cargo sweep"', [("echo", "cargo sweep")]),
        ("a && b || c ; d", [("a",), ("b",), ("c",), ("d",)]),
        ("a \\\n  --b", [("a", "--b")]),
        ("# cargo sweep\na", [("a",)]),
        ("a # it's a comment\nb", [("a",), ("b",)]),
        ("a b#c", [("a", "b#c")]),
        ("RUSTFLAGS=-x A=b cargo sweep -i", [("cargo", "sweep", "-i")]),
        ("if cargo sweep -i; then a; fi", [("cargo", "sweep", "-i"), ("a",), ("fi",)]),
        ("x=$(cargo sweep -i)", [("cargo", "sweep", "-i")]),
        ("echo `cargo sweep -i`", [("echo",), ("cargo", "sweep", "-i")]),
        ("echo ';' cargo sweep -i", [("echo", ";", "cargo", "sweep", "-i")]),
        ("find -exec a {} \\; -x", [("find", "-exec", "a", "{}", ";", "-x")]),
        ("a &> log; b", [("a", "&>", "log"), ("b",)]),
        ("(cd a && cargo sweep -i)", [("cd", "a"), ("cargo", "sweep", "-i")]),
        ("cat <<EOF\ncargo sweep -i\nEOF\na", [("cat", "<<EOF"), ("a",)]),
        ("cat <<-'E'\n\tcargo sweep\n\tE\na", [("cat", "<<-E"), ("a",)]),
        ("cargo sweep -t ${{ inputs.days || 3 }}", [("cargo", "sweep", "-t", "EXPRESSION")]),
        ("echo 'two\nlines' && a", [("echo", "two\nlines"), ("a",)]),
        ("a > log 2>&1", [("a", ">", "log", "2>&1")]),
        ("", []),
        ("\n\n", []),
        ('a "unfinished', []),
        ("sudo -E a", [("a",)]),
        ("echo '<<E'\na", [("echo", "<<E"), ("a",)]),
        ("a <<< b\nc", [("a", "<<<", "b"), ("c",)]),
        ("cat <<A <<B\n1\nA\n2\nB\nc", [("cat", "<<A", "<<B"), ("c",)]),
    ],
)
def test_commands(script: str, expected: list[tuple[str, ...]]) -> None:
    assert words(script) == expected


@pytest.mark.parametrize(
    ("script", "tolerated"),
    [
        ("a", False),
        ("a && b", False),
        ("a || true", True),
        ("a | tee log", True),
        ("if a; then b; fi", True),
        ("! a", True),
        ("set +e\na", True),
    ],
)
def test_failures_that_the_script_survives(script: str, *, tolerated: bool) -> None:
    assert next(c for c in parse_commands(script) if c.words == ("a",)).tolerated is tolerated


def test_lines_are_counted_through_all_that_is_left_out() -> None:
    script = "a\n# x\n\nb \\\n  c\ncat <<E\nx\nE\nd '\n' \ne"
    assert [(c.words[0], c.line) for c in parse_commands(script)] == [
        ("a", 0),
        ("b", 3),
        ("cat", 5),
        ("d", 8),
        ("e", 10),
    ]


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=6), min_size=1))
def test_quoted_words_come_back(arguments: list[str]) -> None:
    script = shlex.join(["run", *arguments])
    assert "\x00" in script or "${{" in script or words(script) == [("run", *arguments)]


@given(st.text())
def test_any_text_is_parsed(script: str) -> None:
    for command in parse_commands(script):
        assert command.words
        assert 0 <= command.line <= script.count("\n")


@pytest.mark.parametrize(
    ("command", "bounds"),
    [
        ("cargo sweep --time 30", ("time",)),
        ("cargo sweep --time=30 -r", ("time",)),
        ("cargo sweep -rt 30 .", ("time",)),
        ("cargo sweep -t30", ("time",)),
        ("cargo sweep -m 5GB", ("maxsize",)),
        ("cargo sweep -i -v", ("installed",)),
        ("cargo sweep --toolchains stable,nightly", ("toolchains",)),
        ("cargo sweep --file", ("file",)),
        ("cargo +nightly sweep -i", ("installed",)),
        ("/root/.cargo/bin/cargo-sweep sweep -i", ("installed",)),
        ("cargo sweep --time", ()),
        ("cargo sweep --time --recursive", ()),
        ("cargo sweep", ()),
    ],
)
def test_bounds_of_a_sweep(command: str, bounds: tuple[str, ...]) -> None:
    sweep = parse_sweep(shlex.split(command))
    assert sweep is not None
    assert sweep.bounds == bounds


def test_stamp_and_dry_run() -> None:
    stamp, dry = parse_sweep(["cargo", "sweep", "-s"]), parse_sweep(["cargo", "sweep", "-dt", "3"])
    assert stamp is not None
    assert stamp.stamp
    assert dry is not None
    assert dry.dry_run
    assert dry.bounds == ("time",)


@pytest.mark.parametrize(
    "command",
    ["cargo install cargo-sweep", "cargo build sweep", "sweep", "cargo-sweep", "echo cargo sweep"],
)
def test_no_sweep(command: str) -> None:
    assert parse_sweep(shlex.split(command)) is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cargo install --locked cargo-sweep", True),
        ("cargo binstall -y cargo-sweep@0.7", True),
        ("brew install cargo-sweep", True),
        ("cargo install cargo-nextest", False),
        ("echo cargo-sweep", False),
    ],
)
def test_installations(command: str, *, expected: bool) -> None:
    assert installs_sweep(shlex.split(command)) is expected


@pytest.mark.parametrize(
    ("condition", "off"),
    [
        (None, False),
        (False, True),
        (True, False),
        ("false", True),
        ("${{ false }}", True),
        ("${{false && github.ref == 'x'}}", True),
        ("${{ false || github.ref == 'x' }}", False),
        ("github.event_name == 'push'", False),
        ("always()", False),
        ("0", True),
    ],
)
def test_conditions_that_never_hold(condition: object, *, off: bool) -> None:
    assert is_off(condition) is off


WORKFLOW = """\
name: CI
on: [push, pull_request]
env: {A: 1}
jobs:
  build:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix: {os: [ubuntu-latest, self-hosted]}
    steps:
      - uses: actions/checkout@v4
        with: {clean: false, depth: 0}
      - name: Script
        run: |
          one
          two
        continue-on-error: true
        working-directory: sub
      - run: three
  off:
    if: ${{ false }}
    runs-on: {group: big, labels: [x]}
    steps: []
  after:
    needs: off
    runs-on: ubuntu-latest
    steps: []
  always:
    needs: [off]
    if: always()
    runs-on: [self-hosted, linux]
    container: rust:1
    steps: []
  call:
    uses: ./.github/workflows/other.yml
"""


def test_a_workflow() -> None:
    workflow = parse_workflow(WORKFLOW, "ci.yml")
    assert workflow.triggers == ("push", "pull_request")
    assert workflow.env == {"A": "1"}
    jobs = {job.name: job for job in workflow.jobs}
    assert [name for name, job in jobs.items() if job.off] == ["off", "after"]
    assert jobs["build"].labels == ("${{ matrix.os }}", "ubuntu-latest", "self-hosted")
    assert jobs["off"].labels == ("self-hosted", "x")
    assert jobs["always"].container
    assert jobs["call"].uses == "./.github/workflows/other.yml"
    checkout, script, three = jobs["build"].steps
    assert checkout.inputs == {"clean": "false", "depth": "0"}
    assert (script.name, script.folder, script.tolerated) == ("Script", "sub", True)
    assert (script.line, script.run_line) == (12, 14)
    assert WORKFLOW.splitlines()[script.run_line - 1].strip() == "one"
    assert (three.line, three.run_line) == (18, 18)


@pytest.mark.parametrize(
    ("on", "triggers"),
    [
        ("on: push", ("push",)),
        ("on:\n  push:\n    branches: [main]\n  schedule: []", ("push", "schedule")),
        ("'on': push", ("push",)),
        ("name: x", ()),
    ],
)
def test_triggers_by_yaml_1_2(on: str, triggers: tuple[str, ...]) -> None:
    assert parse_workflow(f"{on}\njobs: {{}}\n", "w.yml").triggers == triggers


@pytest.mark.parametrize(
    "text", ["", "jobs: [", "[]", "on: push", "a: 1\na: 2\n", "jobs: 3", "x", "\t- a", "&a [*a]"]
)
def test_what_is_no_workflow(text: str) -> None:
    with pytest.raises(WorkflowError, match=r"^w\.yml"):
        parse_workflow(text, "w.yml")


@given(st.text(max_size=60))
def test_any_text_is_a_workflow_or_refused(text: str) -> None:
    with contextlib.suppress(WorkflowError):
        assert parse_workflow(text, "w.yml").path == "w.yml"


def test_steps_of_a_composite_action() -> None:
    action = "runs:\n  using: composite\n  steps:\n    - run: a\n      shell: bash\n"
    assert [step.run for step in parse_action(action, "a.yml")] == ["a"]
    assert parse_action("runs:\n  using: node20\n  main: x.js\n", "a.yml") == ()
    assert parse_action("name: x\n", "a.yml") == ()
