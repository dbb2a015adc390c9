"""Measures what gaterun's gates measure by other means, and explains each difference.

    python tests/proofs/independent.py [--compile] [--no-survey] [--write PAGE] CLONE...

In each clone gaterun runs a phase of every gate that needs no compilation (with `--compile` also
`build`, `clippy`, `dead-code`, `tests`, and where the settings say so `build-time` and `sccache`), and the same numbers and lists are made by cargo, git,
rustc's lexer, syn, nextest and patterns: see `by_hand/`. A section in Markdown for each clone goes
to standard output, or takes its place in PAGE.
A difference has to stand in `independent.toml`, with both sides and a reason that a person wrote
after reading the code. Any other difference, and any reason that no longer applies, is exit code 1.

`--no-survey` leaves out what the Rust program in `by_hand/survey` measures; building it needs
the crates that its Cargo.lock names.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from by_hand import (
    artefacts,
    audit,
    configuration,
    lines,
    lints,
    prose,
    suites,
    timing,
    unlinted,
    values,
    variables,
    versions,
)
from by_hand.rows import Clone, Report, Row
from by_hand.tools import output

PHASE = "independent"
READING = (configuration, versions, prose, audit)
NOTES = Path(__file__).with_name("independent.toml")


def phase_text(settings: dict[str, Any], base: str, *, compiling: bool) -> str:
    """A phase with every gate that is compared."""
    kinds = [f"{kind}s" if kind != "lib" else kind for kind in settings.get("lint_targets", [])]
    gates = {
        "config-audit": "",
        "sccache": "",
        "sweep": "",
        "target-dir": "",
        "version": "independent = false",
        "from-env": "",
        "hardcoded": "",
        "changelog": 'profile = "lenient"',
        "env-coverage": f'names = ["_"]\ndocs = ["phases/{PHASE}.md"]',
        "loc": 'require = ["files > 0"]',
    }
    if compiling:
        gates |= {"build": "", "tests": ""}
        if runner := settings.get("test_runner"):
            gates["tests"] = f'runner = "{runner}"'
        gates["clippy"] = gates["dead-code"] = f"targets = {json.dumps(kinds)}" if kinds else ""
    entries = "".join(
        f'\n[[task.1.gate]]\nuse = "{name}"\n{text}\n' for name, text in gates.items()
    )
    return f'[phase]\ntitle = "Independent numbers"\nbase = "{base}"\n{entries}'


def run_phase(root: Path, text: str) -> Report:
    """What a phase of every gate reports of a clone."""
    folder = root / "phases"
    folder.mkdir(exist_ok=True)
    phase, document = folder / f"{PHASE}.toml", folder / f"{PHASE}.md"
    phase.write_text(text, "utf-8")
    # A document that documents no variable: every one that is read is then undocumented.
    document.write_text("Nothing.\n", "utf-8")
    try:
        return run_gaterun(root, PHASE)
    finally:
        phase.unlink()
        document.unlink()


def run_gaterun(root: Path, phase: str) -> Report:
    """What `gaterun PHASE` reports."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "run.json"
        command = [sys.executable, "-m", "gaterun", phase, "-qq", "-j1", f"--report=json:{path}"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if not path.exists():
            raise SystemExit(f"gaterun {phase} wrote no report: {done.stderr}")
        return Report(json.loads(path.read_text("utf-8")))


def timed(clone: Clone) -> Iterator[Row]:
    """The rows of time and cache, where the settings say what to edit."""
    if "timed" in clone.settings:
        root = timing.prepare(clone)
        yield from timing.rows(clone, run_gaterun(root, "times"), root)


def measured(clone: Clone, *, compiling: bool, surveying: bool) -> Iterator[Row]:
    """Every row of one clone."""
    for module in READING:
        yield from module.rows(clone)
    yield from lines.rows(clone)
    if surveying:
        yield from lines.surveyed(clone)
        yield from variables.rows(clone)
        yield from values.rows(clone)
    if compiling:
        for compiler in (artefacts, lints, suites):
            yield from compiler.rows(clone)
        if surveying:
            yield from lints.suppressions(clone)
            yield from unlinted.rows(clone)
            yield from suites.surveyed(clone)
        yield from timed(clone)


def explain(clone: str, row: Row, notes: Sequence[dict[str, Any]]) -> str:
    """The reason for a difference; empty where there is none that fits both sides."""
    for note in notes:
        same = (note["workspace"], note["gate"], note["metric"]) == (clone, row.gate, row.metric)
        if same and note["difference"] == row.difference:
            reason: str = note["reason"]
            return " ".join(reason.split())
    return ""


def obsolete(clone: str, rows: Sequence[Row], notes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Reasons for differences that are not there, among those of metrics that were measured."""
    found = {(row.gate, row.metric): row.difference for row in rows}
    for note in notes:
        difference = found.get((note["gate"], note["metric"]))
        if note["workspace"] == clone and difference not in {None, note["difference"]}:
            yield f"{clone}: {note['gate']} {note['metric']}: no longer {note['difference']}"


def shown(value: object) -> str:
    if isinstance(value, frozenset):
        return f"{len(value)} in a list"
    return "not measured" if value is None else str(value).lower()


def escaped(text: str) -> str:
    """A cell of a table: a pipe would end it."""
    return text.replace("|", "\\|")


def section(clone: Clone, rows: Sequence[Row], notes: Sequence[dict[str, Any]]) -> str:
    """What the page says of one workspace."""
    head = output(clone.root, "git", "log", "-1", "--format=%H, %cs").strip()
    compiler = output(clone.root, "rustc", "--version").strip()
    different = [row for row in rows if row.difference]
    unexplained = [row for row in different if not explain(clone.name, row, notes)]
    lines = [
        f"## {clone.name}",
        "",
        clone.settings.get("style", ""),
        f"Commit {head}; `loc` compares with {clone.base[:12]}; {compiler}.",
        *filter(None, [clone.settings.get("not_compiled", "")]),
        (
            f"{len(rows)} lines: {len(rows) - len(different)} agree, "
            f"{len(different) - len(unexplained)} differ and are explained, "
            f"{len(unexplained)} are not explained."
        ),
        "",
        "| gate | metric | gaterun | by hand | how |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        mark = " ≠" if row.difference else ""
        cells = (row.gate, row.metric, shown(row.gaterun) + mark, shown(row.by_hand), row.how)
        lines.append(f"| {' | '.join(map(escaped, cells))} |")
    lines.append("")
    for row in different:
        reason = explain(clone.name, row, notes) or "**UNEXPLAINED**"
        lines.append(f"- `{row.gate}` {row.metric}: {row.difference}. {reason}")
    return "\n".join(lines).rstrip() + "\n"


def replaced(page: str, name: str, text: str) -> str:
    """`page` with `text` in the place of the section `name`, or at its end."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    at = next((n for n, part in enumerate(parts) if part.startswith(f"## {name}\n")), None)
    if at is None:
        return f"{page.rstrip()}\n\n{text}"
    parts[at] = text + ("\n" if at < len(parts) - 1 else "")
    return "".join(parts)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--no-survey", dest="survey", action="store_false")
    parser.add_argument("--scratch", type=Path, help="where to compile; kept, so that it is faster")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the sections into a page")
    options = parser.parse_args(arguments)
    settings = tomllib.loads(NOTES.read_text("utf-8"))
    notes = settings.get("difference", [])
    unexplained, stale = 0, []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = (options.scratch or Path(temporary)).resolve()
        for root in options.clones:
            clone = reported(root.resolve(), scratch, settings, compiling=options.compile)
            rows = list(measured(clone, compiling=options.compile, surveying=options.survey))
            unexplained += sum(
                bool(row.difference) and not explain(clone.name, row, notes) for row in rows
            )
            stale += obsolete(clone.name, rows, notes)
            text = section(clone, rows, notes)
            if options.write:
                page = options.write.read_text("utf-8")
                options.write.write_text(replaced(page, clone.name, text), "utf-8")
            else:
                print(text, flush=True)
    for line in stale:
        print(f"{NOTES.name} explains what is not there: {line}", file=sys.stderr)
    if unexplained:
        print(f"{unexplained} differences without a reason in {NOTES.name}", file=sys.stderr)
    return 1 if unexplained or stale else 0


def reported(root: Path, scratch: Path, settings: dict[str, Any], *, compiling: bool) -> Clone:
    """A clone with what gaterun says of it."""
    own = settings.get("workspace", {}).get(root.name, {})
    base = output(root, "git", "rev-parse", own.get("base", "HEAD")).strip()
    report = run_phase(root, phase_text(own, base, compiling=compiling))
    return Clone(
        name=root.name,
        root=root,
        scratch=scratch / root.name,
        report=report,
        base=base,
        settings=own,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
