from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.changelog import GATE, ChangelogOptions
from gaterun_gates.prose.changelog_rules import (
    SECTIONS,
    Expectations,
    Problem,
    check,
    severity,
)
from gaterun_gates.prose.keepachangelog import Changelog, calendar_day, read_changelog

DATA = Path(__file__).parent / "data" / "changelog"
TODAY = date(2024, 6, 30)

HEAD = "# Changelog\n\n## [Unreleased]\n\n"
OLD = "## [1.9.0] - 2024-02-01\n\n### Added\n\n- Pools.\n"


def _check(text: str, version: str = "", sections: tuple[str, ...] = SECTIONS) -> list[Problem]:
    expected = Expectations(sections=sections, today=TODAY, version=version)
    return check(read_changelog(text), expected)


def _errors(text: str, version: str = "", profile: str = "strict") -> set[str]:
    return {
        problem.rule for problem in _check(text, version) if severity(problem, profile) == "error"
    }


def _entry(heading: str, body: str = "### Fixed\n\n- Leak.\n") -> str:
    return f"{HEAD}{heading}\n\n{body}\n{OLD}"


@pytest.fixture(scope="module")
def tricky() -> Changelog:
    return read_changelog((DATA / "tricky.md").read_text("utf-8"))


def test_releases_in_fences_comments_and_quotes_are_none(tricky: Changelog) -> None:
    assert [release.name for release in tricky.releases] == [
        "Unreleased",
        "2.1.0-rc.1",
        "2.0.0",
        "1.9.0",
        "1.8.0",
        "demo-core-0.3.0",
    ]


def test_parts_of_a_heading(tricky: Changelog) -> None:
    yanked = tricky.entry("2.0.0")
    loose = tricky.entry("1.9.0")
    english = tricky.entry("1.8.0")
    crate = tricky.entry("0.3.0")

    assert yanked is not None
    assert yanked.yanked
    assert yanked.date == "2024-05-01"
    assert yanked.standard
    assert yanked.bracketed
    assert loose is not None
    assert loose.date == "2024-04-01"
    assert not loose.standard
    assert english is not None
    assert english.date == "April 2nd, 2023"
    assert crate is not None
    assert crate.crate == "demo-core"
    assert crate.standard


def test_bullets_of_any_mark_are_counted(tricky: Changelog) -> None:
    entry = tricky.entry("2.1.0-rc.1")

    assert entry is not None
    assert entry.bullets == 3


def test_setext_title_counts(tricky: Changelog) -> None:
    assert tricky.titled


def test_what_is_wrong_with_the_tricky_one() -> None:
    text = (DATA / "tricky.md").read_text("utf-8")
    found = {(problem.rule, problem.line) for problem in _check(text)}

    assert found == {
        ("KC13", 34),  # a paragraph, no list
        ("KC04", 38),  # v1.9.0 (…)
        ("KC13", 40),
        ("KC04", 42),  # 1.8.0 – April …
        ("KC09", 44),
        ("KC12", 48),
        ("KC12", 55),  # compares 1.8.0, not the 1.9.0 below it
    }


def test_lenient_profile_takes_other_forms() -> None:
    assert _errors((DATA / "tricky.md").read_text("utf-8"), profile="lenient") == set()


