"""Known-bad and known-good workspaces of the gate ``build``."""

from __future__ import annotations

from gaterun import Control, Outcome

_ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_TWO = '[workspace]\nresolver = "2"\nmembers = ["one", "two"]\n'


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


CONTROLS: tuple[Control, ...] = (
    Control(
        name="everything-builds",
        expect=Outcome.PASS,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "pub fn one() -> i32 {\n    1\n}\n",
            "tests/it.rs": "#[test]\nfn it() {\n    assert_eq!(one::one(), 1);\n}\n",
        },
    ),
    Control(
        name="type-error",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": 'pub fn one() -> i32 {\n    "1"\n}\n'},
        rule="E0308",
    ),
    Control(
        # `cargo build` without --all-targets would not notice.
        name="broken-test-target",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "",
            "tests/it.rs": "#[test]\nfn it() {\n    one::absent();\n}\n",
        },
        rule="E0425",
    ),
    Control(
        name="build-script-fails",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "",
            "build.rs": "fn main() {\n    std::process::exit(3);\n}\n",
        },
        rule="build-script",
    ),
    Control(
        name="member-outside-default-members",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _TWO + 'default-members = ["one"]\n',
            "one/Cargo.toml": _member("one"),
            "one/src/lib.rs": "",
            "two/Cargo.toml": _member("two"),
            "two/src/lib.rs": "pub fn two() -> Absent {}\n",
        },
        rule="E0425",
    ),
    Control(
        name="crate-moved-out-of-the-workspace",
        expect=Outcome.FAIL,
        base={
            "Cargo.toml": _TWO,
            "one/Cargo.toml": _member("one"),
            "one/src/lib.rs": "",
            "two/Cargo.toml": _member("two"),
            "two/src/lib.rs": "",
        },
        files={
            "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["one"]\nexclude = ["two"]\n',
            "one/Cargo.toml": _member("one"),
            "one/src/lib.rs": "",
            "two/Cargo.toml": _member("two"),
            "two/src/lib.rs": "pub fn two() -> Absent {}\n",
        },
        options={"require": ["failed == 0"], "ratchet": ["excluded"]},
        metrics=("excluded",),
    ),
    Control(
        name="feature-gated-target-is-no-failure",
        expect=Outcome.PASS,
        files={
            "Cargo.toml": _member(
                "one",
                '\n[features]\nextra = []\n\n[[bin]]\nname = "tool"\n'
                'required-features = ["extra"]\n\n[workspace]\n',
            ),
            "src/lib.rs": "",
            "src/bin/tool.rs": "fn main() {}\n",
        },
    ),
    Control(
        name="rustc-wrapper-not-installed",
        expect=Outcome.INCONCLUSIVE,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "",
            ".cargo/config.toml": '[build]\nrustc-wrapper = "gaterun-no-such-wrapper"\n',
        },
    ),
    Control(
        name="no-members",
        expect=Outcome.INCONCLUSIVE,
        files={"Cargo.toml": '[workspace]\nresolver = "2"\nmembers = []\n'},
    ),
)
