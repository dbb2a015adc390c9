"""Cases on which the gate ``changelog`` must be red, or green."""

from __future__ import annotations

from gaterun import Control, Outcome

_OLD = """\
## [1.9.0] - 2024-02-01

### Added

- Pools of connections.

[2.0.0]: https://example.org/compare/v1.9.0...v2.0.0
[1.9.0]: https://example.org/releases/tag/v1.9.0
[unreleased]: https://example.org/compare/v2.0.0...HEAD
"""

_HEAD = "# Changelog\n\n## [Unreleased]\n\n"

_BEFORE = _HEAD + _OLD


def _entry(body: str, heading: str = "## [2.0.0] - 2024-05-01") -> dict[str, str]:
    return {"CHANGELOG.md": f"{_HEAD}{heading}\n\n{body}\n{_OLD}"}


_GOOD = "### Changed\n\n- `connect` takes a deadline.\n"
_UPDATED = {
    "version": "2.0.0",
    "require": ["errors == 0", "entry_present == true", "updated == true"],
}

CONTROLS = (
    Control(
        name="entry-written",
        expect=Outcome.PASS,
        files=_entry(_GOOD),
        base={"CHANGELOG.md": _BEFORE},
        options=_UPDATED,
    ),
    Control(
        name="loose-form-in-lenient-profile",
        expect=Outcome.PASS,
        files={"HISTORY.md": "History\n=======\n\n## v2.0.0 (2024-05-01)\n\n* New: deadlines.\n"},
        options={"version": "2.0.0", "profile": "lenient"},
    ),
    Control(
        name="no-changelog",
        expect=Outcome.FAIL,
        files={"README.md": "# Demo\n"},
        rule="KC01",
    ),
    Control(
        name="no-entry",
        expect=Outcome.FAIL,
        files={"CHANGELOG.md": _BEFORE},
        options={"version": "2.0.0"},
        rule="entry-missing",
    ),
    Control(
        name="empty-heading",
        expect=Outcome.FAIL,
        files=_entry("### Changed\n"),
        options={"version": "2.0.0"},
        rule="KC10",
    ),
    Control(
        name="placeholder",
        expect=Outcome.FAIL,
        files=_entry("### Changed\n\n- TODO\n"),
        options={"version": "2.0.0"},
        rule="KC11",
    ),
    Control(
        name="lone-dash",
        expect=Outcome.FAIL,
        files=_entry("### Changed\n\n- One thing.\n-\n"),
        options={"version": "2.0.0"},
        rule="KC11",
    ),
    Control(
        name="heading-in-code-fence",
        expect=Outcome.FAIL,
        files={
            "CHANGELOG.md": _BEFORE.replace(
                "- Pools", "- Headings:\n\n  ```\n  ## [2.0.0] - 2024-05-01\n  ```\n\n- Pools"
            )
        },
        options={"version": "2.0.0"},
        rule="entry-missing",
    ),
    Control(
        name="heading-in-comment",
        expect=Outcome.FAIL,
        files={"CHANGELOG.md": f"<!--\n{_entry(_GOOD)['CHANGELOG.md']}-->\n"},
        options={"version": "2.0.0"},
        rule="KC01",
    ),
    Control(
        name="impossible-date",
        expect=Outcome.FAIL,
        files=_entry(_GOOD, "## [2.0.0] - 2025-13-40"),
        options={"version": "2.0.0"},
        rule="KC06",
    ),
    Control(
        name="version-twice",
        expect=Outcome.FAIL,
        files=_entry(f"{_GOOD}\n## [2.0.0] - 2024-05-01\n\n{_GOOD}"),
        options={"version": "2.0.0"},
        rule="KC08",
    ),
    Control(
        name="copy-of-the-entry-before",
        expect=Outcome.FAIL,
        files=_entry("### Added\n\n- Pools of\n  connections.\n".replace("of\n  ", "of ")),
        base={"CHANGELOG.md": _BEFORE},
        options=_UPDATED,
        metrics=("updated",),
    ),
    Control(
        name="only-links-and-spaces-changed",
        expect=Outcome.FAIL,
        files=_entry(_GOOD.replace("- `", "-   `")),
        base={"CHANGELOG.md": _entry(_GOOD)["CHANGELOG.md"].replace("example.org", "example.net")},
        options=_UPDATED,
        metrics=("updated",),
    ),
    Control(
        name="moved-to-another-file",
        expect=Outcome.FAIL,
        files={"docs/CHANGELOG.md": _entry(_GOOD)["CHANGELOG.md"]},
        base=_entry(_GOOD),
        options=_UPDATED,
        metrics=("updated",),
    ),
    Control(
        name="unreleased-not-emptied",
        expect=Outcome.FAIL,
        files={
            "CHANGELOG.md": _entry(_GOOD)["CHANGELOG.md"].replace(
                "[Unreleased]\n", "[Unreleased]\n\n### Fixed\n\n- Leak.\n"
            )
        },
        options={"version": "2.0.0"},
        rule="KC15",
    ),
    Control(
        name="version-that-no-manifest-has",
        expect=Outcome.FAIL,
        files={**_entry(_GOOD), "Cargo.toml": '[package]\nname = "demo"\nversion = "1.9.0"\n'},
        options={"version": "2.0.0"},
        rule="KC18",
    ),
    Control(
        name="pull-request-without-an-entry",
        expect=Outcome.FAIL,
        files={"CHANGELOG.md": _BEFORE, "src/lib.rs": "// new\n"},
        base={"CHANGELOG.md": _BEFORE, "src/lib.rs": ""},
        options={"require": "grew == true"},
    ),
    Control(
        name="crate-without-a-changelog",
        expect=Outcome.FAIL,
        files={
            **_entry(_GOOD),
            "Cargo.toml": '[workspace]\nmembers = ["core"]\n',
            "core/Cargo.toml": '[package]\nname = "core"\nversion = "2.0.0"\n',
        },
        options={"version": "2.0.0", "crates": "each"},
        rule="KC01",
    ),
    Control(
        name="no-base-to-compare-with",
        expect=Outcome.INCONCLUSIVE,
        files=_entry(_GOOD),
        options=_UPDATED,
    ),
)
