"""What authors of gates may import, and what they may rely on."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import gaterun
from gaterun import hookspecs


def test_all_is_sorted_and_without_doubles() -> None:
    assert list(gaterun.__all__) == sorted(set(gaterun.__all__))


@pytest.mark.parametrize("name", gaterun.__all__)
def test_every_name_can_be_imported(name: str) -> None:
    value = getattr(gaterun, name)
    if inspect.isclass(value):
        assert value.__doc__
        assert value.__name__ == name


def test_all_is_what_type_checkers_see() -> None:
    """The names below TYPE_CHECKING and those found at run time are the same."""
    import ast

    tree = ast.parse(inspect.getsource(gaterun))
    seen = {
        alias.asname
        for node in tree.body
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert {*seen, "__version__"} == set(gaterun.__all__)


def test_types_that_a_signature_needs_are_public() -> None:
    """Whatever a public value has as a field can be named by an author."""
    import dataclasses
    import typing
    from enum import Enum

    import msgspec

    def parts(kind: object) -> set[type]:
        nested = typing.get_args(kind)
        if nested:
            return {part for inner in nested for part in parts(inner)}
        return {kind} if isinstance(kind, type) else set()

    private = set()
    for name in gaterun.__all__:
        value = getattr(gaterun, name)
        if dataclasses.is_dataclass(value) or (
            isinstance(value, type) and issubclass(value, msgspec.Struct)
        ):
            for kind in typing.get_type_hints(value).values():
                for part in parts(kind):
                    ours = part.__module__.startswith("gaterun.")
                    if ours and part.__name__ not in gaterun.__all__ and part is not value:
                        private.add(part.__name__)
    assert not any(issubclass(getattr(gaterun, n, object), Enum) for n in private)
    # What only readers of a record meet, by attribute.
    assert private <= {"MetricRecord", "Tree", "Binding", "Reused", "Waived", "BasePolicy"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        gaterun.nope  # noqa: B018


def test_importing_gaterun_imports_none_of_it() -> None:
    code = "import sys, gaterun; print([m for m in sys.modules if m.startswith('gaterun.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("argument", ["--version", "-V"])
def test_version_imports_no_command_line(argument: str) -> None:
    code = (
        f"import sys; sys.argv = ['gaterun', {argument!r}]\n"
        "from gaterun.__main__ import main; main()\n"
        "print([m for m in sys.modules if m in {'click', 'pluggy', 'msgspec', 'gaterun.cli'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines() == [f"gaterun {gaterun.__version__}", "[]"]


HOOKS = {
    name: value
    for name, value in vars(hookspecs).items()
    if inspect.isfunction(value) and name.startswith("gaterun_")
}


def test_there_are_less_than_eight_hooks() -> None:
    assert sorted(HOOKS) == [
        "gaterun_claims",
        "gaterun_event",
        "gaterun_executor",
        "gaterun_gates",
        "gaterun_phases",
        "gaterun_reporters",
        "gaterun_resources",
    ]


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_an_example(name: str) -> None:
    text = inspect.getdoc(HOOKS[name]) or ""
    for section in ("Called: ", "Returns: ", "Example::"):
        assert section in text, f"{name} lacks {section}"
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert "@gaterun.hookimpl\n" in text
    assert f"def {name}({arguments}):" in text
    example = inspect.cleandoc(text.partition("Example::")[2])
    compile(example, name, "exec")


def test_every_entry_point_of_ours_is_named_as_its_gate() -> None:
    from importlib import metadata

    for point in metadata.entry_points(group="gaterun"):
        if not point.value.startswith("gaterun_gates."):
            continue
        try:
            module = importlib.import_module(point.value)
        except ModuleNotFoundError:
            pytest.fail(f"{point.value} cannot be imported")
        offers = getattr(module, "gaterun_gates", None)
        if offers is not None:
            assert [gate.name for gate in offers()] == [point.name]


def test_a_gate_of_twenty_lines(tmp_path: object) -> None:
    """The public API is enough, and short."""
    todo = """
import gaterun

def measure(ctx):
    files = ctx.files("**/*.rs")
    found = [
        gaterun.Finding(rule="todo", message=line.strip(), path=name, line=number)
        for name in files
        for number, line in enumerate((ctx.root / name).read_text().splitlines(), 1)
        if "TODO" in line
    ]
    return gaterun.Measurement(
        metrics={"todos": len(found)}, inspected={"files": len(files)}, findings=found
    )

GATE = gaterun.Gate(name="todo", title="TODO comments", requires=("todos == 0",),
                    metrics=(gaterun.Metric(name="todos"),), measure=measure)

@gaterun.hookimpl
def gaterun_gates():
    return [GATE]
"""
    from pathlib import Path

    from gaterun.testing import measure_gate

    assert isinstance(tmp_path, Path)
    (tmp_path / "lib.rs").write_text("// TODO: all of it\nfn main() {}\n")
    names: dict[str, object] = {}
    exec(todo, names)
    gate = names["GATE"]
    assert isinstance(gate, gaterun.Gate)
    found = measure_gate(gate, tmp_path)
    assert found.metrics == {"todos": 1}
    assert [(finding.path, finding.line) for finding in found.findings] == [("lib.rs", 1)]
