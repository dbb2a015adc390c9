"""Gates `build-time` and `sccache`: bash's `time` around `cargo build`, and sccache's own statistics.

Both measure a copy of the clone that configures sccache, against the base, which does not.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from by_hand.rows import Clone, Report, Row
from by_hand.tools import messages, metadata, output

CONFIG = """\
[build]
rustc-wrapper = "sccache"
incremental = false

[env]
SCCACHE_CACHE_SIZE = "5G"
"""
PHASE = """\
[phase]
title = "Independent times"
base = "{base}"

[[task.1.gate]]
use = "sccache"

[[task.1.gate]]
use = "build-time"
scenarios = ["clean", "clean_as_configured", "no_op", "incremental"]
pairs = 8
require = "units > 0"
"""
SCENARIOS = ("clean", "clean_as_configured", "no_op", "incremental")
PAIRS = 8
NO_CACHE = {"RUSTC_WRAPPER": ""}


def prepare(clone: Clone) -> Path:
    """A copy of the clone's commit that configures sccache."""
    root = clone.scratch / "timed"
    shutil.rmtree(root, ignore_errors=True)
    output(clone.root, "git", "clone", "--quiet", str(clone.root), str(root))
    (root / ".cargo").mkdir(exist_ok=True)
    (root / ".cargo" / "config.toml").write_text(CONFIG, "utf-8")
    (root / "phases").mkdir(exist_ok=True)
    (root / "phases" / "times.toml").write_text(PHASE.format(base=clone.base), "utf-8")
    output(root, "git", "add", "--all", "--force")
    identity = ("-c", "user.name=proof", "-c", "user.email=proof@example.invalid")
    output(root, "git", *identity, "commit", "--quiet", "--message", "Configure sccache")
    return root


@dataclass(frozen=True, kw_only=True)
class Side:
    """A checkout and its target folder."""

    tree: Path
    target: Path

    def build(self, environment: Mapping[str, str]) -> tuple[float, float]:
        """Wall and CPU seconds of one build, as bash's `time` has them."""
        done = subprocess.run(
            [
                *("bash", "-c", "TIMEFORMAT='%3R %3U %3S'; time \"$@\"", "bash"),
                *("cargo", "build", "--workspace", "--locked"),
                # As gaterun asks for it: what cargo prints is part of the time.
                *("--message-format=json", "--target-dir", str(self.target)),
            ],
            cwd=self.tree,
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
            text=True,
        )
        wall, user, system = map(float, done.stderr.splitlines()[-1].split())
        return wall, user + system

    def artefacts(self, environment: Mapping[str, str]) -> list[dict[str, Any]]:
        """What cargo says that it has built."""
        words = [f"{name}={value}" for name, value in environment.items()]
        text = output(
            self.tree,
            *("env", *words, "cargo", "build", "--workspace", "--locked"),
            *("--message-format=json", "--target-dir", str(self.target)),
        )
        return [each for each in messages(text) if each["reason"] == "compiler-artifact"]


def rows(clone: Clone, report: Report, root: Path) -> Iterator[Row]:
    """Every row of gates that measure time or a cache.

    Args:
        report: what gaterun said of `root`.
        root: the copy that `prepare` made.
    """
    sides = []
    for name, commit in (("base", clone.base), ("head", "HEAD")):
        tree = clone.scratch / f"timed-{name}"
        shutil.rmtree(tree, ignore_errors=True)
        output(root, "git", "worktree", "prune")
        output(root, "git", "worktree", "add", "--quiet", "--detach", str(tree), commit)
        sides.append(Side(tree=tree, target=clone.scratch / f"target-{name}"))
    base, head = sides
    with server(clone.scratch) as cached:
        yield from _canary(clone, report, root, cached)
    with server(clone.scratch) as cached:
        yield from _units(report, base, head)
        yield from _cache(report, head, cached)
        for scenario in SCENARIOS:
            yield from _scenario(clone, report, scenario, (base, head), cached)
    for side in sides:
        shutil.rmtree(side.target)


@contextmanager
def server(scratch: Path) -> Iterator[Mapping[str, str]]:
    """The variables that lead to an sccache server with an empty cache."""
    cache = scratch / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="sc-") as folder:
        environment = {
            "SCCACHE_SERVER_UDS": f"{folder}/socket",
            "SCCACHE_DIR": str(cache),
            "SCCACHE_CACHE_SIZE": "5G",
        }
        words = [f"{name}={value}" for name, value in environment.items()]
        output(scratch, "env", *words, "sccache", "--start-server")
        try:
            yield environment
        finally:
            output(scratch, "env", *words, "sccache", "--stop-server")


def hits_and_misses(scratch: Path, environment: Mapping[str, str]) -> tuple[int, int]:
    """What the server has counted until now."""
    words = [f"{name}={value}" for name, value in environment.items()]
    text = output(scratch, "env", *words, "sccache", "--show-stats", "--stats-format=json")
    stats = json.loads(text)["stats"]
    hits, misses = (sum(stats[name]["counts"].values()) for name in ("cache_hits", "cache_misses"))
    return hits, misses


