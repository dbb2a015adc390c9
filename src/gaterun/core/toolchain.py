"""The programs that gates start and the configuration that these read outside of the tree.

Nothing is started to find out: a program is the file that its name leads to, with its size
and the moment of its last change, as cargo itself tells compilers apart.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

#: Programs that the measurements of Rust workspaces start, or make cargo start.
_PROGRAMS = (
    *("cargo", "rustc", "rustdoc", "rustup", "rustfmt", "clippy-driver", "cargo-clippy"),
    *("cargo-nextest", "cargo-sweep", "sccache", "git"),
    *("cc", "gcc", "clang", "c++", "ar", "ld", "lld", "mold", "wild"),
)


def digest(root: Path, environment: Mapping[str, str]) -> str:
    """Digest of the toolchain and of cargo's configuration, as seen from a workspace.

    Args:
        root: the workspace.
        environment: as the programs will have it.
    """
    parts = [*_programs(environment), *_toolchains(environment), *_configuration(root, environment)]
    if not (root / "Cargo.lock").exists():
        # Cargo takes the newest of everything, which is another every day.
        parts.append(datetime.now(UTC).date().isoformat())
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _programs(environment: Mapping[str, str]) -> Iterator[str]:
    path = environment.get("PATH", os.defpath)
    for name in _PROGRAMS:
        found = shutil.which(name, path=path)
        yield f"{name} {found} {_state(Path(found)) if found else ''}"


def _toolchains(environment: Mapping[str, str]) -> Iterator[str]:
    """What is behind rustup's stand-ins; which of them is used, its settings and files say."""
    home = Path(environment.get("RUSTUP_HOME") or _home(environment) / ".rustup")
    yield _content(home / "settings.toml")
    toolchains = home / "toolchains"
    for name in sorted(os.listdir(toolchains)) if toolchains.is_dir() else ():  # noqa: PTH208
        folder = toolchains / name
        yield f"{name} {_state(folder)} {_state(folder / 'lib/rustlib/components')}"
        for program in ("rustc", "cargo", "clippy-driver", "cargo-clippy", "rustdoc"):
            yield f"{program} {_state(folder / 'bin' / program)}"


def _configuration(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Files that cargo, rustup and clippy look for in the workspace's parents and at home."""
    for folder in (root, *root.parents):
        for name in ("rust-toolchain", "rust-toolchain.toml"):
            yield _content(folder / name)
    for folder in root.parents:
        for name in (".cargo/config", ".cargo/config.toml", "clippy.toml", ".clippy.toml"):
            yield _content(folder / name)
    home = Path(environment.get("CARGO_HOME") or _home(environment) / ".cargo")
    for name in ("config", "config.toml"):
        yield _content(home / name)


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or Path.home())


def _state(path: Path) -> str:
    """What tells one version of a file from another without reading it; follows links."""
    try:
        found = path.stat()
    except OSError:
        return "none"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "none"
