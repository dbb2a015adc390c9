"""Compares the build time of a commit with itself, again and again, and says what was concluded.

    python tests/proofs/compare_with_itself.py [--times 20] [--pairs 8] [CLONE]

Base and head are the same commit, so that no difference is real: nothing may pass as 25 % faster
and nothing may fail as 10 % slower. No verdict is a right answer. Without a clone the example
workspace is built. The machine need not be quiet; that is the point.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PHASE = """\
[phase]
id = "itself"
title = "A commit beside itself"
base = "HEAD"

[task.build]
title = "Build time"

[[task.build.gate]]
use = "build-time"
scenarios = ["clean"]
pairs = {pairs}
require = ["units_removed == 0"]
improve = ["clean >= 25%", "clean >= -10%"]
timeout = "60m"
"""
FASTER, LIMIT = "improve clean >= 25%", "improve clean >= -10%"
SAID = {True: "pass", False: "fail", None: "no verdict"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one run concluded.

    Attributes:
        low, middle, high: the interval of ``head / base - 1`` and its estimate.
        resolution: half the interval's width, as the gate gives it.
        faster: whether it is 25 % faster: ``None`` for no verdict.
        within: whether it is at most 10 % slower.
    """

    low: float
    middle: float
    high: float
    resolution: float
    faster: bool | None
    within: bool | None

    @property
    def wrong(self) -> bool:
        """Whether a difference was seen that is none."""
        return self.faster is True or self.within is False

    def __str__(self) -> str:
        return (
            f"{self.middle:+8.1%}  {self.low:+8.1%} to {self.high:+7.1%}  "
            f"{self.resolution:7.1%}     {SAID[self.faster]:11}  {SAID[self.within]:11}"
            f"{'  WRONG' if self.wrong else ''}"
        )


HEADING = "  change        interval        resolves     25 % faster  10 % limit"


def prepare(clone: Path | None, folder: Path, pairs: int) -> Path:
    """A copy of the last commit of `clone`, or the example, with the phase committed."""
    root = folder / "workspace"
    if clone is None:
        gaterun(folder, "demo", str(root))
    else:
        git(folder, "clone", "--quiet", str(clone), str(root))
    (root / "phases").mkdir(exist_ok=True)
    (root / "phases" / "itself.toml").write_text(PHASE.format(pairs=pairs), "utf-8")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "The phase of the proof")
    return root


def compare(root: Path, report: Path) -> Comparison:
    """Run the phase once.

    Raises:
        SystemExit: it measured nothing.
    """
    done = gaterun(root, "itself", "-qq", f"--report=json:{report}")
    if not report.exists():
        raise SystemExit(f"gaterun wrote no report: {done.stderr}")
    record = json.loads(report.read_text("utf-8"))
    (result,) = record["results"]
    checks = {check["condition"]: check.get("holds") for check in result["verdict"]["checks"]}
    measured = result["metrics"].get("clean", {}).get("measured", {})
    change = measured.get("change")
    if change is None or FASTER not in checks:
        raise SystemExit(f"nothing was measured: {result['verdict']}\n{done.stdout}{done.stderr}")
    return Comparison(
        low=change["low"],
        middle=change["middle"],
        high=change["high"],
        resolution=result["metrics"]["resolution"]["measured"]["value"],
        faster=checks[FASTER],
        within=checks[LIMIT],
    )


def prove(clone: Path | None, *, times: int, pairs: int, say: Callable[[str], None]) -> list[str]:
    """Compare `times` times; return what was wrong."""
    found: list[Comparison] = []
    with tempfile.TemporaryDirectory(prefix="gaterun-itself-") as folder:
        root = prepare(clone, Path(folder).resolve(), pairs)
        say(f" #{HEADING}")
        for number in range(1, times + 1):
            found.append(compare(root, Path(folder) / "run.json"))
            say(f"{number:2}{found[-1]}")
    changes = sorted(abs(each.middle) for each in found)
    say(
        f"{times} comparisons of {pairs} pairs: passed as 25 % faster "
        f"{sum(each.faster is True for each in found)}, failed as 10 % slower "
        f"{sum(each.within is False for each in found)}; the largest change that was seen "
        f"{changes[-1]:.1%}, no verdict on the limit {sum(each.within is None for each in found)}"
    )
    return [f"comparison {n}: {each}" for n, each in enumerate(found, 1) if each.wrong]


def gaterun(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaterun", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=proof", "-c", "user.email=proof@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clone", type=Path, nargs="?", help="a workspace; the example without")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=8)
    given = parser.parse_args()
    problems = prove(
        given.clone.resolve() if given.clone else None,
        times=given.times,
        pairs=given.pairs,
        say=lambda line: print(line, flush=True),
    )
    sys.exit("\n".join(problems) if problems else 0)
