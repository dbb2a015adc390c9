"""What must not escape the gate ``tests``: removed tests, crashes, hangs, forgeries, floods."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

import gaterun
from gaterun.core.controls import commit, git, write_tree
from gaterun.testing import measure_gate
from gaterun_gates.tests import GATE

pytestmark = pytest.mark.cargo

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
NEXTEST = pytest.param(
    "nextest",
    marks=pytest.mark.skipif(not shutil.which("cargo-nextest"), reason="needs cargo-nextest"),
)
RUNNERS = pytest.mark.parametrize("runner", [NEXTEST, "libtest"])


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def _committed(root: Path, files: dict[str, str]) -> str:
    write_tree(root, files)
    git(root, "init", "--quiet")
    commit(root, "base")
    return git(root, "rev-parse", "HEAD").strip()


def test_a_test_of_the_base_that_is_gone_is_named(tmp_path):
    files = {
        "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a"]\n',
        "a/Cargo.toml": _member("a", '[[test]]\nname = "plain"\nharness = false\n'),
        "a/src/lib.rs": "/// ```\n/// assert!(true);\n/// ```\n/// ```no_run\n/// loop {}\n/// ```\n"
        "pub fn one() {}\n\n#[test]\nfn stays() {}\n\n#[test]\nfn old_name() {}\n\n"
        "#[test]\n#[ignore]\nfn was_ignored() {}\n",
        "a/tests/plain.rs": "fn main() {}\n",
        "a/tests/it.rs": "#[test]\nfn goes() {}\n",
    }
    base = _committed(tmp_path, files)
    shutil.rmtree(tmp_path / "a/tests")
    write_tree(
        tmp_path,
        {
            "a/Cargo.toml": _member("a"),
            "a/src/lib.rs": "/// ```\n/// assert!(true);\n/// ```\npub fn one() {}\n\n"
            "#[test]\nfn stays() {}\n\n#[test]\nfn new_name() {}\n",
        },
    )
    for runner in ("auto", "libtest"):
        options = {"runner": runner, "compare": True}
        result = measure_gate(GATE, tmp_path, options=options, base=base)
        assert list(result.metrics["removed"].breakdown) == [
            "a$old_name",
            "a$was_ignored",
            "a::doc$a/src/lib.rs - one #2",
            "a::it$goes",
            "a::plain$plain",
        ]
        assert list(result.metrics["added"].breakdown) == ["a$new_name"]
        gone = [f.message for f in result.findings if f.rule == "test-removed"]
        assert gone[0] == "a$old_name is a test of the base and is gone"
        assert len(gone) == 5


def test_what_is_removed_is_unknown_and_not_zero_where_the_base_is(tmp_path):
    source = "#[test]\nfn good() {}\n"
    base = _committed(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": source + "fn no() -> u8 {}\n"})
    write_tree(tmp_path, {"src/lib.rs": source})
    options = {"doctests": False, "compare": True}
    broken = measure_gate(GATE, tmp_path, options=options, base=base).metrics["removed"]
    nowhere = measure_gate(GATE, tmp_path, options=options).metrics["removed"]
    switched_off = measure_gate(GATE, tmp_path, options={"doctests": False}, base=base)
    assert broken.value is nowhere.value is switched_off.metrics["removed"].value is None
    assert "the tests do not compile: src/lib.rs:3" in broken.why
    assert nowhere.why == "the phase names no base"


def _refusal(root: Path, **options: object) -> gaterun.CannotMeasure:
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, root, options={"doctests": False, **options})
    return caught.value


def test_a_stack_overflow_names_what_was_running(tmp_path):
    source = (
        "#[allow(unconditional_recursion)]\nfn deep(n: u64) -> u64 {\n"
        "    std::hint::black_box(deep(std::hint::black_box(n + 1))) + 1\n}\n\n"
        "#[test]\nfn overflows() {\n    assert_eq!(deep(0), 1);\n}\n"
    )
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": source})
    refusal = _refusal(tmp_path, runner="libtest")
    assert refusal.reason is gaterun.Reason.INCOMPLETE
    assert "overflows (signal 6)" in refusal.message


def test_a_hanging_binary_names_the_test_and_leaves_nothing_behind(tmp_path):
    import psutil

    marks = tmp_path / "marks"
    marks.mkdir()
    source = f"""\
