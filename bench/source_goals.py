"""The goals about reading Rust sources: the variables that code reads, and its lines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from anchors import Missing
from goals import Goal
from rounds import Race
from sample import Command, Failed, sample
from world import World

_PROGRAM = Path(__file__).with_name("source_scan.py")
_LEAST = 1000  # Rust files; below that the start of Python is all that is measured


def _tree(world: World) -> Path:
    if world.rust_tree is None:
        raise Missing("give the clone of a public workspace: --rust-tree FOLDER")
    return world.rust_tree


def _rust_files(world: World) -> list[str]:
    tree = _tree(world)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.rs"], cwd=tree, check=False, capture_output=True, text=True
    )
    files = [name for name in listed.stdout.split("\0") if name]
    if len(files) < _LEAST:
        raise Missing(f"{tree} has {len(files)} tracked Rust files, fewer than {_LEAST}")
    return files


def _metadata(world: World) -> Path:
    """What cargo says about the tree, asked once: its cost is every gate's, not the scan's."""
    path = world.scratch / "sources" / "metadata.json"
    if not path.exists():
        _rust_files(world)
        if shutil.which("cargo") is None:
            raise Missing("cargo is not on PATH")
        manifest = _tree(world) / "Cargo.toml"
        # From elsewhere, as a toolchain file of the tree may name one that is not installed.
        done = subprocess.run(
            ["cargo", "metadata", "--no-deps", "--format-version=1", "--manifest-path", manifest],
            cwd=world.scratch,
            env=world.environment,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            raise Missing(f"cargo metadata: {done.stderr.decode().strip().splitlines()[-1]}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(done.stdout)
    return path


def _scan(world: World, what: str, *answers: Path, keep_state: bool = False) -> Command:
    metadata = _metadata(world)
    state = world.scratch / "sources" / f"state-{what}-{keep_state}"

    def forget() -> None:
        shutil.rmtree(state, ignore_errors=True)

    return Command(
        argv=[world.python, _PROGRAM, what, metadata, state, *answers],
        cwd=world.scratch,
        environment=world.environment,
        prepare=(lambda: None) if keep_state else forget,
    )


def _beside_ripgrep(world: World, *, keep_state: bool) -> Race:
    ours = _scan(world, "env", keep_state=keep_state)
    if shutil.which("rg") is None:
        raise Missing("rg is not on PATH")
    theirs = Command(
        argv=["rg", "-l", "-t", "rust", "env|ENV"], cwd=_tree(world), environment=world.environment
    )
    return Race(
        contestants={"gaterun": ours, "rg": theirs},
        reduce=lambda seconds: seconds["gaterun"] / seconds["rg"],
    )


def _beside_tree_sitter(world: World) -> Race:
    ours, plain = world.scratch / "ours.txt", world.scratch / "plain.txt"
    sample(_scan(world, "env", ours))
    sample(_scan(world, "plain", plain))
    answers = [set(path.read_text("utf-8").splitlines()) for path in (ours, plain)]
    if len(answers[1]) < 2 or answers[0] != answers[1]:
        odd = sorted(answers[0] ^ answers[1])
        raise Failed(f"of {len(answers[1])} direct reads {len(odd)} differ: {odd[:5]}")
    return Race(
        contestants={"gaterun": _scan(world, "env"), "tree-sitter": _scan(world, "plain")},
        reduce=lambda seconds: seconds["gaterun"] / seconds["tree-sitter"],
    )


def _beside_cloc(world: World, *, keep_state: bool) -> Race:
    ours = _scan(world, "lines", keep_state=keep_state)
    if shutil.which("cloc") is None:
        raise Missing("cloc is not on PATH")
    listed = world.scratch / "rust-files.txt"
    listed.write_text("\n".join(_rust_files(world)) + "\n", "utf-8")
    theirs = Command(
        argv=["cloc", "--quiet", "--include-lang=Rust", f"--list-file={listed}"],
        cwd=_tree(world),
        environment=world.environment,
    )
    return Race(
        contestants={"gaterun": ours, "cloc": theirs},
        reduce=lambda seconds: seconds["gaterun"] / seconds["cloc"],
    )


SOURCE_GOALS = (
    Goal(
        id="G12",
        what="variables read by a tree, nothing kept / rg -l",
        bar=4,
        set_up=lambda world: _beside_ripgrep(world, keep_state=False),
        quick=False,
    ),
    Goal(
        id="G13",
        what="variables read by a tree, nothing changed / rg -l",
        bar=2,
        set_up=lambda world: _beside_ripgrep(world, keep_state=True),
        quick=False,
    ),
    Goal(
        id="G14",
        what="all reads, nothing kept / direct reads by tree-sitter",
        bar=0.5,
        set_up=_beside_tree_sitter,
        quick=False,
    ),
    Goal(
        id="L1",
        what="lines of a tree, nothing kept / cloc",
        bar=1,
        set_up=lambda world: _beside_cloc(world, keep_state=False),
        quick=False,
    ),
    Goal(
        id="L2",
        what="lines of a tree, nothing changed / cloc",
        bar=0.1,
        set_up=lambda world: _beside_cloc(world, keep_state=True),
        quick=False,
    ),
)
