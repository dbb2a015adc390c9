"""The programs that gates start and the configuration that these read outside of the tree.

Nothing is started to find out: a program is the file that its name leads to, with its size
and the moment of its last change, as cargo itself tells compilers apart. Imports next to
nothing, as it is asked before anything else is.
"""

from __future__ import annotations

import os
import time

from gaterun.core.tree_key import file_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Programs that the measurements of Rust workspaces start, or make cargo start.
_PROGRAMS = (
    *("cargo", "rustc", "rustdoc", "rustup", "rustfmt", "clippy-driver", "cargo-clippy"),
    *("cargo-nextest", "cargo-sweep", "sccache", "git"),
    *("cc", "gcc", "clang", "c++", "ar", "ld", "lld", "mold", "wild"),
)


def digest(root: str, environment: Mapping[str, str]) -> str:
    """Digest of the toolchain and of cargo's configuration, as seen from a workspace.

    Args:
        root: absolute path of the workspace.
        environment: as the programs will have it.
    """
    import hashlib

    parts = [*_programs(environment), *_toolchains(environment), *_configuration(root, environment)]
    if not os.path.exists(os.path.join(root, "Cargo.lock")):
        # Cargo takes the newest of everything, which is another every day.
        parts.append(today())
    return hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()


def today() -> str:
    """The date, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def _programs(environment: Mapping[str, str]) -> Iterator[str]:
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    for name in _PROGRAMS:
        for folder in folders:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                yield f"{path} {file_state(path)}"
                break


def _toolchains(environment: Mapping[str, str]) -> Iterator[str]:
    """What is behind rustup's stand-ins; which of them is used, its settings and files say."""
    home = environment.get("RUSTUP_HOME") or os.path.join(_home(environment), ".rustup")
    yield _content(f"{home}/settings.toml")
    toolchains = f"{home}/toolchains"
    for name in sorted(os.listdir(toolchains)) if os.path.isdir(toolchains) else ():
        folder = f"{toolchains}/{name}"
        yield f"{name} {file_state(folder)} {file_state(f'{folder}/lib/rustlib/components')}"
        for program in ("rustc", "cargo", "clippy-driver", "cargo-clippy", "rustdoc"):
            yield f"{program} {file_state(f'{folder}/bin/{program}')}"


def _configuration(root: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Files that cargo, rustup and clippy look for in the workspace's parents and at home."""
    folder = root
    while True:
        for name in ("rust-toolchain", "rust-toolchain.toml"):
            yield _content(os.path.join(folder, name))
        if folder != root:
            for name in (".cargo/config", ".cargo/config.toml", "clippy.toml", ".clippy.toml"):
                yield _content(os.path.join(folder, name))
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    home = environment.get("CARGO_HOME") or os.path.join(_home(environment), ".cargo")
    for name in ("config", "config.toml"):
        yield _content(os.path.join(home, name))


def _home(environment: Mapping[str, str]) -> str:
    return environment.get("HOME") or os.path.expanduser("~")


def _content(path: str) -> str:
    import hashlib

    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return "none"