def test_a_good_entry_has_no_errors() -> None:
    assert _errors(_entry("## [2.0.0] - 2024-05-01"), "2.0.0") == set()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "KC01"),
        ("# Changelog\n\nSoon.\n", "KC01"),
        (OLD, "KC02"),
        (_entry("## 2.0.0 - 2024-05-01"), "KC04"),
        (_entry("## [v2.0.0] - 2024-05-01"), "KC04"),
        (_entry("## [2.0.0] – 2024-05-01"), "KC04"),
        (_entry("## [2.0.0] (2024-05-01)"), "KC04"),
        (_entry("## [2.0.0]"), "KC04"),
        (_entry("## [2.0.0] - 2024-05-01 [Yanked]"), "KC04"),
        (_entry("## The big one"), "KC04"),
        (_entry("## [2.0] - 2024-05-01"), "KC05"),
        (_entry("## [02.0.0] - 2024-05-01"), "KC05"),
        (_entry("## [2.0.0] - 2025-13-40"), "KC06"),
        (_entry("## [2.0.0] - 2024-02-30"), "KC06"),
        (_entry("## [2.0.0] - 2024-07-02"), "KC06"),
        (_entry("## [1.8.0] - 2024-05-01"), "KC07"),
        (_entry("## [1.9.0-rc.1] - 2024-02-02"), "KC07"),
        (_entry("## [1.9.0] - 2024-05-01"), "KC08"),
        (_entry("## [2.0.0] - 2024-05-01", "### added\n\n- X.\n"), "KC09"),
        (_entry("## [2.0.0] - 2024-05-01", "### Features\n\n- X.\n"), "KC09"),
        (_entry("## [2.0.0] - 2024-05-01", ""), "KC10"),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n"), "KC10"),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n\n<!-- later -->\n"), "KC10"),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n\n- TODO\n"), "KC11"),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n\n- X.\n- ...\n"), "KC11"),
        (_entry("## [2.0.0] - 2024-05-01", "Release notes here\n"), "KC11"),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n\nProse.\n"), "KC13"),
        (_entry("## [2.0.0] - 2024-05-01", "- X.\n"), "KC13"),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n\n- X.\n\n```\n"), "KC16"),
    ],
)
def test_each_rule_in_the_strict_profile(text: str, rule: str) -> None:
    assert rule in _errors(text)


@pytest.mark.parametrize(
    "heading",
    [
        "## 2.0.0 - 2024-05-01",
        "## v2.0.0 (2024-05-01)",
        "## [2.0.0] – 2024-05-01",
        "## Version 2.0.0, 2024-05-01",
        "## 2.0.0 / 2024-05-01",
        "## 2.0.0 (May 1st, 2024)",
        "## [2.0.0](https://example.org/x) (2024-05-01)",
        "2.0.0 - 2024-05-01\n---",
    ],
)
def test_lenient_headings_name_their_version_and_date(heading: str) -> None:
    text = _entry(heading)
    entry = read_changelog(text).entry("2.0.0")

    assert entry is not None
    assert calendar_day(entry.date) == date(2024, 5, 1)
    assert _errors(text, "2.0.0", "lenient") == set()


@pytest.mark.parametrize("heading", ["## [2.0.0] - TBD", "## [2.0.0] - Unreleased", "## 2.0.0 (?)"])
def test_a_release_without_a_real_date(heading: str) -> None:
    assert "KC04" in _errors(_entry(heading), "2.0.0")


def test_a_placeholder_date_is_an_error_for_the_version_asked_for_only() -> None:
    planned = _entry("## 3.0.0 - TBD", f"### Fixed\n\n- X.\n\n{_entry('## 2.0.0 - 2024-05-01')}")

    assert "KC11" in _errors(planned, "3.0.0", "lenient")
    assert "KC11" not in _errors(planned, "2.0.0", "lenient")
    assert "KC14" not in {problem.rule for problem in _check(planned, "2.0.0")}


def test_tomorrow_is_not_the_future_because_of_time_zones() -> None:
    assert "KC06" not in _errors(_entry("## [2.0.0] - 2024-07-01"))


def test_a_later_fix_for_an_older_line_is_only_a_warning() -> None:
    text = f"{HEAD}## [2.0.0] - 2024-01-01\n\n### Fixed\n\n- X.\n\n{OLD}"

    assert "KC07" in {problem.rule for problem in _check(text)}
    assert _errors(text) == set()


def test_release_rules_look_at_the_version_asked_for() -> None:
    text = _entry("## [2.0.0] - 2024-05-01").replace("[Unreleased]\n", "[Unreleased]\n\n- Left.\n")

    found = {(problem.rule, problem.line) for problem in _check(text, "1.9.0")}

    assert ("KC14", 13) in found
    assert ("KC15", 3) in found


def test_extra_sections_are_allowed() -> None:
    text = _entry("## [2.0.0] - 2024-05-01", "### Behoben\n\n- X.\n")

    assert not {p.rule for p in _check(text, sections=("Behoben", *SECTIONS))} & {"KC09"}


def test_empty_sections_of_unreleased_are_a_template() -> None:
    assert _errors("# Changelog\n\n## [Unreleased]\n\n### Added\n\n### Fixed\n\n" + OLD) == set()


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["# A", "## [1.0.0] - 2024-01-01", "## x", "### Added", "- a", "-", "```", "> q",
             "<!--", "-->", "[1.0.0]: x", "", "===", "\t- b", "## [Unreleased]", "|a|b|", "\ufeff"]
        )
    )
)  # fmt: skip
def test_any_text_is_read_and_every_problem_has_a_line_of_it(lines: list[str]) -> None:
    for problem in _check("\n".join(lines), "1.0.0"):
        assert 1 <= problem.line <= max(1, len(lines))


# --- the gate ---------------------------------------------------------------------------------


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _commit(root: Path, files: Mapping[str, str]) -> str:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if not (root / ".git").is_dir():
        _git(root, "init", "-q")
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", "x")
    return _git(root, "rev-parse", "HEAD")


def _value(measurement: gaterun.Measurement, name: str) -> object:
    value = measurement.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def test_missing_file_is_measured_and_not_a_crash(tmp_path: Path) -> None:
    measurement = measure_gate(GATE, tmp_path, options={"version": "2.0.0"})

    assert _value(measurement, "errors") == 2
    assert _value(measurement, "entry_present") is False
    assert [finding.rule for finding in measurement.findings] == ["KC01", "entry-missing"]


def test_names_of_the_file_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "Changelog.md").write_text(HEAD + OLD)

    measurement = measure_gate(GATE, tmp_path)

    assert measurement.recipe["file"] == "docs/Changelog.md"
    assert _value(measurement, "errors") == 0
    assert _value(measurement, "entry_present") is True
    assert _value(measurement, "bullets") == 1


