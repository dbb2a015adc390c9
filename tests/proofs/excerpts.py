"""Compares what is read off parts of Rust files with what is read off the whole files.

    python tests/proofs/excerpts.py CLONE...

The scan of environment variables parses only those items that may matter, and which files a file
declares is read off its head where that is all. Here every tracked Rust file of each clone is
read so, and once more with all of it parsed, prefilter or not; so is the workspace as a whole,
where names lead from file to file. What is taken for code in a file, to find out where its items
end, is compared with what tree-sitter takes for it. Any difference is exit code 1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gaterun_gates.cargo.metadata import decode_workspace
from gaterun_gates.rust import env_file
from gaterun_gates.rust.code_text import code_text
from gaterun_gates.rust.compiled import index
from gaterun_gates.rust.declarations import declarations, declarations_in
from gaterun_gates.rust.declared import NotHereError, OneFile
from gaterun_gates.rust.env_file import Reading, use_of_file
from gaterun_gates.rust.env_reads import EnvUse
from gaterun_gates.rust.env_scan import scan
from gaterun_gates.rust.file_use import FileUse
from gaterun_gates.rust.parser import captures
from gaterun_gates.rust.source import Source

_NO_CODE = """
[(line_comment) @comment
 (block_comment) @comment
 (string_literal) @literal
 (raw_string_literal) @literal
 (char_literal) @literal]
"""


def code_by_tree_sitter(source: Source) -> bytes:
    """The code text of a file, by its syntax tree."""
    code = bytearray(source.data)
    found = captures(source.tree.root_node, _NO_CODE)
    for node in found.get("comment", ()):
        end = node.end_byte - source.data[: node.end_byte].endswith(b"\n")  # of `/// …`
        code[node.start_byte : end] = b" " * (end - node.start_byte)
    for node in found.get("literal", ()):
        start = node.start_byte
        while source.data[start] in b"bcr":  # the prefix is left as it is
            start += 1
        code[start : node.end_byte] = b" " * (node.end_byte - start)
    return bytes(code)


def whole(source: Source) -> FileUse:
    """What the file says when all of it is parsed."""
    try:
        return Reading(source, OneFile()).all()
    except NotHereError:
        return FileUse(complete=False)


def compare(clone: Path) -> list[str]:
    """The files of `clone` that differ, after a line on what was compared."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.rs"], cwd=clone, check=True, capture_output=True, text=True
    )
    paths = [path for path in listed.stdout.split("\0") if (clone / path).is_file()]
    different, found, files, incomplete, odd, broken = [], 0, 0, 0, 0, 0
    for path in paths:
        source = Source(path, (clone / path).read_bytes())
        parts, all_of_it = use_of_file(source), whole(source)
        if env_file.may_use_environment(source.data):
            all_of_it.has_errors = source.has_errors and all_of_it.complete
        declared = declarations(source)
        code = code_text(source.data)
        odd += code is None
        broken += source.has_errors
        same = code is None or source.has_errors or code == code_by_tree_sitter(source)
        if not same or parts != all_of_it or declared != declarations_in(source):
            different.append(path)
        found += len(parts.reads) + len(parts.open_reads) + len(parts.exports)
        files += len(declared)
        incomplete += not parts.complete
    print(
        f"{clone.name}: {len(paths)} files that declare {files}, {found} places, "
        f"{incomplete} files that lead to others, {odd} whose code is not certain, {broken} that "
        f"tree-sitter cannot parse, {len(different)} different"
    )
    return different


def compare_workspace(clone: Path) -> list[str]:
    """What the workspace reads, found by parts and by whole files, where the two differ."""
    ask = ["cargo", "metadata", "--no-deps", "--format-version=1", "--manifest-path"]
    listed = subprocess.run(
        [*ask, str(clone.resolve() / "Cargo.toml")],
        cwd=clone.parent,  # a toolchain file of the clone may name one that is not installed
        check=True,
        capture_output=True,
    )
    workspace = decode_workspace(listed.stdout)

    def read() -> EnvUse:
        return scan(index(workspace, ()))

    parts, in_parts = read(), env_file.what_matters
    try:
        env_file.what_matters = _all_of_it
        all_of_it = read()
    finally:
        env_file.what_matters = in_parts
    places = len(parts.reads) + len(parts.open_reads) + len(parts.exports)
    print(f"{clone.name}: {places} places in the workspace, {len(parts.ambiguous)} ambiguous")
    return [] if parts == all_of_it else [f"{clone.name}: the workspace as a whole"]


def _all_of_it(source: Source) -> Source:
    return source


def main(clones: list[str]) -> int:
    """Compare the clones on the command line."""
    different = [
        each for clone in map(Path, clones) for each in (*compare(clone), *compare_workspace(clone))
    ]
    print(*different, sep="\n", end="\n" if different else "")
    return 1 if different or not clones else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
