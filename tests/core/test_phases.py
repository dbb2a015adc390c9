from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from gaterun.core import discovery
from gaterun.core.duration import seconds
from gaterun.core.phases import load_phase
from gaterun.model.errors import UsageError
from gaterun.model.phase import Mode, Phase, PhaseFile, Requirement

Load = Callable[..., Phase]


@pytest.fixture
def load(project: Any) -> Load:
    plugins = discovery.load(entry_points=[("fake_gates", "fake_gates", "here")])

    def load(
        text: str = "",
        *,
        name: str = "p",
        shipped: Mapping[str, str] | None = None,
        overrides: dict[str, Any] | None = None,
        **files: str,
    ) -> Phase:
        for stem, content in {"p": text, **files}.items():
            if content:
                project.phase(content, stem)
        return load_phase(
            name,
            root=project.root,
            folders=[project.root / "phases"],
            shipped=lambda: {
                key: PhaseFile(name=key, text=dedent(value), source=f"pkg/{key}.toml")
                for key, value in (shipped or {}).items()
            },
            gates=plugins.gates,
            resources=plugins.resources,
            overrides=overrides,
        )

    return load


def error(load: Load, text: str, **more: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(text, **more)
    return caught.value


FULL = """\
[phase]
id = "p"
title = "The phase"
base = "main~1"
gates = ["pass", { use = "value", id = "wide", require = "n < 1" }]
protected = ["a/**"]

[phase.outputs]
baseline = "b.json"

[task."7.1"]
title = "First"
owner = "me"
estimate = "2d"
claims = ["c"]
files = ["f/**"]

[[task."7.1".gate]]
use = "value"
number = 3
require = ["n < 20", "ratio >= 50%"]
improve = "score >= 25%"
ratchet = ["n", "score"]
floor = { things = 1 }
tags = ["slow"]
timeout = "1m"
mode = "advisory"
enforce_after = 2027-01-31

[task."7.2"]
needs = ["7.1"]
[[task."7.2".gate]]
use = "fail"
id = "other"
needs = ["7.1::value", "later"]
[[task."7.2".gate]]
use = "pass"
id = "later"
skip = "not here"
"""


def by_id(phase: Phase) -> dict[str, Requirement]:
    return {gate.node_id: gate for gate in phase.requirements}


def test_everything_is_read(load: Load) -> None:
    phase = load(FULL)
    assert (phase.id, phase.title, phase.base) == ("p", "The phase", "main~1")
    assert phase.protected == ("a/**",)
    assert phase.outputs.baseline == "b.json"
    assert phase.outputs.final == ""
    assert phase.source == "phases/p.toml"
    gates = by_id(phase)
    assert list(gates) == [
        "7.1::value",
        "7.2::other",
        "7.2::later",
        "phase::pass",
        "phase::wide",
    ]
    value = gates["7.1::value"]
    assert value.conditions == (
        "n < 20",
        "ratio >= 50%",
        "improve score >= 25%",
        "ratchet n",
        "ratchet score",
        "floor things 1",
    )
    assert value.settings == {"number": 3}
    assert getattr(value.options, "number") == 3.0  # noqa: B009
    assert (value.tags, value.timeout) == (("slow",), 60.0)
    assert (value.mode, value.enforce_after) == (Mode.ADVISORY, date(2027, 1, 31))
    assert (value.location.file, value.location.line) == ("phases/p.toml", 18)
    other = gates["7.2::other"]
    assert other.needs == ("7.1::value", "7.2::later")
    assert other.gate.name == "fail"
    assert other.conditions == ("ok == true",)
    assert other.location.line == 32
    assert gates["7.2::later"].skip == "not here"
    assert gates["phase::pass"].location.line == 5
    assert phase.tasks[1].needs == ("7.1",)
    first = phase.tasks[0]
    assert (first.title, first.owner, first.estimate) == ("First", "me", "2d")
    assert (first.claims, first.files) == (("c",), ("f/**",))


ONE = '[phase]\n[task.a]\n[[task.a.gate]]\nuse = "value"\n'
BAD = ONE + 'require = "n < 1"\n'
PASS = '[phase]\n[task.a]\n[[task.a.gate]]\nuse = "pass"\n'


@pytest.mark.parametrize(
    ("text", "place", "message", "help"),
    [
        # not TOML
        ("[phase\n", "phases/p.toml: expected", "line 1", ""),
        ("a = 1\na = 2\n", "phases/p.toml: ", "line 2", ""),
        # unknown keys at every level
        ("[phases]\n", ":1:2", "unknown table 'phases'", "did you mean 'phase'?"),
        ("phase = 1\n", ":1:1", "'phase' is a table", "write [phase]"),
        ('[phase]\ntitel = "x"\n', ":2:1", "unknown key 'titel'", "did you mean 'title'?"),
        (
            '[phase.outputs]\nbaselin = "x"\n',
            ":2:1",
            "unknown output 'baselin'",
            "did you mean 'baseline'?",
        ),
        ("[task.a]\nneed = []\n", ":2:1", "unknown key 'need' in task a", "'needs'"),
        (BAD + "requires = 1\n", ":6:1", "gate 'value' has no option 'requires'", "'require'"),
        (BAD + "numbr = 1\n", ":6:1", "gate 'value' has no option 'numbr'", "'number'"),
        pytest.param(
            ONE + 'requires = "n < 3"\n',
            ":5:1",
            "gate 'value' has no option 'requires'",
            "did you mean 'require'?",
        ),
        # wrong types
        ("[phase]\ntitle = 3\n", ":2:1", "expected str, got int", ""),
        ('[phase]\nprotected = "x"\n', ":2:1", "expected array, got str", ""),
        ("[phase]\noutputs = 3\n", ":2:1", "expected object, got int", ""),
        ("[phase]\ngates = 3\n", ":2:1", "gates are a list", "[[double brackets]]"),
        ("[phase]\ngates = [3]\n", ":2:10", "a gate is a table or a name", ""),
        ("[task]\na = 3\n", ":2:1", "a task is a table", 'write [task."a"]'),
        ("[task.a]\ntitle = 3\n", ":2:1", "expected str, got int", ""),
        ('[task.a]\nneeds = "b"\n', ":2:1", "expected array, got str", ""),
        ('[task.a.gate]\nuse = "pass"\n', ":1:2", "gates are a list", "[[double brackets]]"),
        (ONE + "require = 3\n", ":5:1", "expected str | array, got int", ""),
        (ONE + "require = [3]\n", ":5:1", "expected str, got int", ""),
        (ONE + 'floor = { a = "x" }\nrequire="n<1"\n', ":5:1", "expected float, got str", ""),
        (ONE + 'tags = "x"\nrequire="n<1"\n', ":5:1", "expected array, got str", ""),
        (ONE + 'number = "x"\nrequire="n<1"\n', ":5:1", "expected float | null, got str", ""),
        pytest.param(
            ONE + 'parts = { a = "x" }\nrequire="n<1"\n', ":5:1", "expected float, got str", ""
        ),
        (ONE + 'skip = true\nrequire="n<1"\n', ":5:1", "expected str, got bool", ""),
        # gates
        ("[task.a]\n[[task.a.gate]]\n", ":2:3", "does not say what it uses", 'add use = "…"'),
        (
            '[task.a]\n[[task.a.gate]]\nuse = "pas"\n',
            ":3:1",
            "no plugin offers a gate 'pas'",
            "did you mean 'pass'?",
        ),
        (PASS + '[[task.a.gate]]\nuse = "pass"\n', ":5:3", "two gates are called 'pass'", "id ="),
        (ONE, ":4:1", "gate 'value' has no condition, so it could not fail", "n, score, ratio"),
        (
            ONE + "floor = { n = 1 }\n",
            ":4:1",
            "gate 'value' has no condition, so it could not fail",
            "",
        ),
        ("[task.phase]\n", ":1:2", "'phase' cannot be the name of a task", ""),
        ('[task."a b"]\n', ":1:2", "'a b' cannot be the name of a task", ""),
        ('[task."../x"]\n', ":1:2", "'../x' cannot be the name of a task", ""),
        # needs
        (
            '[task.a]\n[task.b]\nneeds = ["aa"]\n',
            ":3:10",
            "task b needs 'aa', which does not exist",
            "did you mean 'a'?",
        ),
        (
            PASS + 'needs = ["pass", "fail"]\n',
            ":5:18",
            "gate 'pass' needs 'fail', which does not exist",
            "",
        ),
        (PASS + 'needs = "x::pass"\n', ":5:1", "needs 'x::pass', which does not exist", ""),
        ('[task.a]\nneeds = ["a"]\n', ":2:1", "needs go in a circle: a needs a", ""),
        ('[task.a]\nfiles = ["!src/**"]\n', ":2:1", "they only take files away", ""),
        # advisory
        (PASS + 'mode = "advisory"\n', ":5:1", "an advisory gate needs an end", "enforce_after ="),
        (PASS + 'mode = "advisry"\n', ":5:1", "invalid enum value 'advisry'", ""),
        (PASS + 'enforce_after = "soon"\n', ":5:1", "invalid", ""),
        (PASS + "enforce_after = 3\n", ":5:1", "expected date, got int", ""),
        # timeout
        (PASS + 'timeout = "soon"\n', ":5:1", "'soon' is not a duration", 'write "90s"'),
        (PASS + "timeout = 0\n", ":5:1", "a duration is more than 0", ""),
        (PASS + "timeout = -3\n", ":5:1", "a duration is more than 0", ""),
        (PASS + 'timeout = "0s"\n', ":5:1", "a duration is more than 0", ""),
        (PASS + "timeout = true\n", ":5:1", "expected float | str, got bool", ""),
    ],
)
def test_error_has_file_line_column_and_what_is_near(
    load: Load, text: str, place: str, message: str, help: str
) -> None:
    found = error(load, text)
    assert found.message.startswith("phases/p.toml")
    assert place in found.message.partition(" (")[0] or place in found.message
    assert message in found.message
    assert help in found.help
    assert found.exit_code == 4


def test_circle_of_tasks_is_named(load: Load) -> None:
    found = error(load, '[task.a]\nneeds=["c"]\n[task.b]\nneeds=["a"]\n[task.c]\nneeds=["b"]\n')
    circle = found.message.partition("circle: ")[2].partition(" (")[0].split(" needs ")
    needs = {"a": "c", "b": "a", "c": "b"}
    assert len(circle) == 4
    assert all(needs[one] == two for one, two in pairwise(circle))


def test_circle_of_gates_is_refused(load: Load) -> None:
    found = error(
        load,
        PASS + 'needs = ["fail"]\n[[task.a.gate]]\nuse = "fail"\nneeds = "pass"\n',
    )
    assert "circle" in found.message
    assert "a::pass" in found.message


def test_circle_of_gates_points_at_a_gate(load: Load) -> None:
    found = error(load, PASS + 'needs = "pass"\n')
    assert found.message.startswith("phases/p.toml:5:1")


def test_circle_through_tasks_and_gates_is_refused(load: Load) -> None:
    """a needs b, and a gate of b needs a gate of a: neither could ever start."""
    found = error(
        load,
        """
        [task.a]
        needs = ["b"]
        [[task.a.gate]]
        use = "pass"
        [task.b]
        [[task.b.gate]]
        use = "fail"
        needs = ["a::pass"]
        """,
    )
    assert "circle" in found.message


@pytest.mark.parametrize(
    ("line", "pointer", "help"),
    [
        ('require = "nn < 20"', "  nn < 20\n  ^ unknown metric 'nn'", "mean 'n'?"),
        ('require = ["n < 1", "n < 20x"]', "  n < 20x\n        ^ unknown unit 'x'", "known: "),
        ('require = "n = 20"', "  n = 20\n    ^ '=' does not compare", "write '=='"),
        ('improve = "n >= 25"', "  n >= 25\n       ^ an improvement is a percentage", "write 25%"),
        ('improve = "flag >= 25%"', "  flag >= 25%\n  ^ 'flag' has no better direction", ""),
        ('ratchet = "label"', "  label\n  ^ 'label' has no better direction", ""),
        ('ratchet = ["n", "m"]', "  m\n  ^ unknown metric 'm'", ""),
        ('require = "size <= 10s"', "  size <= 10s\n          ^ the unit 's' does not", ""),
    ],
)
def test_condition_errors_point_at_the_character(
    load: Load, line: str, pointer: str, help: str
) -> None:
    found = error(load, ONE + line + "\n")
    column = line.index("[") + 1 if "[" in line else 1
    if "[" in line:
        column = line.index('"', line.index(",")) + 1
    assert found.message.startswith(f"phases/p.toml:5:{column}: condition cannot be read")
    assert pointer in found.message
    assert help in found.help


@pytest.mark.parametrize(
    ("value", "expected"),
    [("90s", 90), ("1.5h", 5400), ("30m", 1800), ("2min", 120), ("1d", 86400), ("250ms", 0.25),
     ("7", 7), (" 7 s ", 7), (7, 7), (0.5, 0.5)],
)  # fmt: skip
def test_seconds(value: str | float, expected: float) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize("value", ["", "s", "-1s", "1w", "1h30m", "1e3", "0", "٣ s x"])
def test_what_is_no_duration(value: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(value)


@pytest.mark.parametrize("value", ["nan", "inf", '"99999999999d"'])
def test_a_timeout_is_finite(load: Load, value: str) -> None:
    assert "timeout" in error(load, PASS + f"timeout = {value}\n").message


def test_a_floor_is_a_number(load: Load) -> None:
    assert "floor" in error(load, ONE + 'require = "n < 1"\nfloor = { n = nan }\n').message


def test_enforce_after_is_a_date_without_a_time(load: Load) -> None:
    text = PASS + 'mode = "advisory"\nenforce_after = 2027-01-31T10:00:00Z\n'
    assert "enforce_after" in error(load, text).message


@pytest.mark.parametrize("name", ["../../../escape", "a::b", "a b", "a\\nb", "/abs"])
def test_the_id_of_a_gate_is_a_name(load: Load, name: str) -> None:
    """It becomes part of node ids, of shell lines and of folders below ``.gaterun``."""
    assert "id" in error(load, PASS + f'id = "{name}"\n').message


def test_extends_is_a_text(load: Load) -> None:
    assert "extends" in error(load, "[phase]\nextends = 3\n").message


# --- extends ---------------------------------------------------------------------------------


def test_extends_merges_by_gate_id(load: Load) -> None:
    parent = """
        [phase]
        title = "Parent"
        base = "v1"
        gates = ["pass"]
        [phase.outputs]
        baseline = "b.json"
        final = "f.json"
        [task.a]
        title = "A"
        owner = "me"
        [[task.a.gate]]
        use = "value"
        number = 1
        points = 2
        require = "n < 5"
        [[task.a.gate]]
        use = "fail"
        [task.b]
        needs = ["a"]
        [[task.b.gate]]
        use = "pass"
    """
    child = """
        [phase]
        extends = "parent"
        base = "v2"
        [phase.outputs]
        final = "other.json"
        [task.a]
        owner = "you"
        [[task.a.gate]]
        use = "value"
        number = 9
        [[task.a.gate]]
        use = "fail"
        skip = "does not apply"
        [[task.a.gate]]
        use = "value"
        id = "second"
        require = "n < 2"
        [task.c]
        [[task.c.gate]]
        use = "pass"
    """
    phase = load(child, parent=parent)
    assert (phase.title, phase.base) == ("Parent", "v2")
    assert (phase.outputs.baseline, phase.outputs.final) == ("b.json", "other.json")
    gates = by_id(phase)
    assert list(gates) == ["a::value", "a::fail", "a::second", "b::pass", "c::pass", "phase::pass"]
    value = gates["a::value"]
    assert value.settings == {"number": 9, "points": 2}
    assert value.conditions == ("n < 5",)
    assert gates["a::fail"].skip == "does not apply"
    assert gates["a::second"].gate.name == "value"
    assert (phase.tasks[0].title, phase.tasks[0].owner) == ("A", "you")
    assert phase.tasks[1].needs == ("a",)


def test_a_child_may_name_a_gate_by_id_alone(load: Load) -> None:
    parent = '[task.a]\n[[task.a.gate]]\nuse = "value"\nid = "x"\nrequire = "n < 5"\n'
    child = '[phase]\nextends = "q"\n[[task.a.gate]]\nid = "x"\nnumber = 4\n'
    gate = by_id(load(child, q=parent))["a::x"]
    assert gate.gate.name == "value"
    assert gate.settings == {"number": 4}


def test_errors_name_the_file_that_is_wrong(load: Load) -> None:
    parent = '[task.a]\n[[task.a.gate]]\nuse = "value"\nrequire = "nope < 5"\n'
    found = error(load, '[phase]\nextends = "q"\n', q=parent)
    assert found.message.startswith("phases/q.toml:4:1")
    found = error(load, '[phase]\nextends = "q"\n', q="[phase]\n\ntitel = 1\n")
    assert found.message.startswith("phases/q.toml:3:1")
    found = error(
        load, '[phase]\nextends = "q"\n[[task.a.gate]]\nuse="value"\nnumbr = 3\n', q=parent
    )
    assert found.message.startswith("phases/p.toml:5:1")


def test_a_phase_of_the_workspace_extends_the_shipped_one_of_the_same_name(load: Load) -> None:
    shipped = {"p": '[phase]\ntitle = "Shipped"\n[task.a]\n[[task.a.gate]]\nuse = "pass"\n'}
    phase = load('[phase]\nextends = "p"\nbase = "v1"\n', shipped=shipped)
    assert (phase.title, phase.base, phase.source) == ("Shipped", "v1", "phases/p.toml")
    assert list(by_id(phase)) == ["a::pass"]


def test_the_workspace_comes_before_what_is_shipped(load: Load) -> None:
    assert load('[phase]\ntitle = "Mine"\n', shipped={"p": "[phase]\n"}).title == "Mine"
    assert load(name="q", shipped={"q": '[phase]\ntitle = "S"\n'}).source == "pkg/q.toml"


def test_a_missing_parent_is_told_where_it_is_named(load: Load) -> None:
    found = error(load, '[phase]\nextends = "parnt"\n', parent="[phase]\n")
    assert found.message.startswith("phases/p.toml:2:1: there is no phase 'parnt'")
    assert found.help == "did you mean 'parent'?"


@pytest.mark.parametrize("parent", ["p", "q"])
def test_a_circle_of_extends_is_refused(load: Load, parent: str) -> None:
    found = error(load, f'[phase]\nextends = "{parent}"\n', q='[phase]\nextends = "p"\n')
    assert found.exit_code == 4


def test_a_circle_of_extends_is_called_one(load: Load) -> None:
    found = error(load, '[phase]\nextends = "q"\n', q='[phase]\nextends = "p"\n')
    assert "circle" in found.message


def test_a_phase_that_extends_another_keeps_its_own_name(load: Load) -> None:
    phase = load('[phase]\nextends = "q"\n', q='[phase]\nid = "q"\n')
    assert phase.id == "p"


# --- the rest --------------------------------------------------------------------------------


def test_the_id_is_the_files_name_where_none_is_given(load: Load) -> None:
    assert load("[phase]\n").id == "p"


def test_a_phase_may_be_a_path(load: Load, project: Any) -> None:
    project.write({"x/y.toml": '[phase]\ntitle = "By path"\n'})
    assert load(name="x/y.toml").title == "By path"
    assert load(name=str(project.root / "x/y.toml")).title == "By path"


def test_an_unknown_phase_names_the_nearest(load: Load) -> None:
    found = error(load, "[phase]\n", name="reelase", release="[phase]\n")
    assert found.message == "there is no phase 'reelase'"
    assert found.help == "did you mean 'release'?"


def test_a_phase_file_that_is_not_utf_8(load: Load, project: Any) -> None:
    (project.root / "phases").mkdir()
    (project.root / "phases/p.toml").write_bytes(b'[phase]\ntitle = "\xff"\n')
    assert "phases/p.toml cannot be read" in error(load, "").message


def test_a_base_of_the_command_line_wins(load: Load) -> None:
    assert load('[phase]\nbase = "a"\n', overrides={"base": "b"}).base == "b"


def test_skip_of_a_task_skips_its_gates(load: Load) -> None:
    phase = load('[task.a]\nskip = "later"\n[[task.a.gate]]\nuse = "value"\n')
    assert [gate.skip for gate in phase.requirements] == ["later"]


def test_a_skipped_gate_needs_no_condition(load: Load) -> None:
    assert by_id(load(ONE + 'skip = "why"\n'))["a::value"].conditions == ()


def test_default_conditions_are_for_those_who_state_none(load: Load) -> None:
    assert by_id(load(PASS))["a::pass"].conditions == ("ok == true",)
    assert by_id(load(PASS + 'require = "ok != false"\n'))["a::pass"].conditions == ("ok != false",)


def test_a_gate_that_asks_for_an_unknown_resource_is_refused(load: Load, project: Any) -> None:
    import gaterun
    from gaterun.core.bind import requirement

    def measure(ctx: gaterun.Context, expensiv: object) -> gaterun.Measurement:
        raise NotImplementedError

    gate = gaterun.Gate(
        name="g",
        title="",
        metrics=(gaterun.Metric(name="n"),),
        measure=measure,
        requires=("n < 1",),
    )
    expensive = gaterun.Resource(name="expensive", compute=lambda ctx: None)
    with pytest.raises(UsageError) as caught:
        requirement(gate, {}, {"expensive": expensive})
    assert "asks for a resource 'expensiv'" in caught.value.message
    assert caught.value.help == "did you mean 'expensive'?"


def test_a_required_option_is_asked_for(load: Load) -> None:
    import gaterun
    from gaterun.core.bind import requirement

    class Options(gaterun.Options, kw_only=True):
        must: str

    gate = gaterun.Gate(
        name="g",
        title="",
        metrics=(gaterun.Metric(name="n"),),
        measure=lambda ctx: None,  # type: ignore[arg-type,return-value]
        options=Options,
        requires=("n < 1",),
    )
    with pytest.raises(UsageError, match="gate 'g' needs the option 'must'"):
        requirement(gate, {}, {})


def test_what_options_say_of_themselves_is_said_where_none_is_given(load: Load) -> None:
    import gaterun
    from gaterun.core.bind import requirement

    class Options(gaterun.Options, kw_only=True):
        one: str = ""
        other: str = ""

        def __post_init__(self) -> None:
            if not self.one and not self.other:
                raise ValueError("give one or other")

    gate = gaterun.Gate(
        name="g",
        title="",
        metrics=(gaterun.Metric(name="n"),),
        measure=lambda ctx: None,  # type: ignore[arg-type,return-value]
        options=Options,
        requires=("n < 1",),
    )
    with pytest.raises(UsageError, match="give one or other"):
        requirement(gate, {}, {})
    assert requirement(gate, {"one": "a"}, {}).options == Options(one="a")


def test_a_path_outside_the_workspace_is_told_in_full(load: Load, tmp_path: Path) -> None:
    outside = tmp_path / "outside.toml"
    outside.write_text("[phase]\nnope = 1\n")
    found = error(load, "", name=str(outside))
    assert found.message.startswith(f"{outside}:2:1")
