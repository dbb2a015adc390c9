"""Finds the workspace and its settings; each value knows where it came from."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Struct

from gaterun.core.source import KeyPath, Read, Source, from_disk, unmarked
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.options import help

if TYPE_CHECKING:
    from gaterun.core.environment import Environment

_WORKSPACE = re.compile(r"^\s*(?:\[\s*\"?workspace\"?\s*[\].]|workspace\s*[.=])", re.MULTILINE)


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting, with its default."""

    phase: Annotated[str, help("phase to use where a command names none")] = ""
    phases: Annotated[str, help("folder of phase files, from the workspace root")] = "phases"
    gates: Annotated[str, help("folder of local gate plugins; their code is executed")] = ""
    plugins: Annotated[tuple[str, ...], help("as -p: modules to load, or no:NAME to block")] = ()
    executor: Annotated[
        tuple[str, ...], help("options, KEY=VALUE, of the plugin that measures gates elsewhere")
    ] = ()
    state: Annotated[str, help("folder of gaterun's own state")] = ".gaterun"
    jobs: Annotated[int, help("how many gates run at once; 0 means one a core")] = 0
    report: Annotated[tuple[str, ...], help("reports to write, FORMAT[:PATH]")] = ()
    color: Annotated[str, help("auto, always or never")] = "auto"
    output: Annotated[str, help("auto, human or agent")] = "auto"
    max_warnings: Annotated[int, help("advisory failures allowed; -1 means any number")] = -1
    max_waiver_days: Annotated[int, help("days that a waiver may still have, at most")] = 90
    keep: Annotated[int, help("how many recorded runs are kept; 0 for all")] = 50
    base: Annotated[str, help("as --base: where the phase began, not what its file says")] = ""
    base_policy: Annotated[
        str, help("a change that weakens what it is judged by: warn, fail, or off")
    ] = "warn"
    pass_env: Annotated[
        tuple[str, ...], help("variables that gates' commands get beyond the usual; AWS_* for many")
    ] = ()


#: Where settings are looked for, from the workspace root, and the path to their table.
PLACES: Mapping[str, KeyPath] = {
    "gaterun.toml": (),
    ".config/gaterun.toml": (),
    "Cargo.toml": ("workspace", "metadata", "gaterun"),
    "pyproject.toml": ("tool", "gaterun"),
}

CHOICES: Mapping[str, Sequence[str]] = {
    "color": ("auto", "always", "never"),
    "output": ("auto", "human", "agent"),
    "base_policy": ("off", "warn", "fail"),
}


class Config(Struct, frozen=True, kw_only=True):
    """The settings in force.

    Attributes:
        origins: where each setting's value comes from, by key.
    """

    root: Path
    settings: Settings
    origins: Mapping[str, str]
    file: str = ""

    @property
    def state(self) -> Path:
        """Absolute path of the state folder."""
        return self.root / self.settings.state

    @property
    def environment(self) -> Environment:
        """What the commands of gates get of this process's variables."""
        from gaterun.core.environment import chosen

        return chosen(self.settings.pass_env)

    @property
    def phase_folders(self) -> tuple[Path, ...]:
        """Where phase files of the workspace are looked for."""
        return (self.root / self.settings.phases,)

    @property
    def local_gates(self) -> Path | None:
        """The folder of local gate plugins, if one is named.

        Raises:
            UsageError: it is named and not there.
        """
        if not self.settings.gates:
            return None
        folder = self.root / self.settings.gates
        if not folder.is_dir():
            raise UsageError(
                f"the folder of local gates {self.settings.gates} does not exist",
                help=f"set by {self.origins['gates']}",
            )
        return folder


def find_root(start: Path) -> Path:
    """The cargo workspace that holds `start`.

    Raises:
        UsageError: there is no Cargo.toml here or above.
    """
    try:
        here = start.resolve(strict=True)
    except OSError as error:
        raise UsageError(f"{start} is not a folder: {error.strerror}") from error
    nearest_manifest: Path | None = None
    for folder in (here, *here.parents):
        manifest = folder / "Cargo.toml"
        try:
            # Opened, not asked for: kept answers depend on what was tried to be opened.
            text = unmarked(manifest.read_text("utf-8", "replace"))
        except (FileNotFoundError, IsADirectoryError):
            continue
        except OSError as error:
            raise UsageError(f"{manifest} cannot be read: {error.strerror}") from error
        nearest_manifest = nearest_manifest or folder
        if _WORKSPACE.search(text):
            return folder
    if nearest_manifest is None:
        raise UsageError(
            f"there is no Cargo.toml in {here} or above it",
            help="go to a Rust workspace or name one with -C; `gaterun demo` writes an example",
        )
    return nearest_manifest


