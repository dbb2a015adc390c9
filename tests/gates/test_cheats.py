"""Ways to make a gate say green without deserving it: none of them may end in a pass.

Each is proved by a control that ships with a gate, which `test_controls.py` runs, or is run here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gaterun.core import discovery
from gaterun.core.controls import complaint, missing, run_control
from gaterun.model.gate import Control
from gaterun.model.verdict import Outcome

PLUGINS = discovery.load()

# --- proved by controls -----------------------------------------------------------------------

#: Cheat, the gate that sees it, and the control that proves it.
PROVED = [
    ("clippy: #![allow] for a crate", "clippy", "allowed-is-counted"),
    ("clippy: #![allow] of a group", "config-audit", "everything-allowed-in-a-crate"),
    ("clippy: [lints] allow of a group", "config-audit", "group-allowed-in-the-manifest"),
    ("clippy: laxer thresholds in clippy.toml", "config-audit", "added-since-the-base"),
    ("clippy: --cap-lints in rustflags", "clippy", "lints-capped-in-rustflags"),
    ("clippy: --cap-lints in rustflags, seen", "config-audit", "lints-capped-in-rustflags"),
    ("clippy: flags in a file", "clippy", "flags-in-a-file-do-not-silence"),
    ("clippy: -A for the host", "config-audit", "lints-allowed-for-the-host"),
    ("clippy: CLIPPY_ARGS in [env]", "clippy", "arguments-replaced-by-configured-environment"),
    ("clippy: cfg(not(clippy))", "clippy", "code-hidden-from-clippy-is-counted"),
    ("clippy: a crate hidden from clippy", "config-audit", "crate-hidden-from-clippy"),
    ("clippy: alias", "clippy", "alias-shadows-clippy"),
    ("clippy: alias, seen", "config-audit", "alias-shadows-clippy"),
    ("clippy: build.warnings", "clippy", "warnings-hidden-by-cargo"),
    ("clippy: a deny that hides other crates", "clippy", "denied-lint-hides-no-other-crate"),
    ("clippy: lints no longer denied", "config-audit", "lints-no-longer-denied"),
    ("clippy: fewer default features", "config-audit", "default-feature-dropped"),
    ("clippy: code moved to an excluded crate", "config-audit", "crate-excluded-since-the-base"),
    ("build: code moved to an excluded crate", "build", "crate-moved-out-of-the-workspace"),
    ("build: fewer default members", "build", "member-outside-default-members"),
    ("build time: a member dropped", "build-time", "member-removed"),
    ("build time: a warm cache called clean", "build-time", "sccache-is-no-faster-compiler"),
    ("build time: luck", "build-time", "too-few-pairs"),
    ("sccache: configured and not installed", "sccache", "not-installed"),
    ("sccache: configured without effect", "sccache", "wrapper-in-env-table"),
    ("sccache: a wrapper that caches nothing", "sccache", "wrapper-without-cache"),
    ("sccache: the default cap called chosen", "sccache", "cap-only-by-default"),
    ("sccache: a cap that it cannot read", "sccache", "cap-that-sccache-cannot-read"),
    ("sccache: injected by the checker", "sccache", "not-configured"),
    ("tests: #[ignore]", "tests", "failing-test-is-ignored"),
    ("tests: a filter of nextest", "tests", "nextest-filter-hides-a-test"),
    ("tests: a filter of nextest, seen", "config-audit", "tests-filtered-by-nextest"),
    ("tests: exit(0)", "tests", "a-test-ends-the-program"),
    ("tests: exit(0) under libtest", "tests", "a-test-ends-the-program-libtest"),
    ("tests: a runner that says ok", "tests", "configured-runner-says-ok"),
    ("tests: a runner that says ok, libtest", "tests", "configured-runner-says-ok-libtest"),
    ("tests: a runner of doctests", "tests", "configured-runner-says-ok-for-documentation"),
    ("tests: a runner, seen", "config-audit", "fake-runner"),
    ("tests: a wrapper of nextest", "tests", "nextest-wrapper-says-ok"),
    ("tests: results printed by a test", "tests", "a-test-prints-results"),
    ("tests: retries until green, seen", "config-audit", "what-may-mislead-is-risky"),
    ("env: a dummy read", "env-coverage", "read-and-thrown-away"),
    ("env: a name in a comment", "env-coverage", "named-in-a-comment-only"),
    ("env: a name in the documentation only", "env-coverage", "documented-and-read-by-nothing"),
    ("env: a read that nothing compiles", "env-coverage", "read-in-a-file-that-nothing-compiles"),
    ("env: a read in a test", "env-coverage", "read-by-a-test-only"),
    ("from_env: a name in a string", "from-env", "named-in-a-comment-and-a-string"),
    ("from_env: an ignored test", "from-env", "only-an-ignored-test"),
    ("from_env: a test of another type", "from-env", "a-test-of-another-type"),
    ("hardcoded: moved to a constant", "hardcoded", "constants-are-counted"),
    ("hardcoded: an allow comment", "hardcoded", "allow-comments-are-counted"),
    ("hardcoded: an allow comment without a reason", "hardcoded", "allowed-without-a-reason"),
    ("hardcoded: concat!", "hardcoded", "in-pieces"),
    ("version: only Cargo.toml changed, documents", "version", "stale-mention"),
    ("version: only Cargo.toml changed, lock file", "version", "lock-not-updated"),
    ("version: only Cargo.toml changed, requirement", "version", "stale-requirement"),
    ("version: the number in another crate's entry", "version", "other-crate-locked-at-the-version"),
    ("version: the number in a link to semver.org", "version", "number-only-in-a-link-to-semver"),
    ("version: a place deleted", "version", "declared-place-deleted"),
    ("version: a rule for a crate that is gone", "version", "rule-for-a-crate-that-is-gone"),
    ("version: a rule deleted", "config-audit", "conditions-edited-in-the-same-change"),
    ("changelog: an empty heading", "changelog", "empty-heading"),
    ("changelog: a placeholder", "changelog", "placeholder"),
    ("changelog: a lone dash", "changelog", "lone-dash"),
    ("changelog: a copy of the entry before", "changelog", "copy-of-the-entry-before"),
    ("changelog: only links and spaces", "changelog", "only-links-and-spaces-changed"),
    ("changelog: moved to another file", "changelog", "moved-to-another-file"),
    ("changelog: a heading in a code fence", "changelog", "heading-in-code-fence"),
    ("release notes: a copy", "release-notes", "copy-of-the-notes-before"),
    ("release notes: a template", "release-notes", "template-not-filled-in"),
    ("release notes: words in code", "release-notes", "words-in-code-do-not-count"),
    ("LOC: reformatted", "loc", "written-on-fewer-lines"),
    ("LOC: comments and blank lines", "loc", "only-comments-and-blank-lines-went"),
    ("LOC: moved into a test", "loc", "moved-into-a-test"),
    ("LOC: moved into a text file", "loc", "moved-into-a-text-file"),
    ("LOC: called generated", "loc", "marked-as-generated"),
    ("LOC: no longer compiled", "loc", "no-longer-compiled-but-there"),
    ("LOC: tests deleted", "loc", "only-tests-went"),
    ("any: conditions edited in the change", "config-audit", "conditions-edited-in-the-same-change"),
    ("any: baseline edited in the change", "config-audit", "baseline-edited-in-the-same-change"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("gate", "control"), [pytest.param(*case[1:], id=case[0]) for case in PROVED]
)
def test_a_control_proves_it(gate: str, control: str) -> None:
    (found,) = [each for each in PLUGINS.gates[gate].controls() if each.name == control]
    assert found.expect is not Outcome.PASS


# --- run here ---------------------------------------------------------------------------------

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n'
ALONE = f"{ONE}\n[workspace]\n"
BAD = "pub fn one() -> i32 {\n    return 1;\n}\n"
GOOD_TEST = "#[test]\nfn good() {\n    assert_eq!(1 + 1, 2);\n}\n"
BAD_TEST = "#[test]\nfn bad() {\n    assert_eq!(1 + 1, 3);\n}\n"
CONFIG = (
    "pub struct Config {\n    pub port: String,\n}\n\nimpl Config {\n"
    "    pub fn from_env() -> Self {\n"
    '        Config { port: std::env::var("APP_PORT").unwrap_or_default() }\n    }\n}\n\n'
    "pub fn start() -> Config {\n    Config::from_env()\n}\n"
)
TIMED = {"pairs": 6, "scenarios": ["clean"]}
SCCACHE = '[build]\nrustc-wrapper = "sccache"\n[env]\nSCCACHE_CACHE_SIZE = "10G"\n'
FUNCTIONS = "".join(f"pub fn f{n}(v: u32) -> u32 {{\n    v * {n}\n}}\n" for n in range(12))


def _crate(source: str, manifest: str = ALONE, **more: str) -> dict[str, str]:
    return {"Cargo.toml": manifest, "src/lib.rs": source, **more}


def _case(
    name: str,
    gate: str,
    files: Mapping[str, str],
    options: Mapping[str, Any],
    *,
    base: Mapping[str, str] | None = None,
    rule: str = "",
    needs: tuple[str, ...] = (),
    green: str = "",
) -> Any:
    """A cheat; `green` says why it is not seen today, which is a defect."""
    control = Control(
        name=name,
        expect=Outcome.FAIL,
        files=files,
        base=base,
        options=options,
        rule=rule,
        needs=needs,
    )
    seen = [pytest.mark.xfail(reason=green, raises=AssertionError)] if green else []
    return pytest.param(gate, control, id=name, marks=[pytest.mark.cargo, *seen])


QUIET = {"doctests": False, "runner": "libtest"}
KEPT = {**QUIET, "require": "new_failures == 0", "ratchet": ["total"]}

CASES = [
    _case(
        "clippy: #[allow] on an item",
        "clippy",
        _crate(f"#[allow(clippy::needless_return)]\n{BAD}"),
        {"require": "warnings == 0", "ratchet": ["suppressed", "suppressions"]},
        base=_crate(BAD),
        rule="clippy::needless_return",
    ),
    _case(
        "clippy: [lints] allow of one lint",
        "clippy",
        _crate(BAD, f'{ALONE}\n[lints.clippy]\nneedless_return = "allow"\n'),
        {"require": "warnings == 0", "ratchet": ["suppressed"]},
        base=_crate(BAD),
        rule="clippy::needless_return",
    ),
    _case(
        "clippy: [lints] allow of one lint, seen",
        "config-audit",
        _crate(BAD, f'{ALONE}\n[lints.clippy]\nneedless_return = "allow"\n'),
        {"require": "added == 0"},
        base=_crate(BAD),
        rule="lints-allowed",
    ),
    _case(
        "clippy: a target that needs a feature",
        "config-audit",
        _crate("", f'{ALONE}[[bin]]\nname = "b"\npath = "b.rs"\nrequired-features = ["x"]\n'),
        {"require": "added == 0"},
        base=_crate("", f'{ALONE}[[bin]]\nname = "b"\npath = "b.rs"\n'),
        rule="narrowed",
    ),
    _case(
        "clippy: tests of a target switched off",
        "config-audit",
        _crate("", f"{ALONE}[lib]\ntest = false\n"),
        {"require": "added == 0"},
        base=_crate(""),
        rule="targets",
    ),
    _case(
        "clippy: code behind a feature that nobody enables",
        "clippy",
        _crate(f'#[cfg(feature = "x")]\n{BAD}', f"{ALONE}\n[features]\nx = []\n"),
        {"require": "warnings == 0", "all_features": True},
        base=_crate(BAD),
        rule="clippy::needless_return",
    ),
    _case(
        "clippy: code moved to OUT_DIR",
        "clippy",
        _crate(
            'include!(concat!(env!("OUT_DIR"), "/one.rs"));\n',
            **{
                "build.rs": "fn main() {\n"
                '    let folder = std::env::var("OUT_DIR").unwrap();\n'
                f'    std::fs::write(format!("{{folder}}/one.rs"), r#"{BAD}"#).unwrap();\n}}\n'
            },
        ),
        {"require": ["warnings == 0", "generated == 0"]},
        base=_crate(BAD),
    ),
    _case(
        "clippy: code moved to a path dependency outside of the workspace",
        "clippy",
        {
            "Cargo.toml": f'{ONE}\n[dependencies]\ntwo = {{ path = "two" }}\n\n'
            '[workspace]\nexclude = ["two"]\n',
            "src/lib.rs": "pub use two::one;\n",
            "two/Cargo.toml": ALONE.replace('"one"', '"two"'),
            "two/src/lib.rs": BAD,
        },
        {"require": ["warnings == 0", "external == 0"]},
        base=_crate(BAD),
        green="`external` of clippy stays 0; config-audit (narrowed) and build (excluded) see it",
    ),
    _case(
        "build time: a target dropped",
        "build-time",
        _crate("pub fn one() {}\n"),
        {**TIMED, "require": "units_removed == 0"},
        base=_crate("pub fn one() {}\n", **{"src/bin/b.rs": "fn main() {}\n"}),
        rule="build-time::unit-removed",
    ),
    _case(
        "build time: cheaper code generation",
        "build-time",
        _crate("pub fn one() {}\n", f"{ALONE}\n[profile.dev]\ndebug = 0\n"),
        {**TIMED, "require": "profile_changed == false"},
        base=_crate("pub fn one() {}\n"),
    ),
    _case(
        "sccache: incremental on",
        "sccache",
        _crate("", **{".cargo/config.toml": f"{SCCACHE}[profile.dev]\nincremental = true\n"}),
        {"require": ["operational == true", "incremental == false"]},
        needs=("sccache",),
    ),
    _case(
        "tests: a failing test deleted",
        "tests",
        _crate(GOOD_TEST),
        KEPT,
        base=_crate(GOOD_TEST + BAD_TEST),
    ),
    _case(
        "tests: a failing test compiled out",
        "tests",
        _crate(f"{GOOD_TEST}#[cfg(any())]\n{BAD_TEST}"),
        KEPT,
        base=_crate(GOOD_TEST + BAD_TEST),
    ),
    _case(
        "tests: a file of tests that nothing compiles any more",
        "tests",
        _crate(GOOD_TEST, f"{ONE}autotests = false\n\n[workspace]\n", **{"tests/t.rs": BAD_TEST}),
        KEPT,
        base=_crate(GOOD_TEST, **{"tests/t.rs": BAD_TEST}),
    ),
    _case(
        "tests: another failure under a known name",
        "tests",
        _crate(GOOD_TEST + BAD_TEST.replace("bad", "renamed")),
        {**QUIET, "known_failures": ["one bad"]},
        rule="test-failed",
    ),
    _case(
        "tests: a known failure renamed away",
        "tests",
        _crate(GOOD_TEST),
        {**QUIET, "known_failures": ["one bad"], "require": "missing_known == 0"},
    ),
    _case(
        "tests: assertions taken out",
        "tests",
        _crate(GOOD_TEST + "#[test]\nfn bad() {\n    let _ = 1 + 1;\n}\n"),
        KEPT,
        base=_crate(GOOD_TEST + BAD_TEST),
        green="the gate tests has no metric for tests without an assertion",
    ),
    _case(
        "tests: #[should_panic] on a failing test",
        "tests",
        _crate(GOOD_TEST + BAD_TEST.replace("#[test]", "#[test]\n#[should_panic]")),
        KEPT,
        base=_crate(GOOD_TEST + BAD_TEST),
        green="the gate tests does not count #[should_panic]",
    ),
    _case(
        "env: the list shrinks",
        "env-coverage",
        _crate(
            'pub fn a() -> Option<String> {\n    std::env::var("APP_A").ok()\n}\n',
            **{".env.example": "APP_A=1\n"},
        ),
        {"require": ["undocumented == 0", "unread == 0"], "ratchet": ["implemented"]},
        base=_crate(
            'pub fn a() -> Option<String> {\n    std::env::var("APP_A").ok()\n}\n'
            'pub fn b() -> Option<String> {\n    std::env::var("APP_B").ok()\n}\n',
            **{".env.example": "APP_A=1\nAPP_B=1\n"},
        ),
    ),
    _case(
        "from_env: called without a variable or an assertion",
        "from-env",
        _crate(
            f"{CONFIG}\n#[cfg(test)]\nmod tests {{\n    #[test]\n    fn t() {{\n"
            "        let _ = super::Config::from_env();\n    }\n}\n"
        ),
        {"require": ["untested == 0", "tested_without_env == 0"]},
    ),
    _case(
        "hardcoded: put together by format!",
        "hardcoded",
        _crate('pub fn url() -> String {\n    format!("http://{}:{}/x", "localhost", 8080)\n}\n'),
        {"require": "total == 0"},
        green="hardcoded does not fold literal arguments into format!",
    ),
    _case(
        "version: a badge and a snippet deleted with their place",
        "version",
        _crate("", **{"README.md": "Demo\n"}),
        {"require": "mismatches == 0", "ratchet": ["places"]},
        base=_crate("", **{"README.md": '```toml\none = "0.1"\n```\n'}),
    ),
    _case(
        "LOC: minified",
        "loc",
        _crate(FUNCTIONS.replace("\n", " ")),
        {"require": "removed >= 10"},
        base=_crate(FUNCTIONS),
    ),
    _case(
        "LOC: reformatted wider, seen",
        "config-audit",
        _crate(FUNCTIONS, **{"rustfmt.toml": "max_width = 200\n"}),
        {"require": "notes == 0"},
        base=_crate(FUNCTIONS),
        rule="rustfmt",
    ),
]


@pytest.mark.parametrize(("gate", "control"), CASES)
def test_it_is_not_green(gate: str, control: Control, tmp_path: Path) -> None:
    if absent := missing(control):
        pytest.skip(f"needs {', '.join(absent)}")
    result = run_control(PLUGINS.gates[gate], control, tmp_path.resolve(), PLUGINS.resources)
    assert complaint(control, result) == ""


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


def test_every_gate_that_can_be_gamed_stands_in_the_table() -> None:
    seen = {gate for _, gate, _ in PROVED} | {case.values[0] for case in CASES}
    # These hold a whole repository's set-up or somebody else's program, by controls of their own.
    assert set(PLUGINS.gates) - seen == {"command", "dead-code", "sweep", "target-dir"}
