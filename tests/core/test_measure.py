"""The context that gates work with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.core.execute import Processes
from gaterun.core.measure import Bench, resource_names
from gaterun.testing import measure_gate, run_control


@pytest.fixture
def measured(project: Any) -> Any:
    """Calls a function with a gate's context and returns what it returned, and the evidence."""

    def measured(function: Callable[..., Any], **more: Any) -> tuple[Any, Any]:
        (project.root / ".gaterun/logs").mkdir(parents=True, exist_ok=True)
        bench = Bench(
            root=project.root,
            state=project.root / ".gaterun",
            logs=project.root / ".gaterun/logs",
            base=more.get("base"),
            resources={},
            processes=Processes("test"),
        )
        said: list[Any] = []

        def measure(ctx: gaterun.Context) -> gaterun.Measurement:
            said.append(function(ctx))
            return gaterun.Measurement(metrics={}, inspected={})

        gate = gaterun.Gate(name="g", title="", metrics=(), measure=measure)
        _, trace = bench.measure(
            gate, "options", name="1::g", timeout=9, progress=more.get("progress", str)
        )
        return said[0], tuple(trace.evidence)

    return measured


def test_what_a_context_says(measured: Any, project: Any) -> None:
    found, _ = measured(lambda ctx: (ctx.root, ctx.options, ctx.base), base="abc")
    assert found == (project.root, "options", "abc")


def test_scratch_is_empty_outside_the_workspace_and_gone_afterwards(
    measured: Any, project: Any
) -> None:
    def scratch(ctx: gaterun.Context) -> Path:
        assert list(ctx.scratch.iterdir()) == []
        assert ctx.scratch == ctx.scratch
        (ctx.scratch / "deep").mkdir()
        (ctx.scratch / "deep/x").write_text("x")
        assert not ctx.scratch.is_relative_to(project.root)
        return ctx.scratch

    (project.root / ".gaterun/scratch").mkdir(parents=True)
    assert not measured(scratch)[0].exists()


def test_state_is_found_again(measured: Any, project: Any) -> None:
    def first(ctx: gaterun.Context) -> None:
        (ctx.state / "seen").write_text("1")

    measured(first)
    assert measured(lambda ctx: (ctx.state / "seen").read_text())[0] == "1"
    assert (project.root / ".gaterun/gates/g/seen").exists()


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ((), ["Cargo.toml", "a.rs", "b/c.rs", "b/d/e.rs", "b/d/f.txt", "b[x].rs"]),
        (("*.rs",), ["a.rs", "b[x].rs"]),
        (("**/*.rs",), ["a.rs", "b/c.rs", "b/d/e.rs", "b[x].rs"]),
        (("b/**",), ["b/c.rs", "b/d/e.rs", "b/d/f.txt"]),
        (("b/*",), ["b/c.rs"]),
        (("b/**/e.rs",), ["b/d/e.rs"]),
        (("?.rs",), ["a.rs"]),
        (("b[x].rs",), ["b[x].rs"]),
        (("a.rs", "Cargo.toml"), ["Cargo.toml", "a.rs"]),
        (("nope",), []),
    ],
)
@pytest.mark.parametrize("in_git", [True, False])
def test_files(
    measured: Any, project: Any, globs: tuple[str, ...], expected: list[str], in_git: bool
) -> None:
    project.write(dict.fromkeys(("a.rs", "b/c.rs", "b/d/e.rs", "b/d/f.txt", "b[x].rs"), ""))
    if in_git:
        project.commit()
    assert list(measured(lambda ctx: ctx.files(*globs))[0]) == expected


def test_evidence_of_each_command(measured: Any, project: Any) -> None:
    (project.root / "sub").mkdir()

    def commands(ctx: gaterun.Context) -> None:
        ctx.run(["true"])
        ctx.run(["false"], cwd=ctx.root / "sub")
        ctx.run(["true"], cwd=Path("/"))

    _, evidence = measured(commands)
    assert [(e.argv, e.cwd, e.exit_status) for e in evidence] == [
        (("true",), ".", 0),
        (("false",), "sub", 1),
        (("true",), "/", 0),
    ]
    logs = [e.log for e in evidence]
    assert logs == ["logs/1.g.01-true", "logs/1.g.02-false", "logs/1.g.03-true"]


