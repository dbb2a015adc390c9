"""Which program cargo puts before test binaries: never one that the repository configures.

A fake runner that prints "ok" would turn every test green, in cargo and in nextest, and for
documentation examples too. Cargo lets the environment override every configured runner. An empty
value does not: cargo refuses it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import gaterun
from gaterun_gates.cargo.config import config_files
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.cargo.toml_file import table


def target_triples(ctx: gaterun.Context, folder: Path) -> tuple[str, ...]:
    """The targets for which cargo may build here: the host, and what is configured.

    Raises:
        gaterun.CannotMeasure: rustc does not work.
    """
    from gaterun_gates.cargo.failure import explain

    completed = ctx.run(["rustc", "-vV"], cwd=folder, env=cargo_env())
    host = [line[6:].strip() for line in completed.out().splitlines() if line.startswith("host: ")]
    if not host:
        raise explain(completed, otherwise=gaterun.Reason.TOOL_MISSING)
    triples = {host[0]}
    if named := os.environ.get("CARGO_BUILD_TARGET"):
        triples.add(named)
    for file in config_files(folder):
        targets = table(file.values, "build").get("target")
        for name in targets if isinstance(targets, list) else [targets]:
            if isinstance(name, str):
                triples.add(name)
    return tuple(sorted(triples))


def runner_env(triples: Iterable[str], command: Sequence[str]) -> dict[str, str | None]:
    """The variables that make `command` the runner for `triples`.

    Args:
        triples: targets, ``x86_64-unknown-linux-gnu``.
        command: without white space in any part, as cargo splits the value there.
    """
    value = " ".join(command)
    return {
        f"CARGO_TARGET_{triple.upper().replace('-', '_').replace('.', '_')}_RUNNER": value
        for triple in triples
    }


@contextlib.contextmanager
def plain_folder(folder: Path) -> Iterator[Path]:
    """`folder`, or for a while a temporary one where its path has white space."""
    if not any(character.isspace() for character in str(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="gaterun-") as name:
        yield Path(name)


def python_command(folder: Path, script: Path) -> list[str]:
    """The command that runs a script with this Python and nothing else on its path.

    Args:
        folder: a folder without white space, for a link where Python's own path has some.
        script: without white space in its path.
    """
    python = sys.executable
    if any(character.isspace() for character in python):
        link = folder / "python"
        if not link.exists():
            link.symlink_to(python)
        python = str(link)
    return [python, "-I", "-S", str(script)]


def neutral_command(folder: Path) -> list[str]:
    """A runner that only runs: ``env`` where there is one."""
    env = shutil.which("env")
    if env is not None and not any(character.isspace() for character in env):
        return [env]
    script = folder / "exec.py"
    script.write_text("import subprocess, sys\nsys.exit(subprocess.call(sys.argv[1:]))\n")
    return python_command(folder, script)
