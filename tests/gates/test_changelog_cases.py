"""The gate ``changelog``: edge cases (CH-01 … CH-20), crates, pull requests, and its fix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.core.controls import commit, git
from gaterun.testing import fix_gate, measure_gate
from gaterun_gates.changelog import GATE, ChangelogOptions

HEAD = "# Changelog\n\n## [Unreleased]\n\n"
OLD = "## [1.9.0] - 2024-02-01\n\n### Added\n\n- Pools.\n"
LINKS = (
    "\n[unreleased]: https://example.org/compare/v2.0.0...HEAD\n"
    "[2.0.0]: https://example.org/compare/v1.9.0...v2.0.0\n"
    "[1.9.0]: https://example.org/releases/tag/v1.9.0\n"
)
BODY = "### Changed\n\n- Deadlines.\n"
MANIFEST = '[package]\nname = "one"\nversion = "2.0.0"\n'
ENTRY_MISSING = ("entry-missing", 0)


def _entry(heading: str, body: str = BODY) -> str:
    return f"{HEAD}{heading}\n\n{body}\n{OLD}{LINKS}"


GOOD = _entry("## [2.0.0] - 2024-05-01")


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def _repository(root: Path, files: Mapping[str, str]) -> str:
    root.mkdir(exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    _write(root, {".gitignore": ".gaterun\n", **files})
    return commit(root, "base")


def _value(measured: gaterun.Measurement, name: str) -> object:
    value = measured.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def _found(measured: gaterun.Measurement, severity: str = "error") -> list[tuple[str, int]]:
    return [(f.rule, f.line) for f in measured.findings if f.severity.value == severity]


@pytest.mark.parametrize(
    ("text", "options", "strict", "lenient"),
    [
        pytest.param(GOOD.replace("- Deadlines.", "- How:\n\n  ```\n  ## [3.0.0] - soon\n  ```"),
                     {}, [], [], id="CH-01-heading-in-a-fence"),
        pytest.param(GOOD.replace("## [2.0.0]", "<!-- next-header -->\n\n## [2.0.0]"),
                     {}, [], [], id="CH-02-marker-in-a-comment"),
        pytest.param(_entry("[2.0.0] - 2024-05-01\n---"), {}, [], [], id="CH-03-setext"),
        pytest.param("\ufeff" + GOOD.replace("\n", "\r\n"), {}, [], [], id="CH-04-mark-and-crlf"),
        pytest.param(_entry("## 2.0.0"), {}, [("KC04", 5)], [], id="CH-05-no-brackets-no-date"),
        pytest.param(_entry("## v2.0.0 - 2024-05-01"), {}, [("KC04", 5)], [], id="CH-06-v"),
        pytest.param(_entry("## [2.0.0] - 2024-05-01 [YANKED]"), {}, [], [], id="CH-07-yanked"),
        pytest.param(_entry("## [2.0.0] – 2024-05-01"), {}, [("KC04", 5)], [], id="CH-08-en-dash"),
        pytest.param(GOOD.replace("- Deadlines.", "- X.\n\n## [2.0.0] - 2024-05-01\n\n" + BODY),
                     {}, [("KC08", 11)], [("KC08", 11)], id="CH-09-duplicate"),
        pytest.param(f"{HEAD}{OLD}\n## [2.0.0] - 2024-05-01\n\n{BODY}{LINKS}",
                     {}, [("KC07", 11), ("KC14", 11)], [], id="CH-10-wrong-order"),
        pytest.param(_entry("## [2.0.0-rc.1] - 2024-05-02", f"{BODY}\n## [2.0.0] - 2024-05-01\n\n{BODY}"),
                     {}, [("KC07", 11), ("KC14", 11)], [], id="CH-11-candidate-above-its-release"),
        pytest.param(_entry("## [2.0.0] - 2999-01-01"), {}, [("KC06", 5)], [("KC06", 5)],
                     id="CH-12-in-the-future"),
        pytest.param(_entry("## [2.0.0] - 2024-05-01", "### Changed\n\n* A:\n  + b\n  * c\n"),
                     {}, [], [], id="CH-13-nested-and-other-bullets"),
        pytest.param(GOOD.replace("[Unreleased]\n", "[Unreleased]\n\n### Added\n\n- More.\n"),
                     {}, [("KC15", 3)], [], id="CH-14-unreleased-at-release"),
        pytest.param(_entry("## [demo-2.0.0] - 2024-05-01").replace("[2.0.0]:", "[demo-2.0.0]:"),
                     {"crate": "demo"}, [], [], id="CH-17-heading-of-a-crate"),
        pytest.param(GOOD.replace("Unreleased", "Unveröffentlicht")
                     .replace("unreleased", "Unveröffentlicht").replace("### Changed", "### Neu"),
                     {"unreleased": "Unveröffentlicht", "sections": ["Neu"]}, [], [],
                     id="CH-18-other-language"),
        pytest.param("", {}, [ENTRY_MISSING, ("KC01", 1)], [ENTRY_MISSING, ("KC01", 1)],
                     id="CH-19-empty"),
        pytest.param(_entry("## [2.0.0] - 2024-05-01", "### Changed\n\n- TBD\n"),
                     {}, [("KC10", 5), ("KC10", 7), ("KC11", 9)],
                     [("KC10", 5), ("KC10", 7), ("KC11", 9)], id="KC11-placeholder"),
        pytest.param(GOOD, {"version": "2.0.1"}, [ENTRY_MISSING], [ENTRY_MISSING], id="no-entry"),
        pytest.param(GOOD.replace("2.0.0", "3.0.0"), {"version": "3.0.0"}, [("KC18", 5)], [],
                     id="KC18-no-manifest-has-it"),
    ],
)  # fmt: skip
def test_edge_case_in_the_strict_and_in_the_lenient_profile(
    tmp_path: Path,
    text: str,
    options: dict[str, Any],
    strict: list[tuple[str, int]],
    lenient: list[tuple[str, int]],
) -> None:
    _write(tmp_path, {"CHANGELOG.md": text, "Cargo.toml": MANIFEST})
    options = {"version": "2.0.0", **options}
    assert _found(measure_gate(GATE, tmp_path, options=options)) == strict
    options = {**options, "profile": "lenient"}
    assert _found(measure_gate(GATE, tmp_path, options=options)) == lenient


@pytest.mark.parametrize(
    ("before", "body", "told"),
    [
        ("1.9.0", "### Fixed\n\n- Leak.\n", False),
        ("1.9.0", BODY, True),
        ("1.9.0", "### Removed\n\n- Old.\n", True),
        ("1.9.0", "### Fixed\n\n- **Breaking**: leak.\n", True),
        ("1.9.0", "### Added\n\n- A guide to migration.\n", True),
        ("2.0.0-rc.1", "### Fixed\n\n- Leak.\n", True),
        ("0.9.0", "### Fixed\n\n- Leak.\n", True),
    ],
)
def test_kc17_a_major_version_says_what_breaks(
    tmp_path: Path, before: str, body: str, told: bool
) -> None:
    text = _entry("## [2.0.0] - 2024-05-01", body).replace("1.9.0", before)
    _write(tmp_path, {"CHANGELOG.md": text})
    warnings = _found(measure_gate(GATE, tmp_path, options={"version": "2.0.0"}), "warning")
    assert (("KC17", 5) in warnings) is not told


def test_kc12_the_link_of_unreleased_begins_at_the_newest_release(tmp_path: Path) -> None:
    _write(tmp_path, {"CHANGELOG.md": GOOD.replace("v2.0.0...HEAD", "v1.9.0...HEAD")})
    (finding,) = measure_gate(GATE, tmp_path).findings
    assert finding.message == "the link of Unreleased compares 'v1.9.0', not 2.0.0"


# --- updated: lines of content that were not there before ------------------------------------


@pytest.mark.parametrize(
    ("base", "now", "updated"),
    [
        pytest.param({"CHANGELOG.md": HEAD + OLD}, {"CHANGELOG.md": GOOD}, True, id="written"),
        pytest.param({"CHANGELOG.md": GOOD}, {"CHANGELOG.md": GOOD.replace(".org", ".net")}, False,
                     id="CH-15-only-links"),
        pytest.param({"CHANGELOG.md": GOOD}, {"CHANGELOG.md": GOOD.replace("- D", "-   D")}, False,
                     id="only-spaces"),
        pytest.param({"CHANGELOG.md": GOOD}, {"docs/CHANGELOG.md": GOOD}, False, id="CH-16-moved"),
        pytest.param({"docs/HISTORY.md": GOOD}, {"CHANGELOG.md": GOOD}, False,
                     id="CH-16-moved-and-renamed"),
        pytest.param({"a/CHANGELOG.md": GOOD}, {"a/CHANGELOG.md": GOOD, "CHANGELOG.md": GOOD},
                     False, id="CH-16-copied"),
        pytest.param({}, {"CHANGELOG.md": GOOD}, True, id="new"),
    ],
)  # fmt: skip
def test_updated(tmp_path: Path, base: dict[str, str], now: dict[str, str], updated: bool) -> None:
    commit_id = _repository(tmp_path, base)
    for name in set(base) - set(now):
        (tmp_path / name).unlink()
    _write(tmp_path, now)
    measured = measure_gate(GATE, tmp_path, base=commit_id, options={"version": "2.0.0"})
    assert _value(measured, "updated") is updated


# --- pull requests: Unreleased has grown since the branch left the base ----------------------


@pytest.fixture
def branch(tmp_path: Path) -> tuple[Path, str]:
    """A branch, and the base it left, on which *Unreleased* has grown meanwhile."""
    root = tmp_path / "ws"
    _repository(root, {"CHANGELOG.md": HEAD + OLD, "src/lib.rs": "", "docs/x.md": "x"})
    git(root, "checkout", "--quiet", "-b", "work")
    git(root, "checkout", "--quiet", "main")
    _write(root, {"CHANGELOG.md": HEAD + "### Fixed\n\n- Theirs.\n\n" + OLD})
    base = commit(root, "theirs")
    git(root, "checkout", "--quiet", "work")
    return root, base


@pytest.mark.parametrize(
    ("files", "message", "options", "grew"),
    [
        ({"src/lib.rs": "//\n"}, "x", {}, False),
        ({"src/lib.rs": "//\n", "CHANGELOG.md": HEAD + "### Fixed\n\n- Mine.\n\n" + OLD}, "x", {},
         True),
        ({"src/lib.rs": "//\n", "CHANGELOG.md": HEAD + "### Fixed\n\n- TODO\n\n" + OLD}, "x", {},
         False),
        ({"src/lib.rs": "//\n", "CHANGELOG.md": HEAD + "### Added\n\n- Pools.\n\n" + OLD}, "x", {},
         False),
        ({"docs/x.md": "y"}, "x", {"unneeded": ["docs/**"]}, True),
        ({"docs/x.md": "y", "new.txt": ""}, "x", {"unneeded": ["docs/**"]}, False),
        ({"docs/x.md": "y"}, "x", {}, False),
        ({"src/lib.rs": "//\n"}, "x\n\nChangelog: skip", {}, False),
        ({"src/lib.rs": "//\n"}, "x\n\nChangelog: skip", {"skip_trailer": "Changelog: skip"}, True),
        ({"src/lib.rs": "//\n"}, "Changelog: skip in a title", {"skip_trailer": "Changelog: skip"},
         False),
        ({}, "nothing", {}, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("committed", [True, False])
def test_grew(
    branch: tuple[Path, str],
    files: dict[str, str],
    message: str,
    options: dict[str, Any],
    grew: bool,
    committed: bool,
) -> None:
    root, base = branch
    if not committed:
        git(root, "commit", "--quiet", "--allow-empty", "-m", message)
    _write(root, files)
    if committed:
        commit(root, message)
    assert _value(measure_gate(GATE, root, base=base, options=options), "grew") is grew


def test_grew_is_unknown_without_a_common_commit(tmp_path: Path) -> None:
    base = _repository(tmp_path, {"CHANGELOG.md": GOOD})
    git(tmp_path, "checkout", "--quiet", "--orphan", "other")
    commit(tmp_path, "other")
    found = measure_gate(GATE, tmp_path, base=base).metrics["grew"]
    assert (found.value, found.why) == (None, "git cannot say where the branch left the base")
    assert measure_gate(GATE, tmp_path).metrics["grew"].value is None


# --- crates ----------------------------------------------------------------------------------

CRATES = {
    "Cargo.toml": '[workspace]\nmembers = ["a", "b", "x"]\nexclude = ["old"]\n'
    '[workspace.package]\nversion = "2.0.0"\n',
    "a/Cargo.toml": '[package]\nname = "a"\nversion.workspace = true\n',
    "b/Cargo.toml": '[package]\nname = "b"\nversion = "0.3.0"\n',
    "x/Cargo.toml": '[package]\nname = "x"\nversion = "0.0.0"\npublish = false\n',
    "old/Cargo.toml": '[package]\nname = "old"\nversion = "1.0.0"\n',
    "nested/Cargo.toml": '[workspace]\n[package]\nname = "nested"\nversion = "1.0.0"\n',
}
OF_B = GOOD.replace("2.0.0", "0.3.0").replace("1.9.0", "0.2.0")


@pytest.mark.parametrize(
    ("files", "policy", "expected"),
    [
        ({"a/CHANGELOG.md": GOOD, "b/CHANGELOG.md": OF_B}, "each", []),
        ({"a/CHANGELOG.md": GOOD}, "each",
         ["KC01 b/CHANGELOG.md", "entry-missing b/CHANGELOG.md"]),
        ({"CHANGELOG.md": GOOD}, "each",
         ["KC01 a/CHANGELOG.md", "KC01 b/CHANGELOG.md",
          "entry-missing a/CHANGELOG.md", "entry-missing b/CHANGELOG.md"]),
        ({"CHANGELOG.md": GOOD, "b/CHANGELOG.md": OF_B}, "either", []),
        ({"CHANGELOG.md": GOOD}, "either", ["entry-missing CHANGELOG.md"]),
        ({"CHANGELOG.md": GOOD, "b/CHANGELOG.md": GOOD}, "either",
         ["entry-missing b/CHANGELOG.md"]),
        ({"CHANGELOG.md": GOOD.replace("## [2.0.0]", "## [a-2.0.0]")
          .replace(OLD, f"## [b-0.3.0] - 2024-03-01\n\n{BODY}").replace("[2.0.0]:", "[a-2.0.0]:")},
         "either", []),
        ({"CHANGELOG.md": GOOD.replace("- Deadlines.", "- TODO"), "b/CHANGELOG.md": OF_B}, "either",
         ["KC10 CHANGELOG.md", "KC10 CHANGELOG.md", "KC11 CHANGELOG.md"]),
    ],
)  # fmt: skip
def test_changelogs_of_crates(
    tmp_path: Path, files: dict[str, str], policy: str, expected: list[str]
) -> None:
    _write(tmp_path, {**CRATES, **files})
    options = {"crates": policy, "version": "manifest"}
    measured = measure_gate(GATE, tmp_path, options=options)
    found = [f for f in measured.findings if f.severity is gaterun.Severity.ERROR]
    assert sorted(f"{finding.rule} {finding.path}" for finding in found) == expected
    assert _value(measured, "entry_present") is not bool(expected)


def test_a_file_that_is_asked_twice_is_checked_once(tmp_path: Path) -> None:
    both = CRATES["b/Cargo.toml"].replace("0.3.0", "2.0.0")
    bad = GOOD.replace("- Deadlines.", "- Deadlines.\n- ...")
    _write(tmp_path, {**CRATES, "b/Cargo.toml": both, "CHANGELOG.md": bad})
    options = {"crates": "either", "version": "manifest"}
    measured = measure_gate(GATE, tmp_path, options=options)
    assert (_value(measured, "errors"), _value(measured, "releases")) == (1, 2)


def test_which_version_is_meant(tmp_path: Path) -> None:
    _write(tmp_path, {"CHANGELOG.md": GOOD, "Cargo.toml": MANIFEST})
    options = {"version": "manifest"}
    assert _value(measure_gate(GATE, tmp_path, options=options), "entry_present") is True
    _write(tmp_path, CRATES)
    with pytest.raises(gaterun.CannotMeasure, match="which version is meant"):
        measure_gate(GATE, tmp_path, options=options)
    with pytest.raises(gaterun.CannotMeasure, match="no crate") as error:
        measure_gate(GATE, tmp_path / "x", options={"crates": "each"})
    assert error.value.reason is gaterun.Reason.NO_INPUT


@pytest.mark.parametrize("options", [{"crates": "all"}, {"skip_trailer": "no changelog"}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="crates|skip_trailer"):
        ChangelogOptions(**options)


# --- the fix ---------------------------------------------------------------------------------

COMPARE = "[2.0.0]: https://example.org/compare/v1.9.0...v2.0.0\n"


@pytest.mark.parametrize("missing", [0, 2, 1], ids=["unreleased", "oldest", "only-comparison"])
def test_a_missing_link_follows_from_the_others(tmp_path: Path, missing: int) -> None:
    lines = [line for line in LINKS.split("\n") if line]
    three = GOOD.replace(OLD, OLD + "\n## [1.8.0] - 2024-01-01\n\n### Added\n\n- It.\n")
    three += "[1.8.0]: https://example.org/releases/tag/v1.8.0\n"
    three = three.replace("releases/tag/v1.9.0", "compare/v1.8.0...v1.9.0")
    _write(tmp_path, {"CHANGELOG.md": three.replace(three[three.index(lines[missing][:9]):]
                                                    .split("\n")[0] + "\n", "")})  # fmt: skip
    assert _value(measure_gate(GATE, tmp_path), "warnings") == 1
    assert fix_gate(GATE, tmp_path) == {"CHANGELOG.md": three}
    assert fix_gate(GATE, tmp_path, options={"profile": "lenient"}) == {}


@pytest.mark.parametrize(
    "text",
    [
        HEAD + OLD,  # nothing tells where
        GOOD.replace("[unreleased]:", "[x]:").replace(COMPARE, ""),  # no comparison is left
        GOOD.replace("[1.9.0]:", "[x]:").replace("## [1.9.0]", "## [demo-1.9.0]"),
        GOOD.replace("[unreleased]:", "[x]:")
        .replace(OLD, OLD + "\n## [1.8.0] - 2024-01-01\n\n- It.\n")
        .replace("https://example.org/releases/tag/v1.9.0", "https://b.org/compare/1.8.0...1.9.0"),
    ],
)
def test_a_link_that_does_not_follow_is_left_to_people(tmp_path: Path, text: str) -> None:
    _write(tmp_path, {"CHANGELOG.md": text})
    assert _value(measure_gate(GATE, tmp_path), "warnings") != 0
    assert fix_gate(GATE, tmp_path) == {}