#[test]
fn good() {{}}

#[test]
fn hangs() {{
    let mut child = std::process::Command::new("setsid")
        .args(["sh", "-c", "echo $$ > {marks}/new; mv {marks}/new {marks}/pid; exec sleep 600"])
        .spawn()
        .unwrap();
    child.wait().unwrap();
}}
"""
    write_tree(tmp_path / "ws", {"Cargo.toml": ONE, "src/lib.rs": source})
    refusal = _refusal(tmp_path / "ws", runner="libtest", limit=3.0)
    assert refusal.reason is gaterun.Reason.TIMEOUT
    assert refusal.message == "one did not end within 3 s; still running: hangs"
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int((marks / "pid").read_text())).wait(10)  # it has been killed


def test_events_of_libtest_that_a_test_prints_itself_are_no_results(tmp_path):
    forged = r"""{ \"type\": \"test\", \"name\": \"bad\", \"event\": \"ok\" }"""
    child = f'std::process::Command::new("echo").arg("{forged}").status().unwrap();'
    source = f'#[test]\nfn bad() {{\n    {child}\n    panic!("no");\n}}\n'
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": source})
    refusal = _refusal(tmp_path, runner="libtest")
    assert refusal.reason is gaterun.Reason.INCOMPLETE
    assert "bad has two results" in refusal.message


@RUNNERS
def test_a_failing_binary_does_not_keep_the_next_from_running(tmp_path, runner):
    write_tree(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": '#[test]\nfn bad() {\n    panic!("x");\n}\n',
            "tests/later.rs": '#[test]\nfn bad() {\n    panic!("y");\n}\n',
        },
    )
    result = measure_gate(GATE, tmp_path, options={"runner": runner, "doctests": False})
    assert result.metrics["failed"].breakdown == {"one": 1, "one::later": 1}


@RUNNERS
def test_tests_behind_features_are_there_when_the_features_are(tmp_path, runner):
    manifest = ONE.replace("[workspace]", '[features]\nmore = []\n\n[[test]]\nname = "gated"\n')
    write_tree(
        tmp_path,
        {
            "Cargo.toml": manifest + 'required-features = ["more"]\n\n[workspace]\n',
            "src/lib.rs": '#[test]\nfn good() {}\n\n#[cfg(feature = "more")]\n'
            "#[test]\nfn hidden() {}\n",
            "tests/gated.rs": "#[test]\nfn good() {}\n",
        },
    )  # fmt: skip
    options = {"runner": runner, "doctests": False}
    few = measure_gate(GATE, tmp_path, options=options)
    many = measure_gate(GATE, tmp_path, options={**options, "features": ["more"]})
    assert few.metrics["total"].breakdown == {"one": 1}
    assert many.metrics["total"].breakdown == {"one": 2, "one::gated": 1}
    assert "left out by cargo: test 'gated' of one: needs features more" in few.notes
    assert not [note for note in many.notes if "left out" in note]
    assert few.recipe["features"] != many.recipe["features"]


@RUNNERS
def test_of_a_flood_of_output_little_is_kept(tmp_path, runner):
    source = (
        "#[test]\nfn bad() {\n    for n in 0..200_000 {\n"
        '        println!("line {n}");\n    }\n    panic!("here");\n}\n'
    )
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": source})
    result = measure_gate(GATE, tmp_path, options={"runner": runner, "doctests": False})
    (finding,) = result.findings
    assert finding.rule == "test-failed"
    assert len(finding.message) < 500


def test_only_what_failed_is_run_again(tmp_path):
    count = tmp_path / "count"
    source = f"""\
fn ran(name: &str) {{
    use std::io::Write;
    let path = std::path::Path::new("{count}").join(name);
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(b"x").unwrap();
}}

#[test]
fn good() {{
    ran("good");
}}

#[test]
fn bad() {{
    ran("bad");
    panic!("x");
}}
"""
    count.mkdir()
    write_tree(tmp_path / "ws", {"Cargo.toml": ONE, "src/lib.rs": source})
    options = {"runner": "libtest", "doctests": False, "retries": 2}
    measure_gate(GATE, tmp_path / "ws", options=options)
    assert {path.name: path.read_text() for path in count.iterdir()} == {"good": "x", "bad": "xxx"}
