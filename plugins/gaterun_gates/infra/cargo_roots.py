"""Finds every cargo workspace in a repository and where each of them builds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.infra.sccache_server import last_line

_TABLE = re.compile(r"^\s*\[\s*workspace\s*(?:\]|\.)|^\s*workspace\s*=\s*\{", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CargoRoot:
    """A cargo workspace, or a package that is in none.

    Attributes:
        root: absolute path of its root folder.
        target: absolute path of its target folder.
        build: absolute path of its folder for intermediate artefacts; like `target` unless
            configured.
        manifests: absolute paths of its members' manifests.
    """

    root: Path
    target: Path
    build: Path
    manifests: frozenset[Path]

    @property
    def is_default(self) -> bool:
        """Whether it builds where cargo would build without any configuration."""
        return self.target == self.root / "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found.

    Attributes:
        roots: the workspaces, by root folder.
        strays: manifests (relative) that cargo refuses, as the workspace around them does
            not list them; nothing can be built there.
        unreadable: manifests (relative) that cargo cannot read, with its message.
    """

    roots: tuple[CargoRoot, ...]
    strays: tuple[str, ...]
    unreadable: Mapping[str, str]


def declares_workspace(manifest: str) -> bool:
    """Whether a Cargo.toml seems to have a ``[workspace]`` table; cargo has the last word.

    >>> declares_workspace("[workspace.package]"), declares_workspace("[workspaces]")
    (True, False)
    """
    return _TABLE.search(manifest) is not None


def decode_root(text: str) -> CargoRoot:
    """Decode the answer of ``cargo metadata --no-deps``.

    Raises:
        ValueError: it is not JSON of that shape.
    """
    try:
        answer = json.loads(text)
        target = Path(answer["target_directory"])
        return CargoRoot(
            root=Path(answer["workspace_root"]),
            target=target,
            build=Path(answer.get("build_directory") or target),
            manifests=frozenset(Path(each["manifest_path"]) for each in answer["packages"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no {error} in the answer of cargo metadata") from error


def survey(ctx: gaterun.Context, manifests: Sequence[str]) -> Survey:
    """Ask cargo about each manifest that no workspace found before has as a member.

    Args:
        ctx: runs cargo, in the manifest's folder, as configuration depends on it.
        manifests: paths of Cargo.toml files, relative to the root.
    """
    roots: dict[Path, CargoRoot] = {}
    known: set[Path] = set()
    strays: list[str] = []
    unreadable: dict[str, str] = {}
    for number, name in enumerate(_workspaces_first(ctx.root, manifests), 1):
        path = (ctx.root / name).resolve()
        if path in known:
            continue
        ctx.progress(f"manifest {number}/{len(manifests)}")
        done = ctx.run(
            ["cargo", "metadata", "--no-deps", "--format-version", "1", "--color", "never"],
            cwd=path.parent,
            env=cargo_env(),
        )
        if done.ok:
            found = decode_root(done.out())
            roots[found.root] = found
            known |= {found.root / "Cargo.toml", *found.manifests}
        elif "believes it's in a workspace when it's not" in done.err():
            strays.append(name)
        else:
            unreadable[name] = _cause(done.err())
    return Survey(
        roots=tuple(roots[root] for root in sorted(roots)),
        strays=tuple(strays),
        unreadable=unreadable,
    )


def _workspaces_first(root: Path, manifests: Iterable[str]) -> list[str]:
    def rank(name: str) -> tuple[bool, int, str]:
        try:
            text = (root / name).read_text("utf-8", "replace")
        except OSError:
            text = ""
        return not declares_workspace(text), name.count("/"), name

    return sorted(manifests, key=rank)


def _cause(text: str) -> str:
    for line in text.splitlines():
        if line.startswith("error"):
            return line.removeprefix("error: ")
    return last_line(text)
