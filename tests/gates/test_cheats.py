"""Ways to make a gate say green without deserving it: none of them may end in a pass.

Each is proved by a control that ships with a gate, which `test_controls.py` runs, or is run in
`test_cheats_cargo.py` and `test_cheats_sources.py`.
"""

from __future__ import annotations

import pytest
import test_cheats_cargo
import test_cheats_sources
from cheats import PLUGINS

from gaterun.model.verdict import Outcome

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
    ("clippy: code moved to a path dependency", "clippy", "code-moved-to-a-path-dependency-outside"),
    ("clippy: code behind a feature that is off", "clippy", "code-behind-a-feature-that-is-off"),
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
    ("tests: assertions taken out", "tests", "assertion-taken-out"),
    ("tests: one assertion of two taken out", "tests", "one-assertion-of-two-taken-out"),
    ("tests: #[should_panic] on a failing test", "tests", "failing-test-is-to-panic"),
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
    ("hardcoded: put together by format!", "hardcoded", "put-together-by-format"),
    ("hardcoded: host and port by format!", "hardcoded", "host-and-port-put-together-by-format"),
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


RUN = [*test_cheats_cargo.CASES, *test_cheats_sources.CASES]


def test_every_gate_that_can_be_gamed_stands_in_the_table() -> None:
    seen = {gate for _, gate, _ in PROVED} | {case.values[0] for case in RUN}
    # These hold a whole repository's set-up or somebody else's program, by controls of their own.
    own = {"command", "dead-code", "doc-numbers", "sweep", "target-dir"}
    assert set(PLUGINS.gates) - seen == own
