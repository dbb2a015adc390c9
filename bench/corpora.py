"""Makes, from a seed, the workspaces, phases and environments that are measured."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

_WHO = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")

#: (gate, seconds that it sleeps, gates that it needs), in an order that can be run.
Dag = list[tuple[str, float, list[str]]]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files, with their parent folders, and return `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def commit(folder: Path) -> Path:
    """Make `folder` a git repository with everything in it committed."""
    for arguments in (("init", "-q"), ("add", "-A"), (*_WHO, "commit", "-q", "-m", "corpus")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    return folder


def empty_workspace(folder: Path, phases: Mapping[str, str]) -> Path:
    """A committed workspace without crates, with `phases` by name."""
    manifest = '[workspace]\nmembers = []\nresolver = "2"\n'
    files = {f"phases/{name}.toml": text for name, text in phases.items()}
    ignored = ".gaterun/\ntarget/\n"
    return commit(write(folder, {"Cargo.toml": manifest, ".gitignore": ignored, **files}))


def phase(name: str, gates: Iterable[tuple[str, str]]) -> str:
    """A phase file: pairs of a task and the body of a gate, by task."""
    lines = [f'[phase]\nid = "{name}"\ntitle = "Bench"\n']
    for task, bodies in groupby(gates, key=lambda pair: pair[0]):
        lines.append(f'[task."{task}"]\ntitle = "Task {task}"\n')
        lines += [f'[[task."{task}".gate]]\n{body}\n' for _, body in bodies]
    return "\n".join(lines)


def no_op_phase(name: str, count: int, *, tasks: int = 1) -> str:
    """A phase of `count` gates that run ``true``."""
    each = -(-count // tasks)
    return phase(
        name,
        [(str(n // each), f'id = "g{n}"\nuse = "command"\nargv = ["true"]') for n in range(count)],
    )


def prek_repository(folder: Path, count: int) -> Path:
    """A committed repository with `count` hooks that run ``true``."""
    hooks = "".join(
        f'      - {{id: h{n}, name: h{n}, language: system, entry: "true", '
        "always_run: true, pass_filenames: false}\n"
        for n in range(count)
    )
    config = f"repos:\n  - repo: local\n    hooks:\n{hooks}"
    return commit(write(folder, {".pre-commit-config.yaml": config}))


def sleep_dag(count: int, seed: int) -> Dag:
    """Gates that sleep 0.1 to 0.5 s, each needing up to three of the dozen before it."""
    chance = random.Random(seed)
    dag: Dag = []
    for index in range(count):
        near = [name for name, _, _ in dag[-12:]]
        needs = chance.sample(near, min(len(near), chance.randint(0, 3)))
        dag.append((f"g{index}", round(chance.uniform(0.1, 0.5), 2), needs))
    return dag


def dag_phase(name: str, dag: Dag) -> str:
    """The phase of a `sleep_dag`."""
    bodies = [
        f'id = "{gate}"\nuse = "command"\nargv = ["sleep", "{seconds}"]\nneeds = {needs}'
        for gate, seconds, needs in dag
    ]
    return phase(name, [("1", body) for body in bodies])


def least_time(dag: Dag, workers: int) -> float:
    """What no schedule can beat, seconds: the longest chain, and the work shared evenly."""
    ends: dict[str, float] = {}
    for gate, seconds, needs in dag:
        ends[gate] = seconds + max((ends[need] for need in needs), default=0.0)
    return max(*ends.values(), sum(seconds for _, seconds, _ in dag) / workers)


def distributions(folder: Path, count: int) -> Path:
    """`count` installed distributions, none of them a plugin, as a folder for PYTHONPATH."""
    for index in range(count):
        name = f"bench_filler_{index}"
        write(
            folder / f"{name}-1.0.dist-info",
            {
                "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n"
                + "text\n" * 40,
                "RECORD": f"{name}/__init__.py,,\n",
                "entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
            },
        )
    return folder


def crates(folder: Path, count: int, seed: int, phases: Mapping[str, str]) -> Path:
    """A workspace of `count` library crates that need nothing from a registry.

    Each has a dozen functions, a unit test, and up to three of the crates before it as
    dependencies.
    """
    chance = random.Random(seed)
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
        ".gitignore": "target/\ntarget-clippy/\n.gaterun/\n",
        **{f"phases/{name}.toml": text for name, text in phases.items()},
    }
    for index in range(count):
        used = sorted(chance.sample(range(index), min(index, chance.randint(0, 3))))
        needs = "".join(f'part{n} = {{ path = "../part{n}" }}\n' for n in used)
        files[f"crates/part{index}/Cargo.toml"] = (
            f'[package]\nname = "part{index}"\nversion = "0.1.0"\nedition = "2021"\n'
            f"\n[dependencies]\n{needs}"
        )
        files[f"crates/part{index}/src/lib.rs"] = _library(index, used, chance)
    write(folder, files)
    subprocess.run(["cargo", "generate-lockfile", "--offline", "-q"], cwd=folder, check=True)
    return commit(folder)


def _library(index: int, used: Sequence[int], chance: random.Random) -> str:
    functions = "".join(
        f"/// Adds up.\npub fn f{n}(values: &BTreeMap<String, u64>) -> u64 {{\n"
        f"    let least = {chance.randint(1, 99)};\n"
        "    values.iter().filter(|(k, v)| !k.is_empty() && **v > least).map(|(_, v)| v).sum()\n}\n"
        for n in range(12)
    )
    total = " + ".join(
        [f"f{n}(values)" for n in range(12)] + [f"part{n}::all(values)" for n in used]
    )
    return (
        f"//! Part {index}.\nuse std::collections::BTreeMap;\n{functions}"
        f"/// Everything.\npub fn all(values: &BTreeMap<String, u64>) -> u64 {{\n    {total}\n}}\n"
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn nothing_adds_up_to_nothing() {\n"
        "        assert_eq!(super::all(&Default::default()), 0);\n    }\n}\n"
    )
