"""Reading, timing and comparing builds: the parts that need no cargo."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun_gates.infra.build_comparison import measured_change
from gaterun_gates.infra.build_messages import Unit, package_name, read_build
from gaterun_gates.infra.build_scenarios import SCENARIOS, pair_order
from gaterun_gates.infra.cargo_roots import declares_workspace, decode_root
from gaterun_gates.infra.disk_usage import disk_usage
from gaterun_gates.infra.host_load import cpu_pressure, parse_pressure, processors
from gaterun_gates.infra.source_edit import Edit, choose_edits, dependents, edit_text

ROOT = Path("/tree")


def artifact(name: str, *, fresh: bool = False, root: str = "/tree", kind: str = "lib") -> bytes:
    return json.dumps(
        {
            "reason": "compiler-artifact",
            "package_id": f"path+file://{root}/{name}#0.1.0",
            "manifest_path": f"{root}/{name}/Cargo.toml",
            "target": {"kind": [kind], "name": name},
            "profile": {"opt_level": "0", "test": False},
            "fresh": fresh,
        }
    ).encode()


FINISHED = b'{"reason":"build-finished","success":true}\n'


def test_what_was_built() -> None:
    lines = [
        b"text of a build script\n",
        b"{not json\n",
        b'{"reason":"something-new"}\n',
        artifact("a"),
        artifact("b", fresh=True),
        artifact("serde", root="/registry"),
        artifact("a", kind="custom-build"),
        FINISHED,
    ]
    build = read_build(lines, ROOT)
    assert (build.finished, build.success) == (True, True)
    assert (build.dirty, build.fresh) == (3, 1)
    assert Unit(package="a", target="a", kind="lib", local=True) in build.units
    assert [unit.package for unit in build.units if not unit.local] == ["serde"]
    assert build.profiles == {"opt_level=0", "test=False"}


def test_a_build_without_an_end_is_not_finished() -> None:
    build = read_build([artifact("a")], ROOT)
    assert not build.finished
    assert not build.success


def test_a_failed_build_has_an_error_with_its_place() -> None:
    message = {
        "level": "error",
        "message": "mismatched types",
        "spans": [
            {"is_primary": False, "file_name": "x.rs", "line_start": 1},
            {"is_primary": True, "file_name": "src/lib.rs", "line_start": 7},
        ],
    }
    lines = [
        json.dumps({"reason": "compiler-message", "message": {"level": "warning"}}).encode(),
        json.dumps({"reason": "compiler-message", "message": message}).encode(),
        b'{"reason":"build-finished","success":false}\n',
    ]
    build = read_build(lines, ROOT)
    assert build.error == "src/lib.rs:7: mismatched types"
    assert build.finished
    assert not build.success


@pytest.mark.parametrize(
    ("package_id", "name"),
    [
        ("path+file:///srv/legacy#0.1.0", "legacy"),
        ("path+file:///srv/core#em-core@1.9.0", "em-core"),
        ("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.1", "serde"),
        ("git+https://example.com/x/y.git?branch=main#z@1.0.0", "z"),
        ("serde 1.0.1 (registry+https://example.com)", "serde"),
        ("", ""),
    ],
)
def test_names_of_packages(package_id: str, name: str) -> None:
    assert package_name(package_id) == name


@given(st.lists(st.binary(max_size=30)))
def test_any_output_is_read(lines: list[bytes]) -> None:
    assert read_build(lines, ROOT).units == frozenset()


def test_every_scenario_knows_what_fits_it() -> None:
    made = read_build([artifact("a"), FINISHED], ROOT)
    fresh = read_build([artifact("a", fresh=True), FINISHED], ROOT)
    edit = edit_of(workspace(package("a")))
    fits = {
        each.name: (not each.complaint(made, edit), not each.complaint(fresh, edit))
        for each in SCENARIOS
    }
    assert fits == {
        "clean": (True, False),
        "clean_as_configured": (True, False),
        "no_op": (False, True),
        "incremental": (True, False),
        "incremental_leaf": (True, False),
    }


def edit_of(members: gaterun.Workspace, name: str = "a") -> Edit:
    return Edit(
        package=name,
        path=ROOT / name / "src/lib.rs",
        library=True,
        original="",
        dependents=dependents(members)[name],
        members=frozenset(member.name for member in members.members),
    )


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ("core mid app", ""),
        ("core mid app maybe", ""),  # it needs core under a condition only
        ("core mid app tested", ""),  # its tests need core
        ("core mid app serde", ""),  # no member
        ("core mid app patched", ""),  # `[patch]` may give it this core for the published one
        ("core mid", "'core' was edited and 'app' not compiled again"),
        ("", "'core' was edited and 'app', 'core', 'mid' not compiled again"),
        ("core mid app other", "'core' was edited and 'other' compiled again as well"),
    ],
)
def test_an_edit_has_the_package_and_its_dependents_compiled_again(
    made: str, complaint: str
) -> None:
    members = workspace(
        package("app", "mid"),
        package("mid", "core"),
        package("core"),
        package("maybe", "core!"),
        package("tested", "core?"),
        package("other", "serde"),
        package("patched", "core@"),
    )
    again = made.split()
    every = ["app", "mid", "core", "maybe", "tested", "other", "serde", "patched"]
    build = read_build([artifact(name, fresh=name not in again) for name in every], ROOT)
    assert edit_of(members, "core").complaint(*build.packages()) == complaint


def test_what_is_not_part_of_the_build_need_not_be_compiled_again() -> None:
    members = workspace(package("app", "core"), package("core"))
    build = read_build([artifact("core")], ROOT)  # default-members leaves app out
    assert edit_of(members, "core").complaint(*build.packages()) == ""


def test_pairs_are_balanced() -> None:
    order = [side for number in range(4) for side in pair_order(number, ["A", "B"])]  # type: ignore[list-item]
    assert "".join(order) == "ABBAABBA"  # type: ignore[arg-type]


def test_a_change_carries_its_interval() -> None:
    measured = measured_change([1.0] * 6, [0.5, 0.5, 0.5, 0.6, 0.5, 0.4])
    assert measured.value == 0.5
    assert measured.samples == (0.5, 0.5, 0.5, 0.6, 0.5, 0.4)
    assert measured.change is not None
    assert measured.change.base == 1
    assert measured.change.low == pytest.approx(-0.6)
    assert measured.change.middle == pytest.approx(-0.5)
    assert measured.change.high == pytest.approx(-0.4)
    assert (measured.change.pairs, measured.change.confidence) == (6, 0.96875)


def test_times_of_zero_have_no_ratio() -> None:
    assert measured_change([0.0] * 6, [1.0] * 6).change is None


def test_hard_links_take_space_once(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "a").write_bytes(os.urandom(100_000))
    once = disk_usage(tmp_path)
    os.link(tmp_path / "deps" / "a", tmp_path / "a")
    (tmp_path / "link").symlink_to(tmp_path / "deps")
    assert once >= 100_000
    assert disk_usage(tmp_path) - once < 5000
    assert disk_usage(tmp_path / "nowhere") == 0


def test_pressure() -> None:
    text = "some avg10=1.50 avg60=0.00 avg300=0.00 total=5\nfull avg10=9.00 avg60=0 total=1\n"
    assert parse_pressure(text) == pytest.approx(0.015)
    assert parse_pressure("") is None
    pressure = cpu_pressure()
    assert pressure is None or 0 <= pressure <= 1
    assert processors() >= 1


def package(name: str, *needs: str, folder: Path = ROOT, kind: str = "lib") -> gaterun.Package:
    return gaterun.Package(
        id=name,
        name=name,
        version="0.1.0",
        manifest_path=folder / name / "Cargo.toml",
        targets=(gaterun.Target(name=name, kind=(kind,), src_path=folder / name / "src/lib.rs"),),
        dependencies=tuple(
            gaterun.Dependency(
                name=need.strip("?!@"),
                req="*",
                kind="dev" if need.endswith("?") else "normal",
                path=None if need.endswith("@") else folder / need.strip("?!"),
                conditional=need.endswith("!"),
            )
            for need in needs
        ),
    )


def workspace(*members: gaterun.Package, folder: Path = ROOT) -> gaterun.Workspace:
    return gaterun.Workspace(root=folder, target_directory=folder / "target", members=members)


def test_dependents_direct_and_indirect_but_not_for_tests() -> None:
    found = dependents(
        workspace(
            package("app", "mid"), package("mid", "core"), package("core", "app?"), package("x")
        )
    )
    certain = {name: sorted(each.certain) for name, each in found.items()}
    possible = {name: sorted(each.possible) for name, each in found.items()}
    assert certain == {
        "app": ["app"], "mid": ["app", "mid"], "core": ["app", "core", "mid"], "x": ["x"]
    }  # fmt: skip
    # The tests of core need app, and with it mid.
    assert possible == {**certain, "app": ["app", "core"], "mid": ["app", "core", "mid"]}


def test_the_most_depended_on_package_of_both_sides_is_edited(tmp_path: Path) -> None:
    sides = []
    for side, names in (("base", ("app", "mid", "core")), ("head", ("app", "mid", "core", "new"))):
        folder = tmp_path / side
        for name in names:
            (folder / name / "src").mkdir(parents=True)
            (folder / name / "src" / "lib.rs").write_text(f"// {name}")
        needs = {"app": ("mid",), "mid": ("core", "new"), "core": (), "new": ()}
        sides.append(
            workspace(
                *(package(name, *needs[name], folder=folder) for name in names), folder=folder
            )
        )
    edits = choose_edits(sides)
    assert [edit.path.relative_to(tmp_path).as_posix() for edit in edits] == [
        "base/core/src/lib.rs",
        "head/core/src/lib.rs",
    ]
    edits[0].apply(3)
    edits[0].apply(4)
    assert edits[0].path.read_text() == "// core" + edit_text(4, library=True)
    edits[0].undo()
    assert edits[0].path.read_text() == "// core"
    assert choose_edits(sides, "mid")[0].path.parts[-3] == "mid"
    assert [edit.package for edit in choose_edits(sides, leaf=True)] == ["app", "app"]
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        choose_edits(sides, "new")
    assert refusal.value.reason is gaterun.Reason.NOT_COMPARABLE


def test_each_edit_is_new() -> None:
    texts = {edit_text(number, library=library) for number in range(5) for library in (True, False)}
    assert len(texts) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[workspace]\n", True),
        ("  [ workspace ]\n", True),
        ("[workspace.dependencies]\n", True),
        ("workspace = { members = [] }\n", True),
        ("# [workspace]\n", False),
        ('[package]\nworkspace = ".."\n', False),
    ],
)
def test_manifests_of_workspaces(text: str, *, expected: bool) -> None:
    assert declares_workspace(text) is expected


def test_folders_of_a_workspace() -> None:
    answer = {
        "workspace_root": "/w",
        "target_directory": "/w/target",
        "packages": [{"manifest_path": "/w/a/Cargo.toml"}],
    }
    root = decode_root(json.dumps(answer))
    assert root.is_default
    assert root.build == root.target
    assert root.manifests == {Path("/w/a/Cargo.toml")}
    moved = decode_root(json.dumps({**answer, "target_directory": "/t", "build_directory": "/b"}))
    assert not moved.is_default
    assert moved.build == Path("/b")


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"workspace_root": 3}'])
def test_answers_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"answer|Expecting"):
        decode_root(text)
