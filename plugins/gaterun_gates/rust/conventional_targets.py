"""Guess a package's target root files from its manifest, where cargo cannot be asked.

Source of the rules: the cargo book, "Package layout" and "Target auto-discovery".
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from typing import Any

_FOLDERS = {"src/bin": False, "tests": True, "benches": True, "examples": True}
_FOR_TESTS = frozenset({"tests", "benches", "examples", "fixtures"})
_SECTIONS = {"bin": False, "test": True, "bench": True, "example": True}


def conventional_roots(manifests: Mapping[str, str], files: Collection[str]) -> dict[str, bool]:
    """Root files of the targets of every package in a tree, with "is for tests".

    A package that lies in a folder of tests or examples is for tests as a whole.

    Args:
        manifests: path of each Cargo.toml to its text.
        files: every path of the tree.
    """
    roots: dict[str, bool] = {}
    rust = [path for path in files if path.endswith(".rs")]
    for manifest, text in sorted(manifests.items()):
        for_test = bool(_FOR_TESTS & set(manifest.split("/")[:-1]))
        for path, test in target_roots(manifest, text, rust).items():
            roots[path] = test or for_test
    return roots


def target_roots(manifest: str, text: str, files: Collection[str]) -> dict[str, bool]:
    """Root files of the targets of one package, with "is a test, benchmark or example".

    Args:
        manifest: path of the Cargo.toml.
        text: its text; what cannot be read as TOML is treated as empty.
        files: every path of the tree.
    """
    folder = posixpath.dirname(manifest)
    declared = _declared(text)
    roots = {posixpath.join(folder, name): False for name in ("src/lib.rs", "src/main.rs")}
    build = declared.get("package", {})
    script = build.get("build", "build.rs") if isinstance(build, dict) else "build.rs"
    roots[posixpath.join(folder, script if isinstance(script, str) else "build.rs")] = False
    for place, test in _FOLDERS.items():
        below = posixpath.join(folder, place) + "/"
        for path in files:
            rest = path.removeprefix(below)
            direct = "/" not in rest or (rest.endswith("/main.rs") and rest.count("/") == 1)
            if path.startswith(below) and rest.endswith(".rs") and direct:
                roots[path] = test
    for path, test in _paths(declared).items():
        roots[posixpath.normpath(posixpath.join(folder, path))] = test
    return {path: test for path, test in roots.items() if path in files}


def _declared(text: str) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _paths(declared: Mapping[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    library = declared.get("lib")
    if isinstance(library, dict) and isinstance(library.get("path"), str):
        found[library["path"]] = False
    for section, test in _SECTIONS.items():
        targets = declared.get(section)
        for target in targets if isinstance(targets, list) else ():
            if isinstance(target, dict) and isinstance(target.get("path"), str):
                found[target["path"]] = test
    return found
