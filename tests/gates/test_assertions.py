"""What the gate ``tests`` reads off the text of tests: assertions, and those without any."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gates.rust_workspace import sources_of

from gaterun_gates.rust.assertions import find_assertions, in_file
from gaterun_gates.rust.source import Source


def without(root: Path, files: dict[str, str]) -> list[str]:
    found = find_assertions(sources_of(root, files))
    return [f"{test.path}:{test.line} {test.name}" for test in found.without]


@pytest.mark.parametrize(
    "body",
    [
        "assert!(x());",
        'assert_eq!(x(), 2, "why");',
        "debug_assert_ne!(x(), 2);",
        "prop_assert!(x());",
        "insta::assert_snapshot!(x());",
        "assert_matches!(x(), A { .. });",
        'if !x() { panic!("no") }',
        "let A(_) = x() else { unreachable!() };",
        "x().unwrap();",
        'x().expect_err("why");',
        "x()?;",
        "command().assert().success();",
        "for_each(|one| assert!(one));",
    ],
)
def test_what_can_fail(tmp_path: Path, body: str) -> None:
    text = f"#[test]\nfn t() {{\n    {body}\n}}\n"
    assert without(tmp_path, {"src/lib.rs": text}) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "let _ = 1 + 1;",
        "let _ = x();",
        "// assert!(x());",
        'let _ = "assert!(x())";',
        'println!("{}", x());',
        "let assert = unwrap;",
        "x().ok();",
    ],
)
def test_what_cannot(tmp_path: Path, body: str) -> None:
    text = f"#[test]\nfn t() {{\n    {body}\n}}\n"
    assert without(tmp_path, {"src/lib.rs": text}) == ["src/lib.rs:2 t"]


@pytest.mark.parametrize(
    "marks",
    [
        "#[test]",
        "#[test]\n#[ignore]",
        '#[cfg(unix)] #[tokio::test(flavor = "multi_thread")]\nasync',
        "#[rstest]\n#[case(1)]\npub(crate)",
        '#[test]\nextern "C"',
        "#[test]\n// a comment\nconst unsafe",
    ],
)
def test_every_form_of_a_test(tmp_path: Path, marks: str) -> None:
    found = find_assertions(sources_of(tmp_path, {"src/lib.rs": f"{marks} fn t() {{}}\n"}))
    assert [test.name for test in found.without] == ["t"]


def test_a_function_that_is_called_may_check(tmp_path: Path) -> None:
    files = {
        "src/lib.rs": "#[cfg(test)] mod help;\n"
        "#[test]\nfn deep() {\n    help::outer(1);\n}\n"
        "#[test]\nfn method() {\n    Thing.check::<u8>();\n}\n"
        "#[test]\nfn nothing() {\n    help::idle();\n}\n",
        "src/help.rs": "pub fn outer(n: u8) { inner(n) }\nfn inner(n: u8) { assert!(n > 0) }\n"
        "pub fn idle() {}\nimpl Thing { pub fn check<T>(&self) { assert!(true) } }\n",
    }
    assert without(tmp_path, files) == ["src/lib.rs:11 nothing"]


def test_a_macro_that_is_called_may_check(tmp_path: Path) -> None:
    text = (
        "macro_rules! checks {\n    ($x:expr) => { inner!($x) };\n}\n"
        "macro_rules! inner (($x:expr) => (assert!($x)));\n"
        "macro_rules! idle {\n    () => { let _ = 1; };\n}\n"
        "#[test]\nfn a() { checks!(true) }\n#[test]\nfn b() { idle!() }\n"
    )
    assert without(tmp_path, {"src/lib.rs": text}) == ["src/lib.rs:11 b"]


def test_an_attribute_calls_nothing(tmp_path: Path) -> None:
    text = (
        "pub fn zeroize() {\n    assert!(x());\n}\n\n#[test]\nfn t() {\n    struct Z {\n"
        "        #[zeroize(skip)]\n        kept: u8,\n    }\n}\n"
    )
    assert without(tmp_path, {"src/lib.rs": text}) == ["src/lib.rs:6 t"]


def test_a_condition_named_test_makes_no_test(tmp_path: Path) -> None:
    text = (
        "#[cfg_attr(test, instrument(skip(self)))]\npub async fn a() {}\n"
        "#[cfg_attr(not(miri), test)]\nfn b() {}\n"
    )
    assert without(tmp_path, {"src/lib.rs": text}) == ["src/lib.rs:4 b"]


def test_another_test_is_no_helper(tmp_path: Path) -> None:
    """A test that only calls a test of the same name elsewhere checks nothing."""
    text = "#[test]\nfn a() {\n    b();\n}\n#[test]\nfn b() {\n    assert!(true);\n}\n"
    assert without(tmp_path, {"src/lib.rs": text}) == ["src/lib.rs:2 a"]


def test_should_panic(tmp_path: Path) -> None:
    text = (
        "#[test]\n#[should_panic]\nfn a() {}\n"
        '#[test]\n#[should_panic(expected = "x")]\nfn b() {}\n'
        "#[cfg_attr(unix, should_panic)]\n#[test]\nfn c() {}\n"
        "#[test]\nfn d() { let should_panic = 1; }\n"
    )
    found = find_assertions(sources_of(tmp_path, {"src/lib.rs": text}))
    assert found.should_panic == 3
    assert [test.name for test in found.without] == ["d"]


def test_assertions_of_shipped_code_are_none(tmp_path: Path) -> None:
    files = {
        "src/lib.rs": "pub fn f(n: u8) { assert!(n > 0); }\n"
        "#[cfg(test)]\nmod t {\n    #[test]\n    fn a() { assert!(true); assert_eq!(1, 1); }\n}\n",
        "tests/it.rs": "fn help() { assert!(true) }\n#[test]\nfn b() { help() }\n",
    }
    assert find_assertions(sources_of(tmp_path, files)).count == 3


def test_a_test_inside_a_macro_counts(tmp_path: Path) -> None:
    text = "proptest! {\n    #[test]\n    fn t(a in 0..9u8) {\n        let _ = a;\n    }\n}\n"
    assert without(tmp_path, {"src/lib.rs": text}) == ["src/lib.rs:3 t"]


def test_files_without_tests_are_not_parsed() -> None:
    source = Source("src/lib.rs", b"pub struct A;\n")
    assert in_file(source).functions == []
    assert source.has_errors is False


def test_what_is_kept_gives_the_same_answer(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    text = "#[test]\nfn t() {}\n#[test]\n#[should_panic]\nfn u() { assert!(false) }\n"
    sources = sources_of(tmp_path / "w", {"src/lib.rs": text})
    first = find_assertions(sources, state)
    assert (state / "assertions.json").exists()
    assert find_assertions(sources, state) == first