def test_empty_unreleased_alone_is_no_entry(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(HEAD)

    assert _value(measure_gate(GATE, tmp_path), "entry_present") is False


def test_updated_is_unknown_without_a_base(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(HEAD + OLD)
    updated = measure_gate(GATE, tmp_path).metrics["updated"]

    assert isinstance(updated, gaterun.Measured)
    assert updated.value is None
    assert "base" in updated.why


@pytest.mark.parametrize(
    ("now", "updated"),
    [
        (_entry("## [2.0.0] - 2024-05-01"), True),
        (HEAD + "### Fixed\n\n- Leak.\n\n" + OLD, True),
        (HEAD + OLD, False),
        (_entry("## [2.0.0] - 2024-05-01", "### Added\n\n-  Pools.\n"), False),
        (_entry("## [2.0.0] - 2024-05-01", "### Fixed\n\n- TODO\n"), False),
        (HEAD + OLD + "\n[1.9.0]: https://example.org\n", False),
        (HEAD + OLD.replace("Pools.", "Pools of connections."), False),
    ],
)
def test_updated_asks_for_new_content(tmp_path: Path, now: str, *, updated: bool) -> None:
    base = _commit(tmp_path, {"CHANGELOG.md": HEAD + OLD})
    _commit(tmp_path, {"CHANGELOG.md": now + "\n"})

    measurement = measure_gate(GATE, tmp_path, base=base, options={"version": "2.0.0"})

    assert _value(measurement, "updated") is updated


def test_a_renamed_changelog_is_compared_with_the_old_one(tmp_path: Path) -> None:
    base = _commit(tmp_path, {"HISTORY.md": HEAD + OLD})
    (tmp_path / "HISTORY.md").unlink()
    _commit(tmp_path, {"CHANGELOG.md": HEAD + OLD})

    measurement = measure_gate(GATE, tmp_path, base=base)

    assert _value(measurement, "updated") is False
    assert "at the base the changelog was HISTORY.md" in measurement.notes


def test_a_base_that_git_does_not_have_is_no_answer(tmp_path: Path) -> None:
    _commit(tmp_path, {"CHANGELOG.md": HEAD + OLD})

    updated = measure_gate(GATE, tmp_path, base="0" * 40).metrics["updated"]

    assert isinstance(updated, gaterun.Measured)
    assert updated.value is None


def test_since_leaves_old_sins_in_peace(tmp_path: Path) -> None:
    text = _entry("## [2.0.0] - 2024-05-01") + "\n## 1.0 someday\n"
    (tmp_path / "CHANGELOG.md").write_text(text)

    assert _value(measure_gate(GATE, tmp_path), "errors") != 0
    assert _value(measure_gate(GATE, tmp_path, options={"since": "1.9.0"}), "errors") == 0


def test_crlf_and_byte_order_mark(tmp_path: Path) -> None:
    text = _entry("## [2.0.0] - 2024-05-01").replace("\n", "\r\n")
    (tmp_path / "CHANGELOG.md").write_bytes(b"\xef\xbb\xbf" + text.encode())

    measurement = measure_gate(GATE, tmp_path, options={"version": "v2.0.0"})

    assert _value(measurement, "errors") == 0
    assert _value(measurement, "entry_present") is True


def test_findings_have_lines_and_tell_releases_apart(tmp_path: Path) -> None:
    body = "## [3.0.0] - 2024-05-02\n\n"
    (tmp_path / "CHANGELOG.md").write_text(_entry("## [2.0.0] - 2024-05-01", "").replace(
        "## [2.0.0]", body + "## [2.0.0]"))  # fmt: skip

    empty = [f for f in measure_gate(GATE, tmp_path).findings if f.rule == "KC10"]

    assert [finding.place for finding in empty] == ["CHANGELOG.md:5", "CHANGELOG.md:7"]
    assert len({finding.fingerprint for finding in empty}) == 2


def test_a_huge_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_bytes(b"- x\n" * (2**21 + 1))

    with pytest.raises(gaterun.CannotMeasure) as error:
        measure_gate(GATE, tmp_path)

    assert error.value.reason is gaterun.Reason.INCOMPLETE


def test_unknown_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="profile"):
        ChangelogOptions(profile="easy")


def test_init_holds_the_number_of_releases_that_a_dropped_one_makes_less(tmp_path: Path) -> None:
    assert "releases" in GATE.pins
    (tmp_path / "CHANGELOG.md").write_text(_entry("## [2.0.0] - 2024-06-01"), "utf-8")
    before = measure_gate(GATE, tmp_path).value("releases")
    (tmp_path / "CHANGELOG.md").write_text(f"{HEAD}{OLD}", "utf-8")
    after = measure_gate(GATE, tmp_path).value("releases")
    assert isinstance(before, int)
    assert after == before - 1
