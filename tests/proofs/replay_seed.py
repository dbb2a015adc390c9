"""Plays the phase that gaterun was made for, from its beginning to its end, on the example.

    python tests/proofs/replay_seed.py [DIR]

Four participants work on the four tasks in working trees of their own, and a lead merges what they
do. Two of them collide in a file, one says that a task is complete when it is not, and in the end
the phase is complete. What every command answered is printed, and has to be what the story says.
It takes two to three minutes. DIR, a new folder, is kept.

One thing is smaller than in the phase that gaterun ships: the build of one crate is timed, six
times a side. `tests/integration/test_example.py` times that of all crates, eight times.
"""

from __future__ import annotations

import argparse
import html
import json
import sys
import tempfile
from pathlib import Path

from replay_pieces import CONTESTED, work
from replay_stage import LEAD, OWNERS, NotAsToldError, Stage

from gaterun.core.controls import git
from gaterun.model.errors import UsageError

ONE_CRATE = """
# The build of one crate is timed: that of all takes minutes.
[[task."7.1".gate]]
use = "build-time"
pairs = 6
arguments = ["--exclude=eventmesh-api", "--exclude=eventmesh-cli", "--exclude=eventmesh-persistence"]
"""

DASHBOARD = "docs/phase7/COORDINATION-DASHBOARD.md"
BASELINE = "docs/phase7/baseline-metrics.json"
FINAL = "docs/phase7/final-metrics.json"
REPORT = "docs/PHASE7-COMPLETION-REPORT.md"
ROADMAP = "docs/COMPREHENSIVE-ROADMAP.md"

ENGINEER, BACKEND, REVIEWER, PLANNER = OWNERS.values()


def begin(stage: Stage) -> None:
    """The example as it was before the phase, with a baseline and a working tree for each task."""
    stage.tell("the lead writes the phase file, and measures where the phase begins")
    stage.gaterun(LEAD, "demo", str(stage.root))
    root = stage.root
    git(root, "reset", "--quiet", "--hard", "before")
    with (root / "phases/phase7.toml").open("a") as file:
        file.write(ONE_CRATE)
    with (root / ".gitignore").open("a") as file:
        file.write(".swarm/\n")
    stage.commit(LEAD, "Time the build of one crate")
    git(root, "tag", "--force", "before")
    stage.gaterun(LEAD, "baseline", "phase7")
    baseline = json.loads((root / BASELINE).read_text("utf-8"))
    stage.must(baseline["phase"] == "phase7", f"{BASELINE} has the metrics of the base")
    stage.commit(LEAD, "Measure the baseline")
    for task, owner in OWNERS.items():
        branch = f"task/{task}"
        stage.git(LEAD, "worktree", "add", "--quiet", str(stage.place(owner)), "-b", branch)


def three_at_once(stage: Stage) -> None:
    """7.1, 7.2 and 7.3 are started, and 7.4 is not."""
    stage.tell("three start at once, the fourth is refused")
    stage.said(stage.gaterun(ENGINEER, "start", "7.1"), "7.1::sccache", "cap <= 10GiB")
    stage.said(stage.gaterun(BACKEND, "start", "7.2"), "7.2::env-coverage implemented == 93")
    stage.said(stage.gaterun(REVIEWER, "start", "7.3"), "waiting 7.4", "warnings < 20")
    refused = stage.gaterun(PLANNER, "start", "7.4", exits=1)
    stage.said(refused, "task 7.4 needs 7.3, which is not verified on this tree (in-progress)")
    working = dict.fromkeys(("7.1", "7.2", "7.3"), "in-progress")
    stage.must(stage.states() == {**working, "7.4": "todo"}, "three are in progress, 7.4 waits")
    status = stage.gaterun(LEAD, "status", exits=1)
    stage.said(status, "critical path", "0 of 4 tasks are verified on this tree")
    stage.gaterun(BACKEND, "note", "7.2", "seven of the 93 were fixed values")
    dashboard(stage, "7.2", "in-progress", "seven of the 93 were fixed values")
    dashboard(stage, "7.4", "todo", "needs 7.3")


def dashboard(stage: Stage, task: str, *words: str) -> None:
    """Wait until the dashboard says something of a task."""
    path = stage.root / DASHBOARD

    def says() -> bool:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        rows = [line for line in lines if line.startswith(f"| {task} |")]
        return any(all(word in row for word in words) for row in rows)

    stage.until(says, f"the dashboard says of {task}: {', '.join(words)}")


