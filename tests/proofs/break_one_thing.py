"""Breaks one thing of each kind in a real workspace, and says which gates noticed.

    python tests/proofs/break_one_thing.py /path/to/a/clone

The clone gets a phase from `gaterun init`, which has to pass. Then, one at a time, each gate's
own defects are planted, the whole phase is run, and the tree is restored. Exactly the gate that
the defect is for has to be red; others may reach no verdict (nothing can be linted that does
not compile), and those in `ALSO` see the same defect with the same right.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from gaterun import Defect
from gaterun.core import discovery
from gaterun.testing import plant_defect

PHASE = "proof"

#: Defects that are rightly seen by another gate too.
ALSO = {
    "extra-allow": {"dead-code"},
    "dead-function": {"clippy"},
    "folder-of-its-own": {"build"},  # an orphan crate
    "impossible-release": {"version"},  # the newest release is not the version of the members
}


def gaterun(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaterun", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def outcomes(root: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "run.json"
        done = gaterun(root, PHASE, "-qq", f"--report=json:{report}")
        if not report.exists():
            raise SystemExit(f"gaterun {PHASE} wrote no report: {done.stderr}")
        record = json.loads(report.read_text("utf-8"))
    return {result["gate"]: result["verdict"]["outcome"] for result in record["results"]}


def restore(root: Path) -> None:
    for command in (["checkout", "--quiet", "--", "."], ["clean", "-fdq", "-e", "phases"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def prove(
    root: Path, say: Callable[[str], None], *, only: Collection[str] | None = None
) -> list[str]:
    """Plant every defect that there is a gate for; return what was not as it should be."""
    restore(root)
    (root / "phases" / f"{PHASE}.toml").unlink(missing_ok=True)
    written = gaterun(root, "init", PHASE)
    if written.returncode != 0:
        return [f"init: {written.stderr}"]
    before = outcomes(root)
    say(f"init wrote {len(before)} gates: {', '.join(before)}")
    wrong = [f"{gate} is {said} at the start" for gate, said in before.items() if said != "pass"]
    for name, gate in discovery.load().gates.items():
        for defect in gate.defects():
            if name not in before:
                say(f"  -        {name:13} {defect.name}: the gate is not part of the phase")
            elif only is None or name in only:
                wrong += attempt(root, name, defect, say)
    (root / "phases" / f"{PHASE}.toml").unlink()
    return wrong


def attempt(root: Path, gate: str, defect: Defect, say: Callable[[str], None]) -> list[str]:
    try:
        plant_defect(defect, root)
        after = outcomes(root)
    except LookupError as error:
        say(f"  -        {gate:13} {defect.name}: nothing to break ({error})")
        return []
    finally:
        restore(root)
    red = {name for name, outcome in after.items() if outcome == "fail"}
    silent = [name for name, outcome in after.items() if outcome == "inconclusive"]
    caught = gate in red and red <= {gate, *ALSO.get(defect.name, set())}
    aside = f" (no verdict: {', '.join(silent)})" if silent else ""
    say(f"  {'caught' if caught else 'WRONG':8} {gate:13} {defect.name}: red {sorted(red)}{aside}")
    return [] if caught else [f"{gate}, {defect.name}: red {sorted(red)}"]


if __name__ == "__main__":
    problems: list[str] = []
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{argument}\n")
        problems += prove(Path(argument).resolve(), lambda line: print(line, flush=True))
    sys.exit("\n".join(problems) if problems else 0)
