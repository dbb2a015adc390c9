"""Breaks one thing of each kind in a real workspace, and says which gates noticed.

    python tests/proofs/break_one_thing.py /path/to/a/clone

The clone gets a phase from `gaterun init`; it has to pass. Then, one at a time, something is
broken by hand, the phase is run, and the tree is restored. Exactly the gate that the defect is
for has to be red; others may reach no verdict (nothing can be linted that does not compile).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def packages(root: Path) -> list[dict[str, Any]]:
    """The members, as cargo describes them."""
    out = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout
    found: list[dict[str, Any]] = json.loads(out)["packages"]
    return found


def library(root: Path) -> Path:
    """The root of some member's library, never a proc-macro's."""
    for package in packages(root):
        for target in package["targets"]:
            if target["kind"] == ["lib"] and target["test"]:
                return Path(target["src_path"])
    raise LookupError("no library")


def insert(path: Path, item: str) -> None:
    """Put an item into a module, before its tests: clippy has a lint for what follows them."""
    text = path.read_text("utf-8")
    tests = re.search(r"(?m)^#\[cfg\((?:all\()?test\b", text)
    at = tests.start() if tests else len(text)
    path.write_text(f"{text[:at]}\n{item}\n{text[at:]}", "utf-8")


def broken_build(root: Path) -> None:
    insert(library(root), 'pub fn broken_on_purpose() -> u8 {\n    "no"\n}\n')


def a_lint(root: Path) -> None:
    append(
        library(root),
        "\n/// Broken.\npub fn broken_on_purpose(x: i32) -> i32 {\n    return x;\n}\n",
    )


def a_failing_test(root: Path) -> None:
    test = '#[test]\n    fn broken_on_purpose() {\n        panic!("on purpose");\n    }\n'
    append(library(root), f"\n#[cfg(test)]\nmod broken_on_purpose {{\n    {test}}}\n")


def a_test_less(root: Path) -> None:
    """A test that is switched off: it does not fail, and is not executed."""
    for package in packages(root):
        for path in sorted(Path(package["manifest_path"]).parent.glob("src/**/*.rs")):
            text = path.read_text("utf-8", "replace")
            found = re.search(r"^    #\[test\]\n    fn \w+\(\) \{", text, re.MULTILINE)
            # What a feature or a macro decides may not be compiled here.
            if found and "feature" not in text and "macro_rules" not in text:
                place = found.start() + len("    #[test]\n")
                path.write_text(f"{text[:place]}    #[ignore]\n{text[place:]}", "utf-8")
                return
    raise LookupError("no test that is sure to be compiled")


def a_version(root: Path) -> None:
    for package in packages(root):
        path = Path(package["manifest_path"])
        text = path.read_text("utf-8")
        new = re.sub(r'(?m)^version = "[^"]*"$', 'version = "99.0.1"', text, count=1)
        new = re.sub(r"(?m)^version\.workspace = true$", 'version = "99.0.1"', new, count=1)
        if new != text and path != root / "Cargo.toml":
            path.write_text(new, "utf-8")
            return
    raise LookupError("no version")


def a_changelog(root: Path) -> None:
    append(root / "CHANGELOG.md", "\n## [0.0.1] - 2026-13-40\n\n### Added\n\n- TODO\n")


def a_hardcoded_value(root: Path) -> None:
    body = '    "http://localhost:8080/on-purpose"\n'
    insert(library(root), f"/// Broken.\npub fn broken_on_purpose() -> &'static str {{\n{body}}}")


def a_target_folder(root: Path) -> None:
    # In a folder of its own, with nothing in it to compile.
    folder = root / "broken-on-purpose"
    folder.mkdir()
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "broken-on-purpose"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[workspace]\n'
    )
    (folder / "lib.rs").write_text("\n")
    (folder / ".cargo").mkdir()
    (folder / ".cargo" / "config.toml").write_text('[build]\ntarget-dir = "elsewhere"\n')


def an_undocumented_variable(root: Path) -> None:
    append(root / ".env.example", "\nBROKEN_ON_PURPOSE=1\n")


def an_untested_from_env(root: Path) -> None:
    body = "/// Broken.\npub struct BrokenOnPurpose;\nimpl BrokenOnPurpose {\n    /// Broken.\n"
    body += "    pub fn from_env() -> Self {\n        Self\n    }\n}\n"
    insert(library(root), body)


def a_sweep(root: Path) -> None:
    for path in sorted((root / ".github" / "workflows").glob("*.y*ml")):
        text = path.read_text("utf-8")
        if "cargo sweep" in text:
            path.write_text(re.sub(r"cargo sweep [^\n]*", "true", text), "utf-8")
            return
    raise LookupError("no sweep")


def a_wrapper(root: Path) -> None:
    path = root / ".cargo" / "config.toml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(?m)^rustc-wrapper.*\n", "", text), "utf-8")


def release_notes(root: Path) -> None:
    append(next(iter(sorted(root.glob("docs/RELEASE-NOTES*.md")))), "\nTODO: more\n")


#: Gate, what is broken for it, and how.
DEFECTS: tuple[tuple[str, str, Callable[[Path], None]], ...] = (
    ("build", "a type error", broken_build),
    ("clippy", "a needless return", a_lint),
    ("tests", "a failing test", a_failing_test),
    ("tests", "a test that is ignored", a_test_less),
    ("version", "another version in one member", a_version),
    ("changelog", "a release with an impossible date", a_changelog),
    ("hardcoded", "an address in the code", a_hardcoded_value),
    ("target-dir", "a workspace with a folder of its own", a_target_folder),
    ("env-coverage", "a variable that nothing reads", an_undocumented_variable),
    ("from-env", "a from_env that no test calls", an_untested_from_env),
    ("sweep", "the sweep taken out of CI", a_sweep),
    ("sccache", "the wrapper taken out of the configuration", a_wrapper),
    ("release-notes", "a placeholder", release_notes),
)


def gaterun(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gaterun", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def outcomes(root: Path, phase: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "run.json"
        done = gaterun(root, phase, "-qq", f"--report=json:{report}")
        if not report.exists():
            raise SystemExit(f"gaterun {phase} wrote no report: {done.stderr}")
        record = json.loads(report.read_text("utf-8"))
    return {result["gate"]: result["verdict"]["outcome"] for result in record["results"]}


def restore(root: Path) -> None:
    for command in (["checkout", "--quiet", "--", "."], ["clean", "-fdq", "-e", "phases"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def prove(root: Path, say: Callable[[str], None]) -> list[str]:
    """Break everything that there is a gate for; return what was not as it should be."""
    phase = "proof"
    restore(root)
    (root / "phases" / f"{phase}.toml").unlink(missing_ok=True)
    written = gaterun(root, "init", phase)
    if written.returncode != 0:
        return [f"init: {written.stderr}"]
    before = outcomes(root, phase)
    say(f"init wrote {len(before)} gates: {', '.join(before)}")
    wrong = [
        f"{gate} is {outcome} at the start" for gate, outcome in before.items() if outcome != "pass"
    ]
    for gate, defect, apply in DEFECTS:
        if gate not in before:
            say(f"  -        {gate:13} {defect}: the gate is not part of the phase")
            continue
        try:
            apply(root)
            after = outcomes(root, phase)
        except (LookupError, FileNotFoundError) as error:
            say(f"  -        {gate:13} {defect}: nothing to break ({error})")
            continue
        finally:
            restore(root)
        red = [name for name, outcome in after.items() if outcome == "fail"]
        silent = [name for name, outcome in after.items() if outcome == "inconclusive"]
        caught = red == [gate]
        aside = f" (no verdict: {', '.join(silent)})" if silent else ""
        say(f"  {'caught' if caught else 'WRONG':8} {gate:13} {defect}: red {red}{aside}")
        if not caught:
            wrong.append(f"{gate}, {defect}: red {red}")
    (root / "phases" / f"{phase}.toml").unlink()
    return wrong


if __name__ == "__main__":
    problems: list[str] = []
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{argument}\n")
        problems += prove(Path(argument).resolve(), lambda line: print(line, flush=True))
    sys.exit("\n".join(problems) if problems else 0)