def infrastructure(stage: Stage) -> None:
    """7.1 is done, and lands."""
    stage.tell("7.1 is done in its own working tree, and merged")
    work(stage.root, stage.place(ENGINEER), "7.1", all_of_it=True)
    stage.commit(ENGINEER, "Build through sccache, sweep what is old")
    stage.said(stage.gaterun(ENGINEER, "done", "7.1"), "is verified: 4 of 4 gates")
    stage.must(stage.states(ENGINEER)["7.1"] == "verified", "it is verified there")
    stage.must(stage.states()["7.1"] == "claimed", "and claimed on main, which does not have it")
    stage.git(LEAD, "merge", "--quiet", "--no-edit", "task/7.1")
    stage.must(stage.states()["7.1"] == "verified", "merged, it is verified on main")
    dashboard(stage, "7.1", "verified")


def collide(stage: Stage) -> None:
    """7.2 and 7.3 change the same lines, are told, and 7.3 gives way."""
    stage.tell("7.2 and 7.3 collide in a file, and are told")
    edit = {"cwd": str(stage.place(BACKEND)), "tool_name": "Edit"}
    given = json.dumps({**edit, "tool_input": {"file_path": CONTESTED}})
    asked = stage.gaterun(BACKEND, "hook", "edit", given=given)
    stage.said(asked, '"permissionDecision":"ask"', f"{CONTESTED} is no file of a task", "reviewer")
    work(stage.root, stage.place(BACKEND), "7.2", all_of_it=False)
    work(stage.root, stage.place(REVIEWER), "7.3", all_of_it=True)
    stage.commit(REVIEWER, "Remove what is dead, mend what clippy says")
    status = stage.gaterun(LEAD, "status", exits=1)
    conflict = (
        f"7.2 and 7.3 conflict in {CONTESTED}; 7.2 began first: reviewer rebases 7.3 on task/7.2"
    )
    stage.said(status, conflict, "7.2 has touched what is outside of its files", "both touch")
    refused = stage.gaterun(REVIEWER, "done", "7.3", exits=1)
    stage.said(refused, conflict, "nothing was measured")
    dashboard(stage, "7.3", "collision")


def claim(stage: Stage) -> None:
    """7.2 is said to be complete, is merged for that, and is contradicted."""
    stage.tell("7.2 is said to be complete, and evidence contradicts it")
    stage.commit(BACKEND, "Read every address from the environment")
    key = "phase7/config_system/status"
    stage.remember(BACKEND, key, '{"status": "complete", "env_vars": "93/93"}')
    stage.git(LEAD, "merge", "--quiet", "--no-edit", "task/7.2")
    measured = stage.gaterun(LEAD, "phase7", "7.2", exits=1)
    stage.said(measured, "implemented == 93", "measured 92")
    told = stage.gaterun(LEAD, "claims", exits=1)
    stage.said(
        told, f"contradicted 7.2 {key} completed", "7.2::env-coverage failed: implemented 92"
    )
    given = json.dumps({"session_id": "swarm-phase7", "cwd": str(stage.place(BACKEND))})
    kept = stage.gaterun(BACKEND, "hook", "stop", exits=2, given=given)
    stage.said(kept, "7.2", "A task is complete only when evidence verifies it")
    stage.gaterun(LEAD, "report", "phase7", exits=1)
    report = html.unescape((stage.root / REPORT).read_text("utf-8"))
    stage.must("INCOMPLETE" in report.splitlines()[0], "the report's title says INCOMPLETE")
    section = report.partition("## Claims contradicted by evidence")[2].partition("\n## ")[0]
    stage.must(key in section, "the report names the claim as contradicted")
    # What the report has written is of that moment; the roadmap is written again at the end.
    git(stage.root, "checkout", "--quiet", "--", ROADMAP)
    dashboard(stage, "7.2", "claimed", "1/3", "said to be done in .swarm/memory.db")


def mend(stage: Stage) -> None:
    """7.2 is done by measurement, and 7.3 is rebased on it."""
    stage.tell("7.2 is mended and measured; 7.3 gives way, and is measured on what has landed")
    work(stage.root, stage.place(BACKEND), "7.2", all_of_it=True)
    stage.commit(BACKEND, "Read the target of the pool from the environment, too")
    stage.said(stage.gaterun(BACKEND, "done", "7.2"), "is verified: 3 of 3 gates")
    stage.git(LEAD, "merge", "--quiet", "--no-edit", "task/7.2")
    place = stage.place(REVIEWER)
    try:
        stage.git(REVIEWER, "rebase", "--quiet", "main")
    except UsageError as error:
        stage.must(
            CONTESTED in git(place, "diff", "--name-only", "--diff-filter=U"), "it conflicts"
        )
        stage.say(f"    {error.message.splitlines()[0]}")
    # In a rebase what was there already is "ours": the value that 7.2 reads wins over its name.
    stage.git(REVIEWER, "checkout", "--conflict=merge", "--", CONTESTED)
    resolve(place / CONTESTED)
    git(place, "add", "--all")
    stage.git(REVIEWER, "-c", "core.editor=true", "rebase", "--continue")
    stage.said(stage.gaterun(REVIEWER, "done", "7.3"), "3 of 3 gates, 1 of them waived")
    stage.git(LEAD, "merge", "--quiet", "--ff-only", "task/7.3")


