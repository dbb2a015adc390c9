"""Scans the Rust files of a workspace once, as a program of its own: what a goal times.

python source_scan.py env|lines|plain METADATA STATE [ANSWERS]

`env` finds the reads of environment variables and `lines` counts lines, both as the gates do,
with what STATE keeps. `plain` is the yardstick of G14: tree-sitter on every file that has the
bytes `env`, and nothing kept. METADATA is what `cargo metadata --no-deps` printed. With ANSWERS
the direct reads (`env::var("NAME")`) are written there, one a line.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tree_sitter import Node

    import gaterun
    from gaterun_gates.rust.compiled import RustSources

#: A name as it is given to the standard library: where, and which.
Read = tuple[str, int, int, str]


def _run(argv: Sequence[str | Path]) -> None:
    import subprocess

    subprocess.run(argv, check=True)


def _sources(workspace: gaterun.Workspace, state: Path) -> RustSources:
    from gaterun_gates.rust.compiled import index

    return index(workspace, (), state)


def _env(workspace: gaterun.Workspace, state: Path) -> Iterator[Read]:
    from gaterun_gates.rust.env_scan import scan

    for read in scan(_sources(workspace, state), state=state, run=_run).reads:
        yield read.path, read.line, read.column, read.name


def _lines(workspace: gaterun.Workspace, state: Path) -> int:
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.line_count import Count, count

    counts = BlobCache(state / "counts.json", Count, count)
    sources = [file.source for file in _sources(workspace, state).files.values()]
    counts.fill(sources, _run, state)
    total = sum(counts(source).code for source in sources)
    counts.save()
    return total


def _leaves(node: Node) -> Iterator[Node]:
    pending = [node]
    while pending:
        node = pending.pop()
        if node.type.endswith("_comment"):
            continue
        if node.type in {"string_literal", "raw_string_literal"} or not node.children:
            yield node
        else:
            pending += reversed(node.children)


def _plain(workspace: gaterun.Workspace, paths: Iterable[str]) -> Iterator[Read]:
    """Direct reads, by the shortest program that tells code from comments and strings."""
    import tree_sitter
    import tree_sitter_rust

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
    for path in paths:
        data = (workspace.root / path).read_bytes()
        if b"env" not in data:
            continue
        leaves = list(_leaves(parser.parse(data).root_node))
        for index in range(len(leaves) - 4):
            texts = [leaf.text for leaf in leaves[index : index + 4]]
            if texts[:2] != [b"env", b"::"] or texts[2] not in {b"var", b"var_os"}:
                continue
            name = leaves[index + 4]
            if texts[3] == b"(" and name.type == "string_literal":
                first = index
                while first and leaves[first - 1].text in {b"std", b"::"}:
                    first -= 1
                first += leaves[first].text == b"::"
                row, column = leaves[first].start_point
                yield path, row + 1, column + 1, (name.text or b"").decode()[1:-1]


def _direct(workspace: gaterun.Workspace, reads: Iterable[Read]) -> Iterator[Read]:
    """Those that are written as `_plain` looks for them."""
    import re

    direct = re.compile(rb'(?:std\s*::\s*)?env\s*::\s*var(?:_os)?\s*\(\s*"')
    lines: dict[str, list[bytes]] = {}
    for path, line, column, name in reads:
        if path not in lines:
            lines[path] = (workspace.root / path).read_bytes().splitlines(keepends=True)
        rest = b"".join(lines[path][line - 1 : line + 3])
        if direct.match(rest, column - 1):
            yield path, line, column, name


def main() -> None:
    gc.set_threshold(50_000, 20, 20)  # as gaterun's own main does
    what, metadata, state, *answers = sys.argv[1:]
    from gaterun_gates.cargo.metadata import decode_workspace

    workspace = decode_workspace(Path(metadata).read_bytes())
    if what == "lines":
        print(_lines(workspace, Path(state)))
        return
    if what == "env":
        found = list(_env(workspace, Path(state)))
    else:
        paths = Path(metadata).with_name("compiled.txt").read_text("utf-8").splitlines()
        found = list(_plain(workspace, paths))
    if answers:
        if what == "env":
            paths = list(_sources(workspace, Path(state)).files)
            Path(metadata).with_name("compiled.txt").write_text("\n".join(paths), "utf-8")
            found = list(_direct(workspace, found))
        rows = sorted(" ".join(map(str, read)) for read in found)
        Path(answers[0]).write_text("\n".join(rows) + "\n", "utf-8")
    print(len(found))


if __name__ == "__main__":
    main()
