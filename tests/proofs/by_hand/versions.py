"""Gate `version`: `cargo metadata` and `git grep`."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator

from by_hand.rows import Clone, Row
from by_hand.tools import metadata, tracked

#: Folders of crates that tests are made of, which have versions of their own.
TEST_FOLDERS = {"test", "tests", "fixtures", "testdata", "benches"}


def rows(clone: Clone) -> Iterator[Row]:
    packages = metadata(clone.root)["packages"]
    versions = {package["name"]: package["version"] for package in packages}
    published = [package["version"] for package in packages if package["publish"] != []]
    counted = Counter(published or versions.values())
    expected = clone.settings.get("version") or counted.most_common(1)[0][0]
    yield _row(clone, "members", len(packages), "`cargo metadata --no-deps`")
    other = frozenset(name for name, version in versions.items() if version != expected)
    yield Row(
        gate="version",
        metric=f"members that are not {expected}",
        gaterun=frozenset(
            f["message"].split(" ")[0] for f in clone.report.findings("version", "member")
        ),
        by_hand=other,
        how="`cargo metadata --no-deps`",
    )
    drift = subprocess.run(
        ["cargo", "metadata", "--locked", "--offline", "--format-version=1"],
        cwd=clone.root,
        capture_output=True,
        check=False,
    )
    yield Row(
        gate="version",
        metric="lock_drift",
        gaterun=clone.report.value("version", "lock_drift"),
        by_hand=int(b"--locked" in drift.stderr and drift.returncode != 0),
        how="`cargo metadata --locked`",
    )
    members = {package["manifest_path"] for package in packages}
    orphans = frozenset(
        name
        for name in tracked(clone.root, "Cargo.toml", "*/Cargo.toml")
        if str(clone.root / name) not in members
        and stated(clone, name) not in {None, "0.0.0", expected}
        and not TEST_FOLDERS & set(name.split("/"))
    )
    yield Row(
        gate="version",
        metric="orphans",
        gaterun=frozenset(f["path"] for f in clone.report.findings("version", "orphan")),
        by_hand=orphans,
        how="tracked manifests that `cargo metadata` does not name, outside of tests and fixtures",
    )


def stated(clone: Clone, name: str) -> str | None:
    """The `version` below `[package]`, by pattern."""
    text = (clone.root / name).read_text("utf-8", "replace")
    package = re.search(r"^\[package\]$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    if package is None:
        return None
    version = re.search(r'^version\s*=\s*"([^"]*)"', package[1], re.MULTILINE)
    return version[1] if version else None


def _row(clone: Clone, metric: str, number: int, how: str) -> Row:
    value = clone.report.value("version", metric)
    return Row(gate="version", metric=metric, gaterun=value, by_hand=number, how=how)
