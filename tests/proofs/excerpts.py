"""Compares what is read off parts of Rust files with what is read off the whole files.

    python tests/proofs/excerpts.py CLONE...

The scan of environment variables takes only those items apart that may matter, and which files a
file declares is read off its head where that is all. Here every tracked Rust file of each clone is
read so, and once more with all of it taken apart, prefilter or not. Any difference is exit code 1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gaterun_gates.rust.declarations import declarations, declarations_in
from gaterun_gates.rust.declared import NotHereError, OneFile
from gaterun_gates.rust.env_file import Reading, use_of_file
from gaterun_gates.rust.file_use import FileUse
from gaterun_gates.rust.source import Source


def whole(source: Source) -> FileUse:
    """What the file says when all of it is taken apart."""
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
    different, found, files, incomplete = [], 0, 0, 0
    for path in paths:
        source = Source(path, (clone / path).read_bytes())
        parts, all_of_it = use_of_file(source), whole(source)
        all_of_it.has_errors = parts.has_errors  # known of files that were parsed only
        declared = declarations(source)
        if parts != all_of_it or declared != declarations_in(source):
            different.append(path)
        found += len(parts.reads) + len(parts.open_reads) + len(parts.exports)
        files += len(declared)
        incomplete += not parts.complete
    print(
        f"{clone.name}: {len(paths)} files that declare {files}, {found} places, "
        f"{incomplete} files that lead to others, {len(different)} different"
    )
    return different


def main() -> int:
    """Compare the clones on the command line."""
    different = [path for clone in sys.argv[1:] for path in compare(Path(clone))]
    print(*different, sep="\n", end="\n" if different else "")
    return 1 if different or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
