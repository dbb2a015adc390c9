"""Known-bad and known-good workspaces of the gate ``dead-code``."""

from __future__ import annotations

from gaterun import Control, Outcome

_ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_USED = "pub fn one() -> i32 {\n    1\n}\n"
_DEAD = "fn dead() {}\n"
_ONLY_TESTED = (
    "fn helper() -> i32 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {\n"
    "        assert_eq!(super::helper(), 1);\n    }\n}\n"
)


CONTROLS: tuple[Control, ...] = (
    Control(
        name="everything-is-used",
        expect=Outcome.PASS,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _USED,
            "src/main.rs": 'fn main() {\n    println!("{}", one::one());\n}\n',
        },
        options={"require": ["dead == 0", "hidden == 0", "test_only == 0", "allow_attrs == 0"]},
    ),
    Control(
        name="dead-function",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": _USED + _DEAD},
        rule="dead_code",
    ),
    Control(
        name="allowed-is-still-dead",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": f"{_USED}#[allow(dead_code)]\n{_DEAD}"},
        options={"require": "hidden == 0"},
        rule="dead_code",
    ),
    Control(
        name="expected-is-still-dead",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": f"#![expect(unused)]\n{_USED}{_DEAD}"},
        rule="dead_code",
    ),
    Control(
        name="allowed-in-the-manifest",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": f'{_ONE}\n[lints.rust]\nunused = "allow"\n',
            "src/lib.rs": _USED + _DEAD,
        },
        options={"require": "allow_attrs == 0"},
    ),
    Control(
        name="lints-capped-in-rustflags",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _USED + _DEAD,
            ".cargo/config.toml": '[build]\nrustflags = ["--cap-lints=allow"]\n',
        },
        rule="dead_code",
    ),
    Control(
        name="used-by-tests-only",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": _USED + _ONLY_TESTED},
        options={"require": "test_only == 0"},
        rule="dead_code",
    ),
    Control(
        # A function of the tests' own is dead, and not for its being used by tests.
        name="dead-in-tests-is-not-test-only",
        expect=Outcome.PASS,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": f"{_USED}{_DEAD}#[cfg(test)]\nmod tests {{\n    fn unused() {{}}\n}}\n",
        },
        options={"require": ["dead == 2", "test_only == 0"]},
    ),
    Control(
        name="does-not-compile",
        expect=Outcome.INCONCLUSIVE,
        files={"Cargo.toml": _ONE, "src/lib.rs": 'pub fn one() -> i32 {\n    "1"\n}\n'},
    ),
)
