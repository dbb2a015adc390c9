"""The Rust sources by rustc's own lexer and by syn: runs the program in `survey/`."""

from __future__ import annotations

import json
import posixpath
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from by_hand.tools import metadata, output, tracked

TEST_KINDS = {"test", "bench", "example"}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the program says of each tracked file, and which targets reach it."""

    files: dict[str, dict[str, Any]]
    #: Reached from a library, a binary or a build script outside of `cfg(test)`.
    shipped: frozenset[str]
    #: Reached from build scripts alone.
    build: frozenset[str]
    #: Reached from tests, benches, examples or below `cfg(test)` alone.
    tests: frozenset[str]

    def is_test(self, path: str, line: int) -> bool:
        """Whether the line is test code."""
        ranges = self.files[path]["tests"]
        return path in self.tests or any(first <= line <= last for first, last in ranges)


@cache
def program(scratch: Path) -> Path:
    here = Path(__file__).with_name("survey")
    target = scratch.parent / "survey"
    output(here, "cargo", "build", "--release", "--locked", "--quiet", f"--target-dir={target}")
    return target / "release" / "survey"


@cache
def read(root: Path, scratch: Path) -> Sources:
    names = tracked(root, "*.rs")
    done = subprocess.run(
        [program(scratch)],
        cwd=root,
        input="\n".join(names).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    files = {facts["path"]: facts for facts in map(json.loads, done.stdout.splitlines())}
    reached: dict[str, set[str]] = {}
    for package in metadata(root)["packages"]:
        for target in package["targets"]:
            path = posixpath.relpath(target["src_path"], root)
            role = "test" if TEST_KINDS & set(target["kind"]) else target["kind"][0]
            _walk(files, path, "build" if role == "custom-build" else role, reached, root_file=True)
    shipped = {path for path, roles in reached.items() if roles - {"test"}}
    return Sources(
        files=files,
        shipped=frozenset(shipped),
        build=frozenset(path for path, roles in reached.items() if roles == {"build"}),
        tests=frozenset(reached.keys() - shipped),
    )


def _walk(
    files: dict[str, dict[str, Any]],
    path: str,
    role: str,
    reached: dict[str, set[str]],
    *,
    root_file: bool = False,
) -> None:
    """Follow `mod x;` as the reference has it, with `#[path]`."""
    if path not in files or role in reached.get(path, set()):
        return
    reached.setdefault(path, set()).add(role)
    folder, name = posixpath.split(path)
    owner = root_file or name == "mod.rs"
    for module in files[path]["modules"]:
        inside = module["inside"]
        below = posixpath.join(folder, *([] if owner else [name.removesuffix(".rs")]), *inside)
        start = below if inside else folder
        found = [(posixpath.join(start, path), True) for path in module["paths"]]
        if not module["only"]:
            stem = posixpath.join(below, module["name"])
            found += [(f"{stem}.rs", False), (f"{stem}/mod.rs", False)]
        for candidate, placed in found:
            # A file named by `#[path]` looks for its modules beside itself, like a `mod.rs`.
            _walk(
                files,
                posixpath.normpath(candidate),
                "test" if module["test"] else role,
                reached,
                root_file=placed,
            )