def resolve(path: Path) -> None:
    """Take what is above the line in the middle of each conflict."""
    lines, side = [], "both"
    for line in path.read_text("utf-8").splitlines(keepends=True):
        if line.startswith("<<<<<<< "):
            side = "ours"
        elif line.startswith("======="):
            side = "theirs"
        elif line.startswith(">>>>>>> "):
            side = "both"
        elif side != "theirs":
            lines.append(line)
    path.write_text("".join(lines), "utf-8")


def release(stage: Stage) -> None:
    """7.4 may start now, and its `done` measures 7.3 again on what 7.4 has made of the tree."""
    stage.tell("7.3 is verified on main, so that 7.4 can start")
    stage.git(PLANNER, "merge", "--quiet", "--ff-only", "main")
    stage.must(stage.states(PLANNER)["7.3"] == "verified", "7.3 is verified in a tree like main")
    stage.said(stage.gaterun(PLANNER, "start", "7.4"), "7.4::version mismatches == 0")
    work(stage.root, stage.place(PLANNER), "7.4", on=("7.1", "7.2", "7.3"), all_of_it=True)
    stage.commit(PLANNER, "Release 2.0.0")
    stage.said(stage.gaterun(PLANNER, "done", "7.4"), "is verified: 3 of 3 gates", "7.3::tests")
    stage.git(LEAD, "merge", "--quiet", "--ff-only", "task/7.4")
    dashboard(stage, "7.4", "verified")


def complete(stage: Stage) -> None:
    """Everything is measured on one merged tree, and the documents say so."""
    stage.tell("the phase is measured on one merged tree")
    status = stage.gaterun(LEAD, "status", exits=1)
    stage.said(status, "phase::build")
    stage.gaterun(LEAD, "phase7")
    stage.gaterun(LEAD, "claims")
    stage.said(stage.gaterun(LEAD, "status"), "4 of 4 tasks are verified", "the phase is complete")
    dashboard(stage, "7.1", "verified")
    stage.gaterun(LEAD, "report", "phase7")
    documents(stage)
    stage.commit(LEAD, "Complete phase 7")
    # What looks at the history is asked again, as there is a commit more; the rest is used again.
    stage.gaterun(LEAD, "phase7")
    stage.gaterun(LEAD, "status")
    stage.must(not git(stage.root, "status", "--porcelain"), "all of it is committed")
    written = [DASHBOARD, BASELINE, FINAL, REPORT, ROADMAP]
    other = set(git(stage.root, "diff", "--name-only", "after").splitlines())
    other -= {*written, ".gitignore", "phases/phase7.toml"}
    stage.must(not other, "the work is that of the example, no more and no less")


def documents(stage: Stage) -> None:
    """What the end of the phase has written."""
    root = stage.root
    report = (root / REPORT).read_text("utf-8")
    title = "# Quality and infrastructure (phase7): COMPLETE WITH 4 WAIVERS"
    stage.must(report.splitlines()[0] == title, f"{REPORT}: {title[2:]}")
    final = json.loads((root / FINAL).read_text("utf-8"))
    stage.must(final["phase"] == "phase7", f"{FINAL} is written")
    roadmap = (root / ROADMAP).read_text("utf-8")
    block = roadmap.partition("<!-- gaterun:begin phase7 -->")[2].partition("<!-- gaterun:end")[0]
    stage.must("COMPLETE WITH 4 WAIVERS" in block, f"{ROADMAP} says so between its markers")
    stage.until(
        lambda: "**COMPLETE**" in (root / DASHBOARD).read_text("utf-8"), "the dashboard, too"
    )


SCENES = (three_at_once, infrastructure, collide, claim, mend, release, complete)


def play(folder: Path) -> None:
    """Play all of it.

    Raises:
        NotAsToldError: something is not as the story says.
    """
    stage = Stage(folder, lambda line: print(line, flush=True))
    begin(stage)
    with stage.watching():
        for scene in SCENES:
            scene(stage)
    stage.tell("all of it is as told")


def main() -> int:
    """Play the phase; exit with 1 when something is not as told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="where; it is kept")
    options = parser.parse_args()
    try:
        if options.folder:
            options.folder.mkdir(parents=True)
            play(options.folder.resolve())
        else:
            with tempfile.TemporaryDirectory() as folder:
                play(Path(folder).resolve())
    except (NotAsToldError, UsageError) as error:
        print(f"\nNOT AS TOLD: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
