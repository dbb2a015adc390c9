"""Sorts a stream of clippy's messages as the gate does; run by the benchmark as a program.

python classify.py STREAM ROOT
"""

from __future__ import annotations

import sys
from pathlib import Path

import gaterun
from gaterun_gates.cargo.lints import read_lints

stream, root = Path(sys.argv[1]), Path(sys.argv[2])
folder = root / "crates" / "a"
target = gaterun.Target(name="a", kind=("lib",), src_path=folder / "src" / "lib.rs")
package = gaterun.Package(
    id=f"path+file://{root}/crates/a#0.1.0",
    name="a",
    version="0.1.0",
    manifest_path=folder / "Cargo.toml",
    targets=(target,),
)
workspace = gaterun.Workspace(root=root, target_directory=root / "target", members=(package,))
completed = gaterun.Completed(
    argv=("cargo-clippy",),
    cwd=root,
    exit_status=0,
    seconds=0.0,
    cpu_seconds=0.0,
    max_rss=0,
    stdout=stream,
    stderr=Path("/dev/null"),
)
lints = read_lints(completed, workspace).of(workspace.members)
print(lints.raw, len(lints.warnings))
