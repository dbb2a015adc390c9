"""Compares what the files of a workspace other than its manifests say about versions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from gaterun_gates.parsers.cargo_manifest import read_manifest
from gaterun_gates.parsers.cargo_requirement import satisfies
from gaterun_gates.prose.markdown import decode
from gaterun_gates.prose.semver_text import is_semver, precedence
from gaterun_gates.prose.stated_version import Stated
from gaterun_gates.prose.version_scan import (
    find_stale,
    is_history,
    scan_file,
)

if TYPE_CHECKING:
    from gaterun_gates.parsers.version_survey import Survey

#: Larger files are data, not documents.
_MOST_BYTES = 1024 * 1024


def versions_before(survey: Survey) -> tuple[frozenset[str], str]:
    """The versions at the base that no member has any more, or why they are unknown."""
    if not survey.ctx.base:
        return frozenset(), "the phase names no base commit that could tell the version before"
    before: set[str] = set()
    if not survey.ctx.run(["git", "cat-file", "-e", f"{survey.ctx.base}^{{tree}}"]).ok:
        return frozenset(), "git does not have the base commit"
    relative = survey.workspace.relative
    for path in ("Cargo.toml", *(relative(package.manifest_path) for package in survey.members)):
        text = survey.text_at_base(path)
        try:
            manifest = read_manifest(text) if text is not None else None
        except ValueError:
            manifest = None
        if manifest is not None:
            before |= {manifest.version, manifest.workspace_version} - {""}
        if path == "Cargo.toml" and before and len(survey.inheriting()) == len(survey.members):
            break  # manifests that only inherit have no more to tell
    if not before:
        return frozenset(), "no manifest at the base tells a version"
    now = {survey.expected} | {package.version for package in survey.workspace.members}
    return frozenset(before - now), ""


def compare_documents(
    survey: Survey, stale: Collection[str], *, undetected: Collection[str], ignore: Collection[str]
) -> tuple[int, int]:
    """Compare what the detectors find in each file, and look for `stale` versions.

    Args:
        stale: versions that nothing should mention any more.
        undetected: kinds of places not to compare, or ``all``.
        ignore: globs of files to leave out.

    Returns:
        The number of places compared and of files read.
    """
    names = {package.name for package in survey.workspace.members}
    places = files = 0
    for path, text in _texts(survey, ignore):
        files += 1
        if "all" not in undetected:
            places += _compare(survey, path, text, names, undetected)
        if not is_history(path):
            for item in find_stale(text, stale, names):
                survey.differ("stale-mention", f"still mentions {item.text}", path, item.line)
    return places, files


def compare_declared(
    survey: Survey,
    file: str,
    find: Callable[[str, str], tuple[list[int], list[Stated]]],
    search: str,
    *,
    exactly: int,
    least: int,
) -> int:
    """Compare the occurrences of a text in a file, or in the files of a glob.

    Args:
        find: finds them in a text: the lines of those that state a version, and the others.
        search: how to call what is looked for.
        exactly: how many occurrences there are to be in each file; `least` when negative.

    Returns:
        The number of occurrences.
    """
    count = files = 0
    for path, expected in declared_in(survey, file):
        files += 1
        if not expected:
            survey.differ("place", f"{path} belongs to no crate, so no version is known", path, 0)
            continue
        right, wrong = find(decode((survey.workspace.root / path).read_bytes()), expected)
        found = len(right) + len(wrong)
        count += found
        for item in wrong:
            message = f"'{search}' has {item.text}, expected {expected}"
            survey.differ("place", message, path, item.line, expected=expected)
        if found != exactly if exactly >= 0 else found < least:
            wanted = str(exactly) if exactly >= 0 else f"at least {least}"
            survey.differ(
                "place", f"'{search}' stands there {found} times, expected {wanted}", path, 0
            )
    if not files:
        survey.differ("place", f"there is no file {file}", file, 0)
    return count


def declared_in(survey: Survey, file: str) -> Iterator[tuple[str, str]]:
    """The files that a name or a glob means, each with the version that it should state."""
    named = (survey.workspace.root / file).is_file()
    for path in [file] if named else survey.ctx.files(file):
        yield path, survey.version_for("", path)


def _texts(survey: Survey, ignore: Collection[str]) -> Iterator[tuple[str, str]]:
    """The text files in which versions are looked for."""
    for path in survey.scanned(ignore):
        try:
            file = survey.workspace.root / path
            if not file.is_file() or file.stat().st_size > _MOST_BYTES:
                continue
            data = file.read_bytes()
        except OSError as error:
            survey.notes.append(f"{path} cannot be read: {error.strerror}")
            continue
        if b"\0" not in data[:8192]:
            yield path, decode(data)


def _compare(
    survey: Survey, path: str, text: str, names: Collection[str], undetected: Collection[str]
) -> int:
    try:
        judged = list(_judged(survey, path, text, names, undetected))
    except (ValueError, RecursionError) as error:
        survey.notes.append(f"{path} cannot be read: {error}")
        return 0
    for item, expected, right in judged:
        if not right:
            message = f"{item.kind} says {item.text}, expected {expected}"
            survey.differ(item.kind, message, path, item.line, expected=expected)
    return len(judged)


def wrong_in(
    survey: Survey, path: str, text: str, undetected: Collection[str]
) -> Iterator[tuple[Stated, str]]:
    """What a file states otherwise than it should, each with what it should state."""
    names = {package.name for package in survey.workspace.members}
    if len(text) > _MOST_BYTES or "all" in undetected:
        return
    try:
        judged = list(_judged(survey, path, text, names, undetected))
    except (ValueError, RecursionError):
        return
    yield from ((item, expected) for item, expected, right in judged if not right)


def _judged(
    survey: Survey, path: str, text: str, names: Collection[str], undetected: Collection[str]
) -> Iterator[tuple[Stated, str, bool]]:
    """What a file states, with what it should state and whether it does."""
    for item in scan_file(path, text, names):
        if item.kind in undetected or (item.kind == "changelog" and not _is_ours(survey, path)):
            continue
        expected = survey.version_for(item.package, path)
        if not expected:
            continue  # crates have versions of their own, and this place belongs to none
        right = _is_right(item, expected, exact=survey.exact)
        if right is not None:
            yield item, expected, right


def _is_ours(survey: Survey, path: str) -> bool:
    """Whether a changelog stands in the root, in ``docs``, or in a member's folder."""
    root = survey.workspace.root
    folders = {root, root / "docs", *(package.folder for package in survey.workspace.members)}
    return (root / path).parent in folders


def _is_right(item: Stated, expected: str, *, exact: bool) -> bool | None:
    """Whether a place states `expected`; ``None`` when it is not meant to."""
    if item.requirement:
        try:
            return satisfies(expected, item.text) and (
                not exact or item.text.lstrip("^=~ ") == expected
            )
        except ValueError:
            return None
    if item.kind == "changelog" and is_semver(expected) and "-" in expected:
        # While a pre-release is worked on, the newest entry is that of the release before.
        older = is_semver(item.text) and precedence(item.text) < precedence(expected)
        return None if older else item.text == expected
    return item.text == expected
