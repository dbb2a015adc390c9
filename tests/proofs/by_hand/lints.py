"""Gates `clippy` and `dead-code`: cargo's JSON messages, each place counted once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from by_hand import survey
from by_hand.rows import Clone, Row
from by_hand.tools import messages, metadata, output, tracked


def warnings(clone: Clone, *flags: str, program: str) -> frozenset[str]:
    """`path:line:column code` of each warning in the members' sources."""
    kinds = clone.settings.get("lint_targets", [])
    targets = [f"--{kind}s" if kind != "lib" else "--lib" for kind in kinds] or ["--all-targets"]
    command = [
        *("cargo", program, "--workspace", *targets, "--keep-going", "--message-format=json"),
        f"--target-dir={clone.scratch / 'check'}",
        *(["--", *flags] if program == "clippy" else []),
    ]
    if program == "check":
        # For the members alone: RUSTFLAGS would replace the repository's own, and reach what they need.
        wrapper = clone.scratch / "rustc-with-flags"
        wrapper.parent.mkdir(parents=True, exist_ok=True)
        wrapper.write_text(f'#!/bin/sh\nexec "$@" {" ".join(flags)}\n', "utf-8")
        wrapper.chmod(0o755)
        command = ["env", f"RUSTC_WORKSPACE_WRAPPER={wrapper}", *command]
    text = output(clone.root, *command)
    members = {package["id"] for package in metadata(clone.root)["packages"]}
    found = set()
    for message in messages(text):
        if message["reason"] != "compiler-message" or message["package_id"] not in members:
            continue
        said = message["message"]
        primary = [span for span in said["spans"] if span["is_primary"]]
        if said["level"] != "warning" or not primary:
            continue
        places = sorted({_place(clone.root, span) for span in primary})
        if not any("/out/" in place for place in places):
            code = (said["code"] or {}).get("code", "")
            found.add(f"{' '.join(places)} {code}: {said['message']}")
    return frozenset(found)


def _place(root: Path, span: dict[str, object]) -> str:
    name = os.path.relpath(os.path.join(root, str(span["file_name"])), root)
    return f"{name}:{span['line_start']}:{span['column_start']}"


def rows(clone: Clone) -> Iterator[Row]:
    report = clone.report
    plain = warnings(clone, "--cap-lints", "warn", program="clippy")
    yield Row(
        gate="clippy",
        metric="warnings",
        gaterun=report.value("clippy", "warnings"),
        by_hand=len(plain),
        how="`cargo clippy --message-format=json`, each lint, message and place once",
    )
    yield Row(
        gate="clippy",
        metric="places of warnings",
        gaterun=frozenset(
            f"{f['path']}:{f['line']}"
            for f in report.findings("clippy")
            if not f["message"].startswith("suppressed: ")
        ),
        by_hand=frozenset(re.sub(r":\d+ .*", "", place.split(" ")[0] + " ") for place in plain),
        how="the same, as file:line",
    )
    forced = warnings(
        clone,
        *("--cap-lints", "warn", "--force-warn", "clippy::all"),
        *("--force-warn", "unused", "--force-warn", "deprecated"),
        program="clippy",
    )
    yield Row(
        gate="clippy",
        metric="suppressed",
        gaterun=report.value("clippy", "suppressed"),
        by_hand=len(forced - plain),
        how="the same with `--force-warn clippy::all unused deprecated`, less the first",
    )
    unused = warnings(clone, "--force-warn", "unused", program="check")
    yield Row(
        gate="dead-code",
        metric="dead",
        gaterun=report.value("dead-code", "dead"),
        by_hand=len(unused),
        how="`cargo check --all-targets`, each member by rustc with `--force-warn unused`: not clippy",
    )


def suppressions(clone: Clone) -> Iterator[Row]:
    """What needs the program in `survey/`."""
    sources = survey.read(clone.root, clone.scratch)
    named = sum(len(sources.files[path]["allows"]) for path in sources.shipped | sources.tests)
    for name in tracked(clone.root, "Cargo.toml", "*/Cargo.toml"):
        table = tomllib.loads((clone.root / name).read_text("utf-8"))
        for section in (table, table.get("workspace", {})):
            for lints in section.get("lints", {}).values():
                levels = lints.values() if isinstance(lints, dict) else ()
                named += sum(
                    (level.get("level") if isinstance(level, dict) else level) == "allow"
                    for level in levels
                )
    yield Row(
        gate="clippy",
        metric="suppressions",
        gaterun=clone.report.value("clippy", "suppressions"),
        by_hand=named,
        how="syn: lints named in `allow` and `expect`, also in `cfg_attr`; tomllib: `[lints]`",
    )
