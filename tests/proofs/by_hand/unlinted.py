"""Gate `clippy`: what it does not lint, by cargo's own resolution and syn's reading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from by_hand import survey
from by_hand.lines import pygments_lines
from by_hand.rows import Clone, Row
from by_hand.tools import output


def rows(clone: Clone) -> Iterator[Row]:
    host = re.findall(r"^host: (.+)", output(clone.root, "rustc", "-vV"), re.MULTILINE)[0]
    text = output(
        clone.root, "cargo", "metadata", "--format-version=1", f"--filter-platform={host}"
    )
    resolved = json.loads(text)
    members = set(resolved["workspace_members"])
    folders = {
        package["id"]: Path(package["manifest_path"]).parent for package in resolved["packages"]
    }
    outside = [
        folders[package["id"]]
        for package in resolved["packages"]
        if package["source"] is None and package["id"] not in members
    ]
    yield Row(
        gate="clippy",
        metric="outside",
        gaterun=clone.report.value("clippy", "outside"),
        by_hand=sum(
            pygments_lines(clone, path.relative_to(clone.root).as_posix())
            for folder in outside
            for path in folder.rglob("*.rs")
        ),
        how="Pygments, in the packages of `cargo metadata` that have no source and are no members",
    )
    enabled = {
        folders[node["id"]]: frozenset(node["features"])
        for node in resolved["resolve"]["nodes"]
        if node["id"] in members
    }
    sources = survey.read(clone.root, clone.scratch)
    yield Row(
        gate="clippy",
        metric="features_off",
        gaterun=clone.report.value("clippy", "features_off"),
        by_hand=sum(
            holds(predicate, enabled[folder]) is False
            for path in sources.shipped | sources.tests
            for folder in [_package(clone.root / path, enabled)]
            for predicate in sources.files[path]["cfgs"]
        ),
        how="syn: `cfg` attributes that do not hold with the features of `cargo metadata`",
    )


def _package(path: Path, folders: Mapping[Path, object]) -> Path:
    """The member that a file belongs to: the nearest folder above."""
    return next(parent for parent in path.parents if parent in folders)


def holds(predicate: Mapping[str, Any], features: frozenset[str]) -> bool | None:
    """Whether a predicate holds; `None` where the features alone do not say."""
    ((kind, inside),) = predicate.items()
    if kind == "feature":
        return inside in features
    if kind == "other":
        return None
    parts = [holds(part, features) for part in inside]
    if kind == "not":
        return None if parts[0] is None else not parts[0]
    decided = kind == "any"
    if decided in parts:
        return decided
    return None if None in parts else not decided
