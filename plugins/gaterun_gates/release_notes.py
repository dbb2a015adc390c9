"""The gate ``release-notes``: checks that a release has notes, and that they are finished."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Measured, Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gaterun_gates.prose.markdown import Document
    from gaterun_gates.prose.notes import Notes

#: Where release notes are looked for, in this order, whatever the case of their name.
CANDIDATES = (
    *(
        f"{folder}{name}{v}{{version}}.md"
        for folder in ("docs/", "")
        for name in ("RELEASE-NOTES-", "RELEASE_NOTES-", "RELEASE_NOTES_", "RELEASE-")
        for v in ("", "v")
    ),
    *(
        f"{folder}{v}{{version}}.md"
        for folder in ("docs/release-notes/", "docs/releases/", "release-notes/", "releases/")
        for v in ("", "v")
    ),
    "RELEASE-NOTES.md",
    "RELEASE_NOTES.md",
    "docs/RELEASE-NOTES.md",
    "docs/RELEASE_NOTES.md",
    ".github/RELEASE-NOTES.md",
    ".github/RELEASE_NOTES.md",
)

#: Notes this much like those of another release are a copy.
COPY = 0.98

#: Of so many older notes a copy is noticed.
_MOST_OLDER = 20

_MOST_BYTES = 8 * 1024 * 1024

_TEMPLATE = re.compile(r"release[^/]*template|template[^/]*release", re.IGNORECASE)

_ABOUT = """\
Reads the release notes of one version: the first file of `files` that is there, or the section of
it whose heading names the version.

- `present`: they are there and say at least `min_words` words outside of headings and code.
- `titled`: their title, or the heading they stand under, names the version.
- `missing_sections`: headings of `sections` that are missing or have nothing below them.
- `placeholders`: items, paragraphs and headings such as TODO, TBD, `...` or *release notes here*.
- `broken_links`: links to files and headings in this repository that do not exist (those of HTML
  tags, too), and undefined references. Addresses on the web are not fetched.
- `unclosed_fences`: code fences that hide the rest of the file.
- `similarity`: to the notes of the version before (the nearest other file of the same pattern, or
  the next section).
- `copied`: older notes, and templates (`*release*template*.md`), that these are to 98 % or more.

Whether the notes are true and complete, no gate can say: have a person sign for that.