def load_config(
    start: Path,
    *,
    file: Path | None = None,
    profile: str = "",
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Read the settings of the workspace that holds `start`.

    Precedence: `overrides`, then ``GATERUN_*``, then the profile, then the file, then
    defaults.

    Args:
        file: the configuration file, searched for when ``None``.
        profile: name of a ``[profile.NAME]`` table.
        overrides: ``KEY=VALUE`` of ``-o``.
        environment: this process's own by default.

    Raises:
        UsageError: there is no workspace, or a setting is wrong.
    """
    variables = os.environ if environment is None else environment
    root = find_root(start)
    source, path, table = find_table(root, file)
    profiles = table.pop("profile", {})
    if not isinstance(profiles, dict):
        raise source.error((*path, "profile"), "'profile' is a table of profiles")
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_names(), "default")
    _lay(values, origins, source, path, table, source.name)
    profile = profile or variables.get("GATERUN_PROFILE", "")
    if profile:
        if profile not in profiles:
            raise UsageError(
                f"there is no profile '{profile}'", help=nearest(profile, list(profiles))
            )
        place = (*path, "profile", profile)
        _lay(values, origins, source, place, profiles[profile], f"{source.name}, profile {profile}")
    for name in _names():
        variable = f"GATERUN_{name.upper()}"
        if variable in variables:
            values[name] = _converted(name, variables[variable], variable)
            origins[name] = variable
    for text in overrides:
        name, separator, value = text.partition("=")
        if not separator or name not in _names():
            raise UsageError(
                f"-o {text}: " + ("unknown key" if separator else "write KEY=VALUE"),
                help=nearest(name, _names()),
            )
        values[name] = _converted(name, value, f"-o {name}")
        origins[name] = "-o"
    for name, choices in CHOICES.items():
        if name in values and values[name] not in choices:
            raise UsageError(
                f"{name} = {values[name]!r} ({origins[name]}) is none of {', '.join(choices)}"
            )
    for name in ("jobs", "keep"):
        if values.get(name, 0) < 0:
            raise UsageError(f"{name} = {values[name]} ({origins[name]}) is less than 0")
    if (longest := values.get("max_waiver_days", 1)) < 1:
        raise UsageError(
            f"max_waiver_days = {longest} ({origins['max_waiver_days']}) is less than 1"
        )
    if values.get("pass_env"):
        _check_pass_env(values["pass_env"], origins["pass_env"])
    config = Config(
        root=root, settings=Settings(**values), origins=origins, file=source.name if table else ""
    )
    _check_state(config)
    return config


def _check_pass_env(patterns: Sequence[str], origin: str) -> None:
    from gaterun.core.environment import mistake_in

    for pattern in patterns:
        if problem := mistake_in(pattern):
            raise UsageError(
                f"pass_env ({origin}): {problem}",
                help='name each, or what they begin with: pass_env = ["DATABASE_URL", "AWS_*"]',
            )


def _check_state(config: Config) -> None:
    """Refuse a state folder that is somebody else's: it gets a .gitignore that ignores all."""
    state = config.state.resolve()
    root = config.root.resolve()
    foreign = state == root or state in root.parents
    if not foreign and state.is_dir():
        names = {path.name for path in state.iterdir()}
        foreign = bool(names) and not names & {"runs", ".gitignore"}
    if foreign:
        raise UsageError(
            f"the state folder '{config.settings.state}' ({config.origins['state']}) is not "
            "gaterun's own",
            help="name a folder that does not exist yet, .gaterun for one",
        )


def _names() -> list[str]:
    return list(Settings.__struct_fields__)


def find_table(
    root: Path,
    file: Path | None,
    read: Read = from_disk,
) -> tuple[Source, KeyPath, dict[str, Any]]:
    """The first place that has settings: its text, the path to the table, the table.

    Args:
        read: gives the text of a file, as it is now or was at some commit.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    if file is not None:
        try:
            source = Source(str(file), read(file))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from error
        return source, (), dict(source.document)
    for name, path in PLACES.items():
        try:
            source = Source(name, read(root / name))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            if path:
                continue  # whose file it is will say so
            raise UsageError(f"{name} cannot be read: {error}") from error
        if not path:
            return source, path, dict(source.document)
        if "gaterun" in source.text:
            table = _table(source, path)
            if table is not None:
                return source, path, table
    return Source("", ""), (), {}


def _table(source: Source, path: KeyPath) -> dict[str, Any] | None:
    """The table at `path` of a file that is mainly somebody else's; ``None`` without one."""
    try:
        document: Any = source.document
    except UsageError:
        document = _as_cargo_reads(source)
    for part in path:
        document = document.get(part) if isinstance(document, dict) else None
    if document is not None and not isinstance(document, dict):
        raise source.error(path, "this is a table")
    return document if document is None else dict(document)


def _as_cargo_reads(source: Source) -> dict[str, Any]:
    """Cargo accepts TOML 1.1, which `tomllib` does not."""
    import tomlkit
    import tomlkit.exceptions

    try:
        return tomlkit.parse(source.text).unwrap()
    except tomlkit.exceptions.ParseError:
        return {}  # a broken manifest is for cargo to explain, to the gates that need it


def _lay(  # noqa: PLR0917 - one call, each in its place
    values: dict[str, Any],
    origins: dict[str, str],
    source: Source,
    path: KeyPath,
    table: Any,
    origin: str,
) -> None:
    if not isinstance(table, dict):
        raise source.error(path, "this is a table")
    for name, value in table.items():
        if name not in _names():
            raise source.error(
                (*path, name), f"unknown key '{name}'", help=nearest(name, [*_names(), "profile"])
            )
        try:
            values[name] = msgspec.convert(value, type_of(name))
        except msgspec.ValidationError as error:
            text = str(error).replace("`", "").partition(" - at")[0]
            raise source.error((*path, name), text[:1].lower() + text[1:]) from error
        origins[name] = origin


def type_of(name: str) -> Any:
    """The type of a setting, as a value that msgspec understands."""
    kinds = {int: int, str: str, tuple: tuple[str, ...]}
    return kinds[type(getattr(Settings(), name))]


def _converted(name: str, text: str, origin: str) -> Any:
    kind = type_of(name)
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"{origin}: '{text}' is not a whole number") from None
    return text if kind is str else tuple(part for part in text.split(",") if part)