def _canary(clone: Clone, report: Report, root: Path, cached: Mapping[str, str]) -> Iterator[Row]:
    """A library of one line, built twice in the workspace's root."""
    folder = clone.scratch / "canary"
    shutil.rmtree(folder, ignore_errors=True)
    output(clone.scratch, "cargo", "init", "--quiet", "--lib", "--vcs=none", str(folder))
    with (folder / "Cargo.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[workspace]\n")
    before, after = (0, 0), (0, 0)
    for number in (1, 2):
        before = after
        target = clone.scratch / f"canary-{number}"
        shutil.rmtree(target, ignore_errors=True)
        words = [f"{name}={value}" for name, value in cached.items()]
        manifest_path = f"--manifest-path={folder / 'Cargo.toml'}"
        output(root, "env", *words, "cargo", "build", "-q", manifest_path, f"--target-dir={target}")
        after = hits_and_misses(clone.scratch, cached)
    hits, misses = after[0] - before[0], after[1] - before[1]
    how = "a new library of one line, built twice; `sccache --show-stats` before and after"
    yield _row(report, "sccache", "operational", hits > 0 and misses == 0, how)
    yield _row(report, "sccache", "hits", hits, how)
    yield _row(report, "sccache", "misses", misses, how)
    yield _row(report, "sccache", "cap", 5 * 2**30, "what the configuration says: `5G`")
    yield _row(report, "sccache", "cap_source", "cargo [env]", "the same: where it says so")
    yield _row(report, "sccache", "incremental", False, "the same: `incremental = false`")


def _units(report: Report, base: Side, head: Side) -> Iterator[Row]:
    """What a clean build makes, and what base's makes besides."""
    made = {}
    for side in (base, head):
        shutil.rmtree(side.target, ignore_errors=True)
        members = {package["id"]: package["name"] for package in metadata(side.tree)["packages"]}
        artefacts = side.artefacts(NO_CACHE)
        made[side] = {
            (members[each["package_id"]], each["target"]["name"], str(each["target"]["kind"]))
            for each in artefacts
            if each["package_id"] in members and each["target"]["kind"] != ["custom-build"]
        }
    names = {
        (each["package_id"], each["target"]["name"], str(each["target"]["kind"]))
        for each in artefacts
    }
    how = "distinct artefacts of `cargo build --message-format=json`"
    yield _row(report, "build-time", "units", len(names), how)
    removed = len(made[base] - made[head])
    yield _row(report, "build-time", "units_removed", removed, "members' artefacts of base alone")
    taken = int(output(head.tree, "du", "-sB1", str(head.target)).split()[0])
    gate = report.value("build-time", "disk")
    yield Row(
        gate="build-time",
        metric="disk",
        gaterun=gate,
        by_hand=taken,
        how="`du -sB1` of the target folder after a clean build; within 1 %",
        agrees=isinstance(gate, int | float) and abs(gate / taken - 1) < 0.01,
    )


def _cache(report: Report, head: Side, cached: Mapping[str, str]) -> Iterator[Row]:
    """The second clean build of head."""
    seen = []
    for _ in range(2):
        shutil.rmtree(head.target, ignore_errors=True)
        before = hits_and_misses(head.tree, cached)
        head.build(cached)
        after = hits_and_misses(head.tree, cached)
        seen.append((after[0] - before[0], after[1] - before[1]))
    how = "`sccache --show-stats` before and after the second clean build of head"
    yield _row(report, "build-time", "cache_hits", seen[1][0], how)
    yield _row(report, "build-time", "cache_misses", seen[1][1], how)


def _scenario(
    clone: Clone,
    report: Report,
    scenario: str,
    sides: tuple[Side, Side],
    cached: Mapping[str, str],
) -> Iterator[Row]:
    """Wall time of head by base, by medians of pairs; of a clean build the CPU time too."""
    environment = NO_CACHE if scenario == "clean" else cached
    edited = clone.settings["timed"]["edited"]
    for side in sides:
        if not scenario.startswith("clean"):
            side.build(environment)
    walls, cpus = [], []
    for number in range(PAIRS):
        times = {}
        for side in sides if number % 2 else reversed(sides):
            if scenario.startswith("clean"):
                shutil.rmtree(side.target, ignore_errors=True)
            elif scenario == "incremental":
                with (side.tree / edited).open("a", encoding="utf-8") as file:
                    file.write(f"\n#[doc(hidden)]\npub const BY_HAND_{number}: u8 = 0;\n")
            times[side] = side.build(environment)
        (wall_before, cpu_before), (wall_after, cpu_after) = (times[side] for side in sides)
        walls.append(wall_after / wall_before - 1)
        cpus.append(cpu_after / cpu_before - 1)
    edit = f" after a line more in {edited}" if scenario == "incremental" else ""
    yield _change(report, scenario, walls, f"bash's `time`: elapsed, {PAIRS} pairs{edit}")
    if scenario == "clean":
        yield _change(report, "clean_cpu", cpus, "the same: user and system time")


def _change(report: Report, metric: str, changes: list[float], how: str) -> Row:
    found = report.change("build-time", metric)
    middle = statistics.median(changes)
    text = f"{found['middle']:+.1%} ({found['low']:+.1%} to {found['high']:+.1%})" if found else ""
    return Row(
        gate="build-time",
        metric=f"{metric}, head by base",
        gaterun=text or None,
        by_hand=f"{middle:+.1%} ({min(changes):+.1%} to {max(changes):+.1%})",
        how=f"{how}; its median has to lie in gaterun's interval",
        agrees=bool(found) and found["low"] <= middle <= found["high"],
    )


def _row(report: Report, gate: str, metric: str, by_hand: float | str, how: str) -> Row:
    return Row(
        gate=gate, metric=metric, gaterun=report.value(gate, metric), by_hand=by_hand, how=how
    )
