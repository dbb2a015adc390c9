"""The gate ``tests``, on real workspaces, with nextest and without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.tests import GATE

pytestmark = pytest.mark.cargo

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
NEXTEST = pytest.param(
    "nextest",
    marks=pytest.mark.skipif(not shutil.which("cargo-nextest"), reason="needs cargo-nextest"),
)
RUNNERS = pytest.mark.parametrize("runner", [NEXTEST, "libtest"])


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def _values(result: gaterun.Measurement) -> dict[str, object]:
    return {
        name: (value.value, dict(value.breakdown)) if isinstance(value, gaterun.Measured) else value
        for name, value in result.metrics.items()
        if name != "duration"
    }


EVERYTHING = {
    "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b", "m"]\n',
    "a/Cargo.toml": _member("a", '[[test]]\nname = "plain"\nharness = false\n'),
    "a/src/lib.rs": """\
/// ```
/// assert_eq!(a::one(), 1);
/// ```
/// ```no_run
/// loop {}
/// ```
/// ```compile_fail
/// let x: i32 = "";
/// ```
/// ```should_panic
/// panic!();
/// ```
/// ```ignore
/// nothing
/// ```
pub fn one() -> i32 {
    1
}

#[cfg(test)]
mod tests {
    #[test]
    fn same_name() {}

    #[test]
    fn bad() {
        assert_eq!(super::one(), 2, "one is\\nnot two");
    }

    #[test]
    #[should_panic(expected = "x")]
    fn panics() {
        panic!("x")
    }

    #[test]
    fn result() -> Result<(), String> {
        Err("no".into())
    }

    #[test]
    #[ignore = "slow"]
    fn ignored() {}

    #[test]
    fn noisy() {
        use std::io::Write;
        println!("test fake ... ok\\ntest result: ok. 9 passed");
        std::process::Command::new("echo").arg("test forged ... ok").status().unwrap();
        std::io::stdout().write_all(b"no newline \\xff").unwrap();
    }
}
""",
    "a/tests/it.rs": "#[test]\nfn same_name() {}\n",
    "a/tests/plain.rs": 'fn main() {\n    println!("hello");\n}\n',
    "a/examples/ex.rs": "fn main() {}\n",
    "b/Cargo.toml": _member("b").replace("2021", "2024"),
    "b/src/lib.rs": "/// ```\n/// assert!(true);\n/// ```\n/// ```standalone_crate\n"
    "/// fn main() {}\n/// ```\npub fn b() {}\n",
    "b/src/main.rs": "fn main() {}\n\n#[test]\nfn same_name() {}\n",
    "m/Cargo.toml": _member("m", "[lib]\nproc-macro = true\n"),
    "m/src/lib.rs": "#[test]\nfn of_a_macro() {}\n",
}


def test_both_runners_count_the_same(tmp_path):
    if not shutil.which("cargo-nextest"):
        pytest.skip("needs cargo-nextest")
    _write(tmp_path, EVERYTHING)
    by_nextest = measure_gate(GATE, tmp_path, options={"runner": "nextest"})
    by_libtest = measure_gate(GATE, tmp_path, options={"runner": "libtest"})
    assert _values(by_nextest) == _values(by_libtest)
    assert [f.place for f in by_nextest.findings] == [f.place for f in by_libtest.findings]
    assert [f.message for f in by_nextest.findings] == [f.message for f in by_libtest.findings]
    values = _values(by_libtest)
    assert values["passed"] == (
        13,
        {
            "a": 3,
            "a::doc": 4,
            "a::it": 1,
            "a::plain": 1,
            "b::bin/b": 1,
            "b::doc": 2,
            "m": 1,
        },
    )
    assert values["failed"] == (2, {"a": 2})
    assert values["ignored"] == (2, {"a": 1, "a::doc": 1})
    assert values["total"][0] == 17
    assert values["executed"] == 15
    assert values["doctests"] == 7
    assert values["new_failures"] == (2, {"a$tests::bad": 1, "a$tests::result": 1})
    bad = by_libtest.findings[0]
    assert bad.path == "a/src/lib.rs"
    assert bad.line == 27
    assert "one is not two" in bad.message


@RUNNERS
def test_a_flaky_test_passes_and_is_marked(tmp_path, runner):
    mark = tmp_path / "mark"
    _write(
        tmp_path / "ws",
        {
            "Cargo.toml": ONE,
            "src/lib.rs": f"""\
#[test]
fn flaky() {{
    let mark = std::path::Path::new({str(mark)!r:s});
    if !mark.exists() {{
        std::fs::write(mark, "").unwrap();
        panic!("first time");
    }}
}}

