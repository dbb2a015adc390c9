"""Cases on which the gate ``release-notes`` must be red, or green."""

from __future__ import annotations

from gaterun import Control, Outcome

_TEXT = (
    "Connections are pooled now, and every call takes a deadline, after which it fails with an "
    "error that says which step was too slow. The old names still work and warn. Programs that "
    "matched on error codes need one more arm, see the guide for an example of each change that "
    "your program may need, from the simplest call to a custom pool of your own."
)

_NOTES = f"""\
# Demo 2.0.0

{_TEXT}

## Highlights

- Deadlines, see [how](#breaking-changes).

## Breaking changes

- `connect` takes a deadline: [guide](guide.md#moving-on).
"""

_GUIDE = {"docs/guide.md": "# Guide\n\n## Moving on\n\nPass a deadline.\n"}
_FILE = "docs/RELEASE-NOTES-2.0.0.md"
_OPTIONS = {"version": "2.0.0", "sections": ["Highlights", "Breaking changes"]}


def _notes(text: str) -> dict[str, str]:
    return {_FILE: text, **_GUIDE}


CONTROLS = (
    Control(name="finished", expect=Outcome.PASS, files=_notes(_NOTES), options=_OPTIONS),
    Control(
        name="version-of-the-manifest",
        expect=Outcome.PASS,
        files={
            "Cargo.toml": '[package]\nname = "demo"\nversion = "2.0.0"\n',
            **_notes(_NOTES),
        },
    ),
    Control(
        name="one-file-of-several-releases",
        expect=Outcome.PASS,
        files={"RELEASE_NOTES.md": f"# Notes\n\n## 2.0.0\n\n{_TEXT}\n\n## 1.9.0\n\nTBD\n"},
        options={"version": "2.0.0"},
    ),
    Control(
        name="missing",
        expect=Outcome.FAIL,
        files={"docs/RELEASE-NOTES-1.9.0.md": _NOTES, **_GUIDE},
        options=_OPTIONS,
        rule="missing",
    ),
    Control(
        name="only-a-title",
        expect=Outcome.FAIL,
        files=_notes("# Demo 2.0.0\n\n## Highlights\n\n## Breaking changes\n"),
        options=_OPTIONS,
        rule="missing-section",
    ),
    Control(
        name="too-short",
        expect=Outcome.FAIL,
        files=_notes("# Demo 2.0.0\n\nBug fixes and improvements.\n"),
        options={"version": "2.0.0"},
        rule="too-short",
    ),
    Control(
        name="words-in-code-do-not-count",
        expect=Outcome.FAIL,
        files=_notes(f"# Demo 2.0.0\n\n```text\n{_TEXT}\n```\n"),
        options={"version": "2.0.0"},
        rule="too-short",
    ),
    Control(
        name="placeholder",
        expect=Outcome.FAIL,
        files=_notes(_NOTES + "\n## Thanks\n\n- TBD\n"),
        options=_OPTIONS,
        rule="placeholder",
    ),
    Control(
        name="section-in-code-fence",
        expect=Outcome.FAIL,
        files=_notes(_NOTES.replace("## Highlights", "```\n## Highlights\n```")),
        options=_OPTIONS,
        rule="missing-section",
    ),
    Control(
        name="link-to-a-missing-heading",
        expect=Outcome.FAIL,
        files=_notes(_NOTES.replace("#moving-on", "#moving-out")),
        options=_OPTIONS,
        rule="broken-link",
    ),
    Control(
        name="link-to-a-missing-file",
        expect=Outcome.FAIL,
        files={_FILE: _NOTES},
        options=_OPTIONS,
        rule="broken-link",
    ),
    Control(
        name="copy-of-the-notes-before",
        expect=Outcome.FAIL,
        files={
            **_notes(_NOTES),
            "docs/RELEASE-NOTES-1.9.0.md": _NOTES.replace("2.0.0", "1.9.0"),
        },
        options=_OPTIONS,
        rule="copied",
    ),
    Control(
        name="template-not-filled-in",
        expect=Outcome.FAIL,
        files={**_notes(_NOTES), "docs/release-notes-template.md": _NOTES},
        options=_OPTIONS,
        rule="copied",
    ),
    Control(
        name="fence-left-open",
        expect=Outcome.FAIL,
        files=_notes(f"{_NOTES}\n```\nfn main() {{}}\n"),
        options=_OPTIONS,
        rule="unclosed-fence",
    ),
    Control(
        name="title-of-a-candidate",
        expect=Outcome.FAIL,
        files=_notes(_NOTES.replace("Demo 2.0.0", "Demo 2.0.0-rc.1")),
        options=_OPTIONS,
        rule="untitled",
    ),
    Control(
        name="no-version-known",
        expect=Outcome.INCONCLUSIVE,
        files=_notes(_NOTES),
    ),
)