def test_evidence_is_kept_where_it_refuses(measured: Any) -> None:
    def refuse(ctx: gaterun.Context) -> None:
        ctx.run(["true"])
        raise gaterun.CannotMeasure(gaterun.Reason.BUILD_FAILED, "no")

    with pytest.raises(gaterun.CannotMeasure) as caught:
        measured(refuse)
    assert [e.argv for e in caught.value.evidence] == [("true",)]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("boom"), "gate 'g' raised RuntimeError: boom"),
        (FileNotFoundError(2, "No such file or directory", "x.rs"), "gate 'g': No such file"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "gate 'g' raised UnicodeDecodeError"),
        (RecursionError("deep"), "gate 'g' raised RecursionError"),
        (MemoryError(), "gate 'g' raised MemoryError"),
        (GeneratorExit(), "gate 'g' raised GeneratorExit"),
    ],
)
def test_whatever_it_raises_is_a_crash(measured: Any, error: BaseException, message: str) -> None:
    def broken(ctx: gaterun.Context) -> None:
        raise error

    with pytest.raises(gaterun.CannotMeasure) as caught:
        measured(broken)
    assert caught.value.reason is gaterun.Reason.CRASHED
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("argv", [[], ["a\0b"], ["true", "x" * 3_000_000]])
def test_an_argument_list_that_cannot_be_is_a_crash(measured: Any, argv: list[str]) -> None:
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measured(lambda ctx: ctx.run(argv))
    assert caught.value.reason is gaterun.Reason.CRASHED


def test_progress_is_passed_on(measured: Any) -> None:
    said: list[str] = []
    measured(lambda ctx: ctx.progress("half way"), progress=said.append)
    assert said == ["half way"]


def test_resource_names() -> None:
    assert resource_names(lambda ctx: None) == ()
    assert resource_names(lambda ctx, a, b: None) == ("a", "b")


def test_only_plain_parameters_are_resources() -> None:
    assert resource_names(lambda ctx, a, *rest, limit=3, **more: None) == ("a",)


# --- gaterun.testing -------------------------------------------------------------------------


def todo(ctx: gaterun.Context) -> gaterun.Measurement:
    names = ctx.files("*.rs")
    count = sum((ctx.root / name).read_text().count("TODO") for name in names)
    found = [gaterun.Finding(rule="todo", message="here")] * count
    return gaterun.Measurement(
        metrics={"n": count}, inspected={"files": len(names)}, findings=found
    )


TODO = gaterun.Gate(
    name="todo",
    title="",
    metrics=(gaterun.Metric(name="n"),),
    measure=todo,
    requires=("n == 0",),
)


def test_measure_gate(project: Any) -> None:
    project.write({"a.rs": "// TODO TODO"})
    assert measure_gate(TODO, project.root, resources={}).metrics == {"n": 2}


@pytest.mark.parametrize(
    ("files", "expect"),
    [({"a.rs": "// TODO"}, "fail"), ({"a.rs": ""}, "pass"), ({"b": ""}, "inconclusive")],
)
def test_run_control(tmp_path: Path, files: dict[str, str], expect: str) -> None:
    control = gaterun.Control(name="c", expect=gaterun.Outcome(expect), files=files)
    result = run_control(TODO, control, tmp_path, resources={})
    assert result.outcome == expect


def test_a_control_with_a_base_is_judged_against_it(tmp_path: Path) -> None:
    def run(now: str, folder: str) -> str:
        control = gaterun.Control(
            name="c",
            expect=gaterun.Outcome.PASS,
            base={"a.rs": "TODO TODO", "gone.rs": "TODO"},
            files={"a.rs": now},
            options={"ratchet": "n"},
        )
        return run_control(TODO, control, tmp_path / folder, resources={}).outcome

    assert run("TODO TODO TODO", "same") == "pass"
    assert run("TODO TODO TODO TODO", "worse") == "fail"


def test_a_red_control_is_red_by_its_own_rule(tmp_path: Path) -> None:
    from gaterun.core.controls import complaint

    control = gaterun.Control(
        name="c", expect=gaterun.Outcome.FAIL, files={"a.rs": "TODO"}, rule="todo"
    )
    result = run_control(TODO, control, tmp_path, resources={})
    assert complaint(control, result) == ""
    from msgspec.structs import replace

    assert "not by a finding of other" in complaint(replace(control, rule="other"), result)
    assert "expected pass, got fail" in complaint(
        replace(control, expect=gaterun.Outcome.PASS), result
    )