#[test]
fn bad() {{
    panic!("always");
}}
""".replace("'", '"'),
        },
    )
    options = {"runner": runner, "retries": 2, "doctests": False}
    result = measure_gate(GATE, tmp_path / "ws", options=options)
    assert result.flaky
    assert result.metrics["flaky"] == 1
    assert result.metrics["passed"].value == 1
    assert result.metrics["new_failures"].breakdown == {"one$bad": 1}
    assert {f.rule for f in result.findings} == {"test-failed", "test-flaky"}


@RUNNERS
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("std::process::exit(0);", "one"),
        ("unsafe { libc_exit() }", "one"),
    ],
    ids=["exit", "exit-raw"],
)
def test_a_test_that_ends_its_program_gives_no_verdict(tmp_path, runner, body, words):
    source = (
        'extern "C" {\n    fn _exit(status: i32) -> !;\n}\n'
        "unsafe fn libc_exit() {\n    unsafe { _exit(0) }\n}\n"
        f"#[test]\nfn leaves() {{\n    {body}\n    let _ = libc_exit as unsafe fn();\n}}\n"
    )
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": source})
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path, options={"runner": runner, "doctests": False})
    assert caught.value.reason is gaterun.Reason.INCOMPLETE
    assert words in caught.value.message


def test_an_aborting_binary_names_what_was_running(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": "#[test]\nfn aborts() {\n    std::process::abort();\n}\n",
        },
    )
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path, options={"runner": "libtest", "doctests": False})
    assert caught.value.reason is gaterun.Reason.INCOMPLETE
    assert "aborts" in caught.value.message
    assert "signal 6" in caught.value.message


@RUNNERS
def test_known_failures_and_their_end(tmp_path, runner):
    _write(
        tmp_path, {"Cargo.toml": ONE, "src/lib.rs": '#[test]\nfn bad() {\n    panic!("x");\n}\n'}
    )
    options = {"runner": runner, "doctests": False}
    found = measure_gate(GATE, tmp_path, options=options)
    proposed = GATE.proposes(found)
    assert proposed == {"known_failures": ["one$bad"]}
    known = measure_gate(GATE, tmp_path, options={**options, **proposed})
    assert known.metrics["new_failures"].value == 0
    assert known.metrics["known_failed"].value == 1
    assert GATE.proposes(known) == proposed
    _write(tmp_path, {"src/lib.rs": "#[test]\nfn bad() {}\n"})
    fixed = measure_gate(GATE, tmp_path, options={**options, **proposed})
    assert fixed.metrics["known_fixed"] == 1
    assert [f.rule for f in fixed.findings] == ["known-failure-passes"]


@RUNNERS
def test_a_path_with_spaces(tmp_path, runner):
    root = tmp_path / "a b ü"
    _write(root, {"Cargo.toml": ONE, "src/lib.rs": "#[test]\nfn good() {}\n"})
    result = measure_gate(GATE, root, options={"runner": runner})
    assert result.metrics["passed"].value == 1


def test_flags_that_keep_examples_from_running_give_no_verdict(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": "/// ```\n/// panic!();\n/// ```\npub fn one() {}\n",
            ".cargo/config.toml": '[build]\nrustdocflags = ["--no-run"]\n',
        },
    )
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path, options={"runner": "libtest"})
    assert caught.value.reason is gaterun.Reason.INCOMPLETE
    assert "--no-run" in caught.value.message


def test_test_flags_from_an_alias_or_wrapper_do_not_reach_the_run(tmp_path):
    _write(
        tmp_path,
        {
            "Cargo.toml": ONE,
            "src/lib.rs": '#[test]\nfn bad() {\n    panic!("x");\n}\n',
            ".cargo/config.toml": '[alias]\ntest = "check"\nnextest = "check"\n'
            't = ["test", "--", "--skip", "bad"]\n',
        },
    )
    for runner in ("auto", "libtest"):
        result = measure_gate(GATE, tmp_path, options={"runner": runner, "doctests": False})
        assert result.metrics["new_failures"].value == 1


def test_an_unknown_runner_is_no_verdict_and_names_the_known_ones(tmp_path):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": "#[test]\nfn good() {}\n"})
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, tmp_path, options={"runner": "bazel"})
    assert "nextest" in caught.value.help


def test_nothing_of_a_test_run_is_rebuilt_for_the_user(tmp_path):
    _write(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": "#[test]\nfn good() {}\n"})
    measure_gate(GATE, tmp_path, options={"runner": "libtest"})
    built = {path: path.stat().st_mtime_ns for path in (tmp_path / "target").rglob("one-*")}
    measure_gate(GATE, tmp_path, options={"runner": "libtest"})
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "target").rglob("one-*")} == built
