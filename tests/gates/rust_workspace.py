"""A workspace of Rust files without cargo, for tests of what is read off the text."""

from __future__ import annotations

from pathlib import Path

import gaterun
from gaterun_gates.rust.compiled import RustSources, index
from gaterun_gates.rust.env_reads import EnvUse
from gaterun_gates.rust.env_scan import scan


def sources_of(root: Path, files: dict[str, str], state: Path | None = None) -> RustSources:
    """The sources of a workspace whose packages are the folders with a ``src/lib.rs``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    kinds = {"src/lib.rs": "lib", "build.rs": "custom-build", "tests/it.rs": "test"}
    members = []
    for lib in sorted(root.glob("**/src/lib.rs")):
        folder = lib.parent.parent
        members.append(
            gaterun.Package(
                id=folder.name,
                name=folder.name if folder != root else "app",
                version="0.1.0",
                manifest_path=folder / "Cargo.toml",
                targets=tuple(
                    gaterun.Target(name=path, kind=(kind,), src_path=folder / path)
                    for path, kind in kinds.items()
                    if (folder / path).is_file()
                ),
            )
        )
    workspace = gaterun.Workspace(
        root=root, target_directory=root / "target", members=tuple(members)
    )
    return index(workspace, [], state)


def use_of(root: Path, files: dict[str, str], wrappers: tuple[str, ...] = ()) -> EnvUse:
    """What the code of such a workspace does with environment variables."""
    return scan(sources_of(root, files), wrappers=wrappers)
