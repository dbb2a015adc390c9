"""Counts what start-up and a small run cost, and compares with limits that hold everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpora

#: How much of what each command may use: the number that was measured and a little slack, as the
#: standard library differs between versions of Python; or an aim that bench/README.md explains.
#: Modules and files are those beyond bare Python's; processes are all that are started.
LIMITS: Mapping[str, Mapping[str, int]] = {
    "version": {"modules": 6, "files": 8},
    "list": {"modules": 218, "own modules": 99, "files": 198, "metadata": 0, "processes": 0},
    "collect": {"modules": 160, "own modules": 36, "files": 142, "metadata": 0, "processes": 0},
    "phase7": {"modules": 180, "own modules": 58, "files": 165, "metadata": 0, "processes": 0},
    # Three gates; the rest asks git for the tree before and after, and cargo for its version.
    "run": {"modules": 250, "own modules": 102, "files": 246, "metadata": 0, "processes": 3 + 7},
    # Kept answers: git is asked for the tree, and where nobody has said anything not even that.
    "status": {"modules": 19, "own modules": 11, "metadata": 0, "processes": 1},
    "stop": {"modules": 34, "own modules": 5, "files": 28, "metadata": 0, "processes": 0},
    # On a changed tree: what a kept plan knows already, nothing is imported for.
    "status planned": {"modules": 147, "own modules": 62, "metadata": 0, "processes": 3},
    "status anew": {"modules": 232, "own modules": 88, "metadata": 0, "processes": 3},
}

#: What only a measurement or a report may import, never a command that shows what there is.
FORBIDDEN = (
    *("asyncio", "concurrent.futures", "dataclasses", "difflib", "http", "jinja2", "junit_xml"),
    *("logging", "markdown_it"),
    *("multiprocessing", "psutil", "rich", "ruamel", "semver", "sqlite3", "tomlkit"),
    *(
        "tree_sitter",
        "tree_sitter_rust",
        "tree_sitter_toml",
        "unittest",
        "xml",
        "dotenv",
        "pkg_resources",
    ),
)

ARGUMENTS: Mapping[str, Sequence[str]] = {
    "version": ("--version",),
    "list": ("list",),
    "collect": ("small", "--collect-only"),
    "phase7": ("phase7", "--collect-only"),
    "run": ("small", "--no-progress"),
    "status": ("status",),
    "stop": ("hook", "stop"),
    "status planned": ("status",),
    "status anew": ("status",),
}

#: What a command reads from standard input.
GIVEN: Mapping[str, str] = {"stop": "{}"}

#: Commands that are counted when their answer is kept: what a run has just written is too young
#: for the first one, so the second keeps what the third one says.
_KEPT = ("status", "stop", "status planned")

#: What changes between that and what is counted.
_CHANGED = "src/changed.rs"

_COUNTED = Path(__file__).resolve().with_name("counted.py")
_OURS = ("gaterun", "gaterun_claims", "gaterun_gates", "gaterun_phases", "gaterun_examples")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a command used."""

    modules: frozenset[str]
    files: tuple[str, ...]
    processes: tuple[tuple[str, ...], ...]

    def beyond(self, bare: Count) -> dict[str, int]:
        """The numbers that `LIMITS` limits, without what bare Python uses."""
        extra = self.modules - bare.modules
        return {
            "modules": len(extra),
            "own modules": sum(name.partition(".")[0] in _OURS for name in extra),
            "files": len(self._files()) - len(bare._files()),
            "metadata": sum(name.endswith("METADATA") for name in self.files),
            "processes": len(self.processes),
        }

    def _files(self) -> list[str]:
        """What was opened, but not what describes the distributions that happen to be installed."""
        return [name for name in self.files if Path(name).parent.suffix != ".dist-info"]

    def forbidden(self) -> list[str]:
        """What of `FORBIDDEN` was imported."""
        return [name for name in FORBIDDEN if name in self.modules]


def small_workspace(folder: Path) -> Path:
    """A committed workspace with a phase ``small`` of three gates that run ``true``."""
    return corpora.empty_workspace(folder, {"small": corpora.no_op_phase("small", 3)})


def count_named(name: str, workspace: Path, environment: Mapping[str, str]) -> Count:
    """Count a command of `ARGUMENTS`, in their order, as ``status`` says how a run went."""
    given = GIVEN.get(name, "")
    changed = workspace / _CHANGED
    if name.endswith(" planned"):
        changed.parent.mkdir(exist_ok=True)
        changed.write_text("", "utf-8")
    for _ in range(2 if name in _KEPT else 0):
        count(ARGUMENTS[name], workspace, environment, given)
    if name.endswith(" planned"):
        changed.write_text(f"// {time.time_ns()}\n", "utf-8")
    # Of another environment nothing is kept.
    anew = {"ANEW": str(time.time_ns())} if name.endswith(" anew") else {}
    return count(ARGUMENTS[name], workspace, {**environment, **anew}, given)


def count(
    arguments: Sequence[str],
    workspace: Path,
    environment: Mapping[str, str] | None = None,
    given: str = "",
) -> Count:
    """Run gaterun with `arguments` in `workspace`; bare Python when there are none.

    Args:
        given: what it reads from standard input.

    Raises:
        RuntimeError: it exited with another code than 0 (or 1, of status: what changed is no
            longer verified), so its numbers mean nothing.
    """
    with tempfile.TemporaryDirectory(prefix="gaterun-counters-") as scratch:
        output = Path(scratch) / "counted.json"
        done = subprocess.run(
            [sys.executable, "-P", str(_COUNTED), str(output), *arguments],
            cwd=workspace,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        counted = json.loads(output.read_text("utf-8")) if output.exists() else {}
    said = {0, None, 1} if arguments == ("status",) else {0, None}
    if done.returncode or counted.get("code", 0) not in said:
        raise RuntimeError(f"gaterun {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return Count(
        modules=frozenset(counted["modules"]),
        files=tuple(counted["files"]),
        processes=tuple(tuple(argv) for argv in counted["processes"]),
    )


def main(*, as_json: bool = False) -> int:
    """Count, print, and return 1 when something is beyond its limit."""
    from world import World

    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="gaterun-counters-") as scratch:
        environment = World(scratch=Path(scratch)).environment
        workspace = small_workspace(Path(scratch) / "small")
        bare = count((), workspace, environment)
        for name, limits in LIMITS.items():
            count_named(name, workspace, environment)  # leaves byte code behind
            found = count_named(name, workspace, environment)
            numbers = found.beyond(bare)
            for what, limit in limits.items():
                rows.append(
                    {"command": name, "what": what, "number": numbers[what], "limit": limit}
                )
            for module in found.forbidden() if name != "run" else []:
                rows.append({"command": name, "what": f"imports {module}", "number": 1, "limit": 0})
    over = [row for row in rows if int(str(row["number"])) > int(str(row["limit"]))]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            verdict = "OVER" if row in over else "within"
            print(
                f"{row['command']!s:11} {row['what']!s:24} {row['number']:>5} "
                f"of {row['limit']:>5}  {verdict}"
            )
    return 1 if over else 0
