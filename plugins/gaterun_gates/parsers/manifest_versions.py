"""Compares what the manifests of a workspace say about versions."""

from __future__ import annotations

from gaterun import Measured
from gaterun_gates.parsers.cargo_requirement import satisfies
from gaterun_gates.parsers.version_survey import Survey


def compare_members(survey: Survey) -> None:
    """Members, and the version that they may inherit, against the expected one."""
    for package in survey.members:
        expected = survey.wanted[package.name]
        if package.version == expected:
            continue
        path = survey.workspace.relative(package.manifest_path)
        manifest = survey.manifests.get(path)
        what = f"{package.name} is {package.version}"
        if manifest is not None and not manifest.version and not manifest.inherited:
            what = f"{package.name} has no version, which cargo takes for 0.0.0"
        elif manifest is not None and manifest.inherited:
            what += " (inherited from the workspace)"
        survey.differ(
            "member",
            f"{what}, expected {expected}",
            path,
            manifest.line if manifest else 0,
            expected=expected,
        )
    expected = shared_version(survey)
    if survey.root is not None and expected not in ("", survey.root.workspace_version):
        survey.differ(
            "workspace",
            f"workspace.package.version is {survey.root.workspace_version}, expected {expected}"
            f" ({len(survey.inheriting())} members inherit it)",
            "Cargo.toml",
            survey.root.workspace_line,
            expected=expected,
        )


def shared_version(survey: Survey) -> str:
    """What ``workspace.package.version`` should be; empty where there is none, or no rule."""
    if survey.root is None or not survey.root.workspace_version:
        return ""
    heirs = {survey.wanted[package.name] for package in survey.inheriting()}
    if len(heirs) > 1:
        return ""  # whatever it is, one of its heirs says that it is wrong
    return next(iter(heirs), survey.expected)


def compare_outsiders(survey: Survey, rule: str) -> None:
    """Crates below the root that are no members; what differs is noted as `rule`."""
    members = {survey.workspace.relative(item.manifest_path) for item in survey.workspace.members}
    for path, manifest in survey.manifests.items():
        if path in members or not manifest.name:
            continue
        version = manifest.version
        if manifest.inherited:
            # The nearest workspace above it, itself included.
            above = {
                place: other.workspace_version
                for place, other in survey.manifests.items()
                if other.is_workspace and path.startswith(place.removesuffix("Cargo.toml"))
            }
            version = above[max(above, key=len)] if above else ""
        if version not in ("", "0.0.0", survey.expected) and survey.expected:
            survey.differ(
                rule,
                f"{manifest.name} is no member and has {version}, not {survey.expected}",
                path,
                manifest.line,
            )


def compare_requirements(survey: Survey) -> Measured:
    """Requirements between members, against the version that the member has.

    Returns:
        How many do not hold; no value when a manifest could not be read.
    """
    versions = {package.name: package.version for package in survey.workspace.members}
    paths = {survey.workspace.relative(item.manifest_path) for item in survey.workspace.members}
    for path in sorted({"Cargo.toml", *paths}):
        manifest = survey.manifests.get(path)
        if manifest is None:
            continue
        for wanted in manifest.requirements:
            if not wanted.is_on_member(versions):
                continue
            version = versions[wanted.package]
            try:
                holds = satisfies(version, wanted.text)
            except ValueError:
                continue  # cargo says so better
            said = f"does not take {version}"
            if holds and survey.exact:
                said = f"is not the whole version {version}"
                holds = wanted.text.lstrip("^=~ ") == version
            if not holds:
                survey.differ(
                    "requirement",
                    f'{wanted.package} = "{wanted.text}" {said}',
                    path,
                    manifest.line_of(wanted),
                    expected=version,
                )
    unread = sorted({"Cargo.toml", *paths} - survey.manifests.keys())
    if unread:
        return Measured(value=None, why=f"{unread[0]} cannot be read")
    return survey.count("requirement")
