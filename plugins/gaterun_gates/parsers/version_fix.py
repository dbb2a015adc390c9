"""What would have to change so that every place states the version that it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import gaterun
from gaterun_gates.parsers.cargo_lock import with_versions
from gaterun_gates.parsers.cargo_requirement import bumped
from gaterun_gates.parsers.manifest_edit import with_values
from gaterun_gates.parsers.manifest_versions import shared_version
from gaterun_gates.prose.badges import spelled
from gaterun_gates.prose.document_versions import declared_in, wrong_in
from gaterun_gates.prose.drafts import Drafts
from gaterun_gates.prose.stated_version import Stated

if TYPE_CHECKING:
    from gaterun_gates.parsers.version_survey import Survey
    from gaterun_gates.version import VersionOptions


def version_edits(survey: Survey, options: VersionOptions) -> list[gaterun.Edit]:
    """Edits of manifests, of the members' entries in Cargo.lock, and of places elsewhere.

    A changelog's entry, a sentence about the version before, and a requirement whose new form
    is not plain from the old one are left to people. Other people's crates are never touched.

    Raises:
        CannotMeasure: members differ, and nobody says which version is right (``undecided``).
    """
    for package in survey.members:
        if package.name in survey.guessed and package.version != survey.wanted[package.name]:
            raise gaterun.CannotMeasure(
                gaterun.Reason.UNDECIDED,
                f"{package.name} is {package.version}, others have {survey.wanted[package.name]}:"
                " which is right, nobody says",
                help="say it with equals, versions, exclude or independent = true",
            )
    drafts = Drafts(survey.workspace.root)
    wanted = {
        package.name: survey.wanted.get(package.name, package.version)
        for package in survey.workspace.members
    }
    for path, changes in _manifest_changes(survey, wanted, outside=options.outside):
        if changes and (text := drafts.text(path)):
            drafts.put(path, with_values(text, changes))
    if lock := drafts.text("Cargo.lock"):
        drafts.put("Cargo.lock", with_versions(lock, wanted))
    for path in survey.scanned(options.ignore):
        wrong = wrong_in(survey, path, drafts.text(path), options.undetected)
        drafts.replace(path, _replacements(survey, wrong))
    for place in options.places:
        for path, expected in declared_in(survey, place.file):
            _, wrong_places = place.find(drafts.text(path), expected)
            drafts.replace(path, ((item.start, item.end, expected) for item in wrong_places))
    return drafts.edits()


def _manifest_changes(
    survey: Survey, wanted: Mapping[str, str], *, outside: bool
) -> Iterator[tuple[str, dict[tuple[str, ...], str]]]:
    """By manifest, the keys that should have another value."""
    members = {survey.workspace.relative(p.manifest_path): p for p in survey.workspace.members}
    for path, manifest in survey.manifests.items():
        changes: dict[tuple[str, ...], str] = {}
        member = members.get(path)
        version = wanted[member.name] if member else survey.expected if outside else ""
        unversioned = not member and manifest.version == "0.0.0"
        if manifest.version not in ("", version) and version and not unversioned:
            changes["package", "version"] = version
        if path == "Cargo.toml":
            shared = shared_version(survey)
            if shared not in ("", manifest.workspace_version):
                changes["workspace", "package", "version"] = shared
        if member or path == "Cargo.toml":
            for need in manifest.requirements:
                if need.is_on_member(wanted):
                    new = bumped(need.text, wanted[need.package], exact=survey.exact)
                    if new not in ("", need.text):
                        changes[need.key] = new
        yield path, changes


def _replacements(
    survey: Survey, wrong: Iterator[tuple[Stated, str]]
) -> Iterator[tuple[int, int, str]]:
    for item, expected in wrong:
        new = spelled(expected, item.spelling)
        if item.requirement:
            new = bumped(item.text, expected, exact=survey.exact)
        if new and item.start < item.end and item.kind != "changelog":
            yield item.start, item.end, new
