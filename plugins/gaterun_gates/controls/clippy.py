"""Known-bad and known-good workspaces of the gate ``clippy``."""

from __future__ import annotations

from gaterun import Control, Outcome

_ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_TWO = '[workspace]\nresolver = "2"\nmembers = ["one", "two"]\n'
_BAD = "pub fn one() -> i32 {\n    return 1;\n}\n"


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def _two_crates(one: str, two: str) -> dict[str, str]:
    """A workspace of one, and a path dependency that is no member of it."""
    return {
        "Cargo.toml": _member("one", '\n[dependencies]\ntwo = { path = "two" }\n')
        + '\n[workspace]\nexclude = ["two"]\n',
        "src/lib.rs": one,
        "two/Cargo.toml": _ONE.replace('"one"', '"two"'),
        "two/src/lib.rs": two,
    }


_FEATURE = f"{_ONE}\n[features]\nx = []\n"
_CLOSED = {"require": ["warnings == 0"], "ratchet": ["outside", "features_off"], "forced": False}

CONTROLS: tuple[Control, ...] = (
    Control(
        name="clean",
        expect=Outcome.PASS,
        files={"Cargo.toml": _ONE, "src/lib.rs": "pub fn one() -> i32 {\n    1\n}\n"},
        options={"require": ["warnings == 0", "suppressed == 0", "suppressions == 0"]},
    ),
    Control(
        name="needless-return",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": _BAD},
        rule="clippy::needless_return",
    ),
    Control(
        # Unit tests repeat what the library says; the third is items_after_test_module.
        name="library-and-its-tests-count-once",
        expect=Outcome.PASS,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "#[cfg(test)]\nmod tests {\n    fn two() -> i32 {\n        return 2;\n"
            "    }\n\n    #[test]\n    fn t() {\n        assert_eq!(two(), 2);\n    }\n}\n\n"
            + _BAD,
        },
        options={"require": ["warnings == 3", "raw_messages > 3"]},
    ),
    Control(
        # Same lint, message and definition site: only the calls tell them apart.
        name="two-calls-of-a-macro-are-two",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "macro_rules! unused {\n    () => {\n        let x = 1;\n    };\n}\n\n"
            "pub fn one() {\n    unused!();\n    unused!();\n}\n",
        },
        options={"require": ["warnings < 2"]},
        rule="unused_variables",
    ),
    Control(
        name="alias-shadows-clippy",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _BAD,
            ".cargo/config.toml": '[alias]\nclippy = "check -q"\n',
        },
        rule="clippy::needless_return",
    ),
    Control(
        name="lints-capped-in-rustflags",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _BAD,
            ".cargo/config.toml": '[build]\nrustflags = ["--cap-lints=allow"]\n',
        },
        rule="clippy::needless_return",
    ),
    Control(
        name="arguments-replaced-by-configured-environment",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _BAD,
            ".cargo/config.toml": "[env]\n"
            'CLIPPY_ARGS = { value = "-Aclippy::all__CLIPPY_HACKERY__", force = true }\n',
        },
        rule="clippy::needless_return",
    ),
    Control(
        # Without effect before cargo 1.97.
        name="warnings-hidden-by-cargo",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _BAD,
            ".cargo/config.toml": '[build]\nwarnings = "allow"\n',
        },
        rule="clippy::needless_return",
    ),
    Control(
        name="denied-lint-hides-no-other-crate",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _TWO,
            "one/Cargo.toml": _member("one"),
            "one/src/lib.rs": "#![deny(warnings)]\n\n" + _BAD,
            "two/Cargo.toml": _member("two", '\n[dependencies]\none = { path = "../one" }\n'),
            "two/src/lib.rs": "pub fn two(v: &[i32]) -> bool {\n    v.len() == 0\n}\n",
        },
        options={"require": ["warnings < 2"]},
        rule="clippy::len_zero",
    ),
    Control(
        name="allowed-is-counted",
        expect=Outcome.FAIL,
        base={"Cargo.toml": _ONE, "src/lib.rs": _BAD},
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": "#![allow(clippy::needless_return)]\n\n" + _BAD,
        },
        options={
            "require": ["warnings == 0"],
            "ratchet": ["suppressed", "suppressions"],
        },
        rule="clippy::needless_return",
    ),
    Control(
        name="flags-in-a-file-do-not-silence",
        expect=Outcome.FAIL,
        files={
            "Cargo.toml": _ONE,
            "src/lib.rs": _BAD,
            ".cargo/config.toml": '[build]\nrustflags = ["@flags"]\n',
            "flags": "--cap-lints=allow\n",
        },
        rule="clippy::needless_return",
    ),
    Control(
        name="code-hidden-from-clippy-is-counted",
        expect=Outcome.FAIL,
        files={"Cargo.toml": _ONE, "src/lib.rs": "#[cfg(not(clippy))]\n" + _BAD},
        options={"require": ["warnings == 0", "suppressions == 0"]},
        metrics=("suppressions",),
    ),
    Control(
        # Clippy does not look there; without `outside` this would be green.
        name="code-moved-to-a-path-dependency-outside",
        expect=Outcome.FAIL,
        base={"Cargo.toml": _ONE, "src/lib.rs": _BAD},
        files=_two_crates("pub use two::one;\n", _BAD),
        options=_CLOSED,
        metrics=("outside",),
    ),
    Control(
        name="path-dependency-outside-as-it-was",
        expect=Outcome.PASS,
        base=_two_crates("pub use two::one;\n", _BAD),
        files=_two_crates("pub use two::one as first;\n", _BAD),
        options=_CLOSED,
    ),
    Control(
        name="code-behind-a-feature-that-is-off",
        expect=Outcome.FAIL,
        base={"Cargo.toml": _FEATURE, "src/lib.rs": _BAD},
        files={"Cargo.toml": _FEATURE, "src/lib.rs": f'#[cfg(feature = "x")]\n{_BAD}'},
        options=_CLOSED,
        metrics=("features_off",),
    ),
    Control(
        # The same code, and nothing is left out: it is clippy's to judge.
        name="code-behind-a-feature-that-is-on",
        expect=Outcome.FAIL,
        base={"Cargo.toml": _FEATURE, "src/lib.rs": ""},
        files={"Cargo.toml": _FEATURE, "src/lib.rs": f'#[cfg(feature = "x")]\n{_BAD}'},
        options={**_CLOSED, "features": ["x"]},
        rule="clippy::needless_return",
    ),
    Control(
        name="clean-code-behind-a-feature-that-is-on",
        expect=Outcome.PASS,
        base={"Cargo.toml": _FEATURE, "src/lib.rs": ""},
        files={"Cargo.toml": _FEATURE, "src/lib.rs": '#[cfg(feature = "x")]\npub fn one() {}\n'},
        options={**_CLOSED, "features": ["x"]},
    ),
    *(
        Control(
            name=f"only-crate-{crate}-counts",
            expect=expect,
            files={
                "Cargo.toml": _TWO,
                "one/Cargo.toml": _member("one"),
                "one/src/lib.rs": "pub fn one() -> i32 {\n    1\n}\n",
                "two/Cargo.toml": _member("two"),
                "two/src/lib.rs": _BAD,
            },
            options={"crates": [crate]},
            rule=rule,
        )
        for crate, expect, rule in (
            ("one", Outcome.PASS, ""),
            ("two", Outcome.FAIL, "clippy::needless_return"),
            ("three", Outcome.INCONCLUSIVE, ""),
        )
    ),
    Control(
        name="does-not-compile",
        expect=Outcome.INCONCLUSIVE,
        files={"Cargo.toml": _ONE, "src/lib.rs": 'pub fn one() -> i32 {\n    "1"\n}\n'},
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
)
