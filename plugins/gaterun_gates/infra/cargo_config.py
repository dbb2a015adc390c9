"""Finds and merges cargo's configuration files for a folder, keeping where each value came from.

Source: the cargo reference, chapter "Configuration" (hierarchical structure, ``include``,
``[env]``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ConfigError(ValueError):
    """A configuration file that cannot be read; cargo would not go on either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """One configuration file.

    Attributes:
        path: where it is.
        table: its content.
    """

    path: Path
    table: Mapping[str, Any]

    @property
    def base(self) -> Path:
        """What relative paths in its values start from: the folder that holds ``.cargo``."""
        return self.path.parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value and its source.

    Attributes:
        value: as written.
        source: a variable's name or a file's path, for people.
        base: the folder that a relative path in it starts from.
    """

    value: Any
    source: str
    base: Path


def parse_config(text: str, path: Path) -> ConfigFile:
    """Read one file's TOML.

    Raises:
        ConfigError: it is no TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return ConfigFile(path=path, table=tomlkit.parse(text).unwrap())
    except TOMLKitError as error:
        raise ConfigError(f"{path}: {error}") from error


def _candidates(folder: Path, cargo_home: Path) -> Iterator[Path]:
    holders = [ancestor / ".cargo" for ancestor in (folder, *folder.parents)]
    if cargo_home not in holders:
        holders.append(cargo_home)
    for holder in holders:
        # The name without a suffix is the older one, and cargo prefers it where both exist.
        for name in ("config", "config.toml"):
            if (holder / name).is_file():
                yield holder / name
                break


def _read(path: Path, seen: frozenset[Path] = frozenset()) -> list[ConfigFile]:
    try:
        file = parse_config(path.read_text("utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    found = [file]
    for entry in reversed(_includes(file.table.get("include"))):
        included = path.parent / str(entry.get("path", ""))
        if included in seen or (entry.get("optional") and not included.is_file()):
            continue
        found.extend(_read(included, seen | {path}))
    return found


def _includes(value: object) -> list[Mapping[str, Any]]:
    entries = value if isinstance(value, list) else [] if value is None else [value]
    return [entry if isinstance(entry, dict) else {"path": entry} for entry in entries]


def read_configs(folder: Path, cargo_home: Path) -> tuple[ConfigFile, ...]:
    """The files that cargo merges when it is started in `folder`, the strongest first.

    Args:
        folder: cargo's working directory, absolute.
        cargo_home: the value of ``CARGO_HOME``.

    Raises:
        ConfigError: one of them cannot be read.
    """
    return tuple(file for path in _candidates(folder, cargo_home) for file in _read(path))


def cargo_home(environ: Mapping[str, str]) -> Path:
    """``CARGO_HOME``, or its default."""
    return Path(environ.get("CARGO_HOME") or Path(environ.get("HOME") or Path.home()) / ".cargo")


def lookup(files: Sequence[ConfigFile], *keys: str) -> Setting | None:
    """The strongest value of a dotted key, ``None`` where no file has it.

    >>> file = ConfigFile(path=Path("/w/.cargo/config.toml"), table={"build": {"jobs": 2}})
    >>> lookup([file], "build", "jobs").value
    2
    """
    for file in files:
        value: Any = file.table
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            return Setting(value=value, source=str(file.path), base=file.base)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvEntry:
    """An entry of cargo's ``[env]`` table.

    Attributes:
        force: whether it replaces a variable that is already set.
        source: the file.
    """

    value: str
    force: bool
    source: str


def env_table(files: Sequence[ConfigFile]) -> dict[str, EnvEntry]:
    """The merged ``[env]`` table, which cargo hands to what it starts but does not read itself."""
    merged: dict[str, EnvEntry] = {}
    for file in files:
        table = file.table.get("env")
        for name, entry in (table if isinstance(table, Mapping) else {}).items():
            if name in merged:
                continue
            fields = entry if isinstance(entry, Mapping) else {"value": entry}
            value = str(fields.get("value", ""))
            if fields.get("relative"):
                value = str(file.base / value)
            merged[name] = EnvEntry(
                value=value, force=bool(fields.get("force")), source=str(file.path)
            )
    return merged


def effective_env(
    entries: Mapping[str, EnvEntry], environ: Mapping[str, str]
) -> dict[str, EnvEntry]:
    """The entries that really reach a process which cargo starts.

    A variable that is already set wins, unless the entry has ``force``.
    """
    return {name: entry for name, entry in entries.items() if entry.force or name not in environ}
