"""Cheats against the gates that start cargo: each is red."""

from __future__ import annotations

from pathlib import Path

import pytest
from cheats import ALONE, ONE, PLUGINS, assert_not_green, case, crate

from gaterun.model.gate import Control

BAD = "pub fn one() -> i32 {\n    return 1;\n}\n"
GOOD_TEST = "#[test]\nfn good() {\n    assert_eq!(1 + 1, 2);\n}\n"
BAD_TEST = "#[test]\nfn bad() {\n    assert_eq!(1 + 1, 3);\n}\n"
TIMED = {"pairs": 6, "scenarios": ["clean"]}
SCCACHE = '[build]\nrustc-wrapper = "sccache"\n[env]\nSCCACHE_CACHE_SIZE = "10G"\n'
QUIET = {"doctests": False, "runner": "libtest"}
KEPT = {
    **QUIET,
    "require": "new_failures == 0",
    "ratchet": ["total", "assertions", "without_assertion", "should_panic"],
}
_OUTSIDE = {
    "Cargo.toml": f'{ONE}\n[dependencies]\ntwo = {{ path = "two" }}\n\n[workspace]\nexclude = ["two"]\n',
    "src/lib.rs": "pub use two::*;\n",
    "two/Cargo.toml": ALONE.replace('"one"', '"two"'),
    "two/src/lib.rs": "",
}

CASES = [
    case(
        "clippy: #[allow] on an item",
        "clippy",
        crate(f"#[allow(clippy::needless_return)]\n{BAD}"),
        {"require": "warnings == 0", "ratchet": ["suppressed", "suppressions"]},
        base=crate(BAD),
        rule="clippy::needless_return",
    ),
    case(
        "clippy: [lints] allow of one lint",
        "clippy",
        crate(BAD, f'{ALONE}\n[lints.clippy]\nneedless_return = "allow"\n'),
        {"require": "warnings == 0", "ratchet": ["suppressed"]},
        base=crate(BAD),
        rule="clippy::needless_return",
    ),
    case(
        "clippy: [lints] allow of one lint, seen",
        "config-audit",
        crate(BAD, f'{ALONE}\n[lints.clippy]\nneedless_return = "allow"\n'),
        {"require": "added == 0"},
        base=crate(BAD),
        rule="lints-allowed",
    ),
    case(
        "clippy: a target that needs a feature",
        "config-audit",
        crate("", f'{ALONE}[[bin]]\nname = "b"\npath = "b.rs"\nrequired-features = ["x"]\n'),
        {"require": "added == 0"},
        base=crate("", f'{ALONE}[[bin]]\nname = "b"\npath = "b.rs"\n'),
        rule="narrowed",
    ),
    case(
        "clippy: tests of a target switched off",
        "config-audit",
        crate("", f"{ALONE}[lib]\ntest = false\n"),
        {"require": "added == 0"},
        base=crate(""),
        rule="targets",
    ),
    case(
        "clippy: code behind a feature that nobody enables",
        "clippy",
        crate(f'#[cfg(feature = "x")]\n{BAD}', f"{ALONE}\n[features]\nx = []\n"),
        {"require": "warnings == 0", "all_features": True},
        base=crate(BAD),
        rule="clippy::needless_return",
    ),
    case(
        "clippy: code moved to OUT_DIR",
        "clippy",
        crate(
            'include!(concat!(env!("OUT_DIR"), "/one.rs"));\n',
            **{
                "build.rs": "fn main() {\n"
                '    let folder = std::env::var("OUT_DIR").unwrap();\n'
                f'    std::fs::write(format!("{{folder}}/one.rs"), r#"{BAD}"#).unwrap();\n}}\n'
            },
        ),
        {"require": ["warnings == 0", "generated == 0"]},
        base=crate(BAD),
    ),
    case(
        "clippy: code moved into a crate that was outside before",
        "clippy",
        {
            **_OUTSIDE,
            "two/src/lib.rs": BAD,
        },
        {"require": "warnings == 0", "ratchet": ["outside"]},
        base={**_OUTSIDE, "src/lib.rs": BAD},
    ),
    case(
        "clippy: a module behind a feature that is off",
        "clippy",
        crate(
            '#[cfg(all(unix, feature = "x"))]\nmod m;\n',
            f"{ALONE}\n[features]\nx = []\n",
            **{"src/m.rs": BAD},
        ),
        {"require": ["warnings == 0", "features_off == 0"]},
        base=crate("mod m;\n", **{"src/m.rs": BAD}),
    ),
    case(
        "build time: a target dropped",
        "build-time",
        crate("pub fn one() {}\n"),
        {**TIMED, "require": "units_removed == 0"},
        base=crate("pub fn one() {}\n", **{"src/bin/b.rs": "fn main() {}\n"}),
        rule="build-time::unit-removed",
    ),
    case(
        "build time: cheaper code generation",
        "build-time",
        crate("pub fn one() {}\n", f"{ALONE}\n[profile.dev]\ndebug = 0\n"),
        {**TIMED, "require": "profile_changed == false"},
        base=crate("pub fn one() {}\n"),
    ),
    case(
        "sccache: incremental on",
        "sccache",
        crate("", **{".cargo/config.toml": f"{SCCACHE}[profile.dev]\nincremental = true\n"}),
        {"require": ["operational == true", "incremental == false"]},
        needs=("sccache",),
    ),
    case(
        "tests: a failing test deleted",
        "tests",
        crate(GOOD_TEST),
        KEPT,
        base=crate(GOOD_TEST + BAD_TEST),
    ),
    case(
        "tests: a failing test compiled out",
        "tests",
        crate(f"{GOOD_TEST}#[cfg(any())]\n{BAD_TEST}"),
        KEPT,
        base=crate(GOOD_TEST + BAD_TEST),
    ),
    case(
        "tests: a file of tests that nothing compiles any more",
        "tests",
        crate(GOOD_TEST, f"{ONE}autotests = false\n\n[workspace]\n", **{"tests/t.rs": BAD_TEST}),
        KEPT,
        base=crate(GOOD_TEST, **{"tests/t.rs": BAD_TEST}),
    ),
    case(
        "tests: another failure under a known name",
        "tests",
        crate(GOOD_TEST + BAD_TEST.replace("bad", "renamed")),
        {**QUIET, "known_failures": ["one bad"]},
        rule="test-failed",
    ),
    case(
        "tests: a known failure renamed away",
        "tests",
        crate(GOOD_TEST),
        {**QUIET, "known_failures": ["one bad"], "require": "missing_known == 0"},
    ),
]


@pytest.mark.parametrize(("gate", "control"), CASES)
def test_it_is_not_green(gate: str, control: Control, tmp_path: Path) -> None:
    assert_not_green(gate, control, tmp_path)


def test_build_time_touching_a_file_is_no_edit() -> None:
    """What a cache answers is not timed: every edit is text that no build has seen."""
    from gaterun_gates.infra.source_edit import edit_text

    texts = {
        edit_text(number, library=library) for number in range(50) for library in (True, False)
    }
    assert len(texts) == 100


def test_build_time_of_a_better_machine_is_no_baseline() -> None:
    """Both sides are built in one session, and a stored baseline is not consulted."""
    gate = PLUGINS.gates["build-time"]
    assert gate.self_comparing
    timed = [metric for metric in gate.metrics if metric.unit.name == "SECONDS"]
    assert timed
    assert all(metric.host_bound for metric in timed)
