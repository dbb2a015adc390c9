"""Reads what is configured for builds in a folder: wrapper, ``[env]``, configuration files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun import Reason
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.infra.cargo_config import (
    ConfigError,
    ConfigFile,
    EnvEntry,
    cargo_home,
    effective_env,
    env_table,
    read_configs,
)
from gaterun_gates.infra.rustc_wrapper import Wrapper, resolve_wrapper


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is configured for builds in a folder.

    Attributes:
        folder: cargo's working directory.
        files: cargo's configuration files, the strongest first.
        environ: the environment of a build.
        env: entries of cargo's ``[env]`` that take effect.
        wrapper: what stands before rustc, ``None`` for nothing.
    """

    folder: Path
    files: tuple[ConfigFile, ...]
    environ: Mapping[str, str]
    env: Mapping[str, EnvEntry]
    wrapper: Wrapper | None

    @property
    def build_environ(self) -> dict[str, str]:
        """The environment as the wrapper sees it."""
        return {**self.environ, **{name: entry.value for name, entry in self.env.items()}}

    @property
    def configured_by(self) -> str:
        """Who configures the wrapper: repository, user, environment or nothing."""
        if self.wrapper is None or not self.wrapper.program:
            return "nothing"
        source = Path(self.wrapper.source)
        if not source.is_absolute():
            return "environment"
        return "repository" if source.is_relative_to(self.folder) else "user"


def overrides(setup: Setup, env: Mapping[str, str | None]) -> list[str]:
    """Cargo arguments that make `env` stronger than entries of ``[env]`` with ``force``.

    Only the command line is stronger than those, and unlike a variable whose name begins
    with ``CARGO_`` it leaves sccache's keys alone.
    """
    # One argument a key: the command line takes no inline tables.
    return [
        f"--config=env.{name}.{key}"
        for name, value in env.items()
        if name in setup.env and setup.env[name].force
        for key in (f"value={json.dumps(value)}", "force=true", "relative=false")
    ]


def read_setup(folder: Path, environ: Mapping[str, str] | None = None) -> Setup:
    """Read what is configured for builds that start in `folder`.

    Raises:
        gaterun.CannotMeasure: a configuration file cannot be read (``parse-error``).
    """
    present = dict(os.environ if environ is None else environ)
    for name in cargo_env(present):
        present.pop(name, None)
    try:
        files = read_configs(folder, cargo_home(present))
    except ConfigError as error:
        raise gaterun.CannotMeasure(
            Reason.PARSE_ERROR, f"cargo's configuration cannot be read: {error}"
        ) from error
    return Setup(
        folder=folder,
        files=files,
        environ=present,
        env=effective_env(env_table(files), present),
        wrapper=resolve_wrapper(files, present, folder),
    )


def relative(path: str, root: Path) -> str:
    """`path` from `root`, unchanged where it is outside or no path."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return path