Gamed by filler text, and by a copy of older notes (`similarity`).
"""


class ReleaseNotesOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``release-notes``."""

    version: Annotated[
        str, gaterun.help("the version released; by default that of the root manifest")
    ] = ""
    files: Annotated[
        tuple[str, ...],
        gaterun.help("where the notes may be: globs, {version} stands for the version"),
    ] = CANDIDATES
    sections: Annotated[
        tuple[str, ...], gaterun.help("headings that must be there and have content")
    ] = ()
    min_words: Annotated[int, gaterun.help("with fewer words they do not count as present")] = 50


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Find the notes and read them.

    Raises:
        CannotMeasure: no version is known (``no-input``) or the file is too large to be
            read (``incomplete``).
    """
    from gaterun_gates.prose.notes import find_notes
    from gaterun_gates.prose.semver_text import mentions

    options: ReleaseNotesOptions = ctx.options
    version = options.version.removeprefix("v") or _root_version(ctx.root)
    file = next(iter(_matching(ctx, options.files, version)), "")
    if not file:
        return _missing(options, version)
    document = _read(ctx.root, file)
    notes = find_notes(document, version, whole=mentions(file, version))
    findings = _content_findings(notes, document, file, version, options)
    findings += _link_findings(ctx.root, document, notes, file)
    like, likeness = _similarity(ctx, document, notes, file, version)
    copied = [(like, likeness)] if likeness is not None and likeness >= COPY else []
    copied += _copied(ctx, notes, file, version)
    findings += [
        gaterun.Finding(rule="copied", message=f"{likeness:.0%} like {of}", path=file, line=1)
        for of, likeness in copied
    ]
    titled = not any(finding.rule == "untitled" for finding in findings)
    return gaterun.Measurement(
        metrics={
            "present": notes.words >= max(1, options.min_words),
            "titled": titled,
            "words": notes.words,
            "missing_sections": _count(findings, "missing-section"),
            "placeholders": _count(findings, "placeholder"),
            "broken_links": _count(findings, "broken-link"),
            "unclosed_fences": _count(findings, "unclosed-fence"),
            "copied": len(copied),
            "similarity": Measured(value=likeness, why="there are no other notes to compare with")
            if likeness is None
            else likeness,
        },
        inspected={"files": 1, "blocks": len(notes.blocks)},
        findings=findings,
        notes=[f"notes for {version}: {file}", *([f"compared with {like}"] if like else [])],
        recipe={"version": version, "file": file},
    )


def _root_version(root: Path) -> str:
    from gaterun_gates.parsers.cargo_manifest import read_manifest
    from gaterun_gates.prose.markdown import decode

    advice = "name the version of the release: version = '1.2.3'"
    try:
        manifest = read_manifest(decode((root / "Cargo.toml").read_bytes()))
    except (OSError, ValueError) as error:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            f"no version is given, and no manifest tells one: {error}",
            help=advice,
        ) from error
    version = manifest.workspace_version or manifest.version
    if not version:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            "no version is given, and the root manifest has none",
            help=advice,
        )
    return version


def _matching(ctx: gaterun.Context, globs: Sequence[str], version: str) -> list[str]:
    """The files for `version`, in the order of the globs; a name without ``*`` is one file."""
    from gaterun_gates.prose.semver_text import mentions

    found: list[str] = []
    known = {path.lower(): path for path in ctx.files("*.md", "**/*.md")}
    for glob in globs:
        name = glob.replace("{version}", version)
        if any(character in name for character in "*?["):
            one = "{version}" in glob  # and then 12.0.0 is not a file for 2.0.0
            found += [path for path in ctx.files(name) if not one or mentions(path, version)]
        elif (ctx.root / name).is_file():
            found.append(name)
        elif name.lower() in known:
            found.append(known[name.lower()])
    return found


def _missing(options: ReleaseNotesOptions, version: str) -> gaterun.Measurement:
    wanted = [glob.replace("{version}", version) for glob in options.files]
    listed = ", ".join(wanted[:2]) + (f" or {len(wanted) - 2} more" if len(wanted) > 2 else "")
    return gaterun.Measurement(
        metrics={
            "present": False,
            "titled": False,
            "words": 0,
            "missing_sections": len(options.sections),
            "placeholders": 0,
            "broken_links": 0,
            "unclosed_fences": 0,
            "copied": 0,
            "similarity": Measured(value=None, why="there are no notes"),
        },
        inspected={"places": len(wanted)},
        findings=[
            gaterun.Finding(
                rule="missing",
                message=f"no release notes for {version}: none of {listed}",
                path=wanted[0] if wanted else "",
                severity=gaterun.Severity.ERROR,
            )
        ],
    )


def _read(root: Path, file: str) -> Document:
    from gaterun_gates.prose.markdown import decode, read

    path = root / file
    if path.stat().st_size > _MOST_BYTES:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE, f"{file} is larger than {_MOST_BYTES >> 20} MiB"
        )
    return read(decode(path.read_bytes()), links=True)


def _content_findings(
    notes: Notes,
    document: Document,
    file: str,
    version: str,
    options: ReleaseNotesOptions,
) -> list[gaterun.Finding]:
    from gaterun_gates.prose.notes import missing_sections
    from gaterun_gates.prose.semver_text import mentions

    def finding(rule: str, message: str, line: int) -> gaterun.Finding:
        return gaterun.Finding(rule=rule, message=message, path=file, line=line)

    found: list[gaterun.Finding] = []
    if notes.title is None or not mentions(notes.title.text, version):
        line = notes.title.line if notes.title else 1
        found.append(finding("untitled", f"the title does not name {version}", line))
    if notes.words < options.min_words:
        line = notes.title.line if notes.title else 1
        message = f"{notes.words} words, fewer than {options.min_words}"
        found.append(finding("too-short", message, line))
    for name, line in missing_sections(notes, options.sections):
        what = "has nothing below it" if line else "is missing"
        found.append(finding("missing-section", f"section '{name}' {what}", line))
    for block in notes.placeholders:
        text = " ".join(block.text.split())[:60]
        found.append(finding("placeholder", f"placeholder '{text}'", block.line))
    found += [
        finding("unclosed-fence", "a code fence that nothing closes", line)
        for line in document.unclosed_fences
    ]
    return found


def _link_findings(
    root: Path, document: Document, notes: Notes, file: str
) -> list[gaterun.Finding]:
    from gaterun_gates.prose.links import broken_links

    blocks = (*((notes.title,) if notes.title else ()), *notes.blocks)
    return [
        gaterun.Finding(
            rule="broken-link", message=f"{link.target}: {link.why}", path=file, line=link.line
        )
        for link in broken_links(document, blocks, file, _loader(root))
    ]


def _loader(root: Path) -> Callable[[str], Document | bool]:
    """What stands at a path from the root: a Markdown document, or whether anything does."""
    known: dict[str, Document | bool] = {}

    def load(place: str) -> Document | bool:
        if place not in known:
            path = root / place
            try:
                if path.suffix.lower() in (".md", ".markdown") and path.is_file():
                    known[place] = _read(root, place)
                else:
                    known[place] = path.exists()
            except (OSError, ValueError, gaterun.CannotMeasure):
                known[place] = True  # it is there, and cannot be read
        return known[place]

    return load


def _similarity(
    ctx: gaterun.Context, document: Document, notes: Notes, file: str, version: str
) -> tuple[str, float | None]:
    """What the notes were compared with, and how alike they are."""
    from gaterun_gates.prose.notes import find_notes, older_notes, section_before, similarity

    for older in older_notes(ctx.files("*.md", "**/*.md"), file, version)[:1]:
        return older, similarity(notes, find_notes(_read(ctx.root, older), "", whole=True))
    section = section_before(document, notes)
    if section is not None and section.title is not None:
        return f"'{section.title.text}'", similarity(notes, section)
    return "", None


def _copied(ctx: gaterun.Context, notes: Notes, file: str, version: str) -> list[tuple[str, float]]:
    """Templates and notes of versions further back that these notes are."""
    from gaterun_gates.prose.notes import find_notes, older_notes, similarity

    known = ctx.files("*.md", "**/*.md")
    templates = [path for path in known if _TEMPLATE.search(path) and path != file]
    found = []
    for path in (*older_notes(known, file, version)[1:_MOST_OLDER], *templates):
        other = find_notes(_read(ctx.root, path), "", whole=True)
        likeness = similarity(notes, other, at_least=COPY)
        if likeness >= COPY:
            found.append((path, likeness))
    return found


def _count(findings: Sequence[gaterun.Finding], rule: str) -> int:
    return sum(finding.rule == rule for finding in findings)


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import RELEASE_NOTES

    return RELEASE_NOTES


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.release_notes import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="release-notes",
    title="Release notes",
    about=_ABOUT,
    metrics=(
        Metric(
            name="present",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="they are there and say enough",
        ),
        Metric(
            name="titled",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            help="their title names the version",
        ),
        Metric(name="words", better=Better.HIGHER, help="words outside of headings and code"),
        Metric(name="missing_sections", help="wanted headings that are missing or empty"),
        Metric(name="placeholders", help="items, paragraphs and headings that say nothing yet"),
        Metric(name="broken_links", help="links into this repository that lead nowhere"),
        Metric(name="unclosed_fences", help="code fences that nothing closes"),
        Metric(name="copied", help="older notes and templates that these are"),
        Metric(
            name="similarity",
            unit=Unit.RATIO,
            help="likeness to the notes of the version before, word by word",
        ),
    ),
    measure=measure,
    inputs=("**", gaterun.HISTORY),
    options=ReleaseNotesOptions,
    requires=(
        "present == true",
        "titled == true",
        "missing_sections == 0",
        "placeholders == 0",
        "broken_links == 0",
        "unclosed_fences == 0",
        "copied == 0",
    ),
    timeout=120.0,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
