"""Cargo's configuration files, read without cargo: where a setting comes from.

Source: the cargo reference, chapter "Configuration". ``cargo config get`` is not used: it is
unstable and leaves out what the environment overrides.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaterun_gates.cargo.toml_file import read_toml, table


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """One configuration file.

    Attributes:
        path: where it is.
        values: its TOML as plain values; empty when it cannot be read (cargo itself then
            says so and stops).
    """

    path: Path
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value and where it comes from: the name of a variable or the path of a file."""

    value: str
    source: str


def cargo_home(environ: Mapping[str, str] | None = None) -> Path:
    """Cargo's home folder."""
    present = os.environ if environ is None else environ
    return Path(present.get("CARGO_HOME") or Path.home() / ".cargo")


def config_files(folder: Path, environ: Mapping[str, str] | None = None) -> list[ConfigFile]:
    """The configuration files that cargo merges when started in `folder`, strongest first.

    Args:
        folder: cargo's working directory.
        environ: where ``CARGO_HOME`` is looked up; the process's own by default.
    """
    folders = [*(above / ".cargo" for above in (folder, *folder.parents)), cargo_home(environ)]
    found: dict[Path, ConfigFile] = {}
    for place in folders:
        # Where both names exist cargo takes the one without the extension.
        path = next((p for n in ("config", "config.toml") if (p := place / n).is_file()), None)
        if path is not None and path.resolve() not in found:
            found[path.resolve()] = ConfigFile(path=path, values=read_toml(path))
    return list(found.values())


def wrapper_setting(folder: Path, environ: Mapping[str, str] | None = None) -> Setting | None:
    """The rustc wrapper that cargo uses in `folder`; ``None`` when there is none.

    An empty value at a stronger place switches a weaker one off.
    """
    present = os.environ if environ is None else environ
    for name in ("RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"):
        if name in present:
            return Setting(value=present[name], source=name) if present[name] else None
    for file in config_files(folder, present):
        value = table(file.values, "build").get("rustc-wrapper")
        if isinstance(value, str):
            return Setting(value=value, source=str(file.path)) if value else None
    return None


# Caches, which pass the compiler's words on.
_CACHES = frozenset({"cachepot", "ccache", "sccache"})


def compiler_notes(folder: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """Programs of the repository's choice that stand between cargo and the compiler.

    They can change what is compiled and what is said about it, so every measurement that
    they take part in mentions them.
    """
    notes: list[str] = []
    setting = wrapper_setting(folder, environ)
    if setting is not None and Path(setting.value).stem not in _CACHES:
        notes.append(f"rustc wrapper '{setting.value}' ({setting.source}) takes part in this")
    for file in config_files(folder, environ):
        for key in ("rustc", "rustdoc"):
            program = table(file.values, "build").get(key)
            if isinstance(program, str):
                notes.append(f"{key} '{program}' ({file.path}) is used for this")
    return notes


def forced_env(folder: Path, names: frozenset[str]) -> list[str]:
    """Those of `names` that ``[env]`` of a configuration file forces over the environment."""
    return sorted(
        name
        for name in names
        if any(
            table(file.values, "env", name).get("force") is True for file in config_files(folder)
        )
    )


def _flags(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str)]
    return []


def _target_flags(
    files: list[ConfigFile], triple: str, cfg: frozenset[str]
) -> Iterator[tuple[list[str], str]]:
    for file in reversed(files):
        for name, settings in table(file.values, "target").items():
            applies = cfg_holds(name[4:-1], cfg) if name.startswith("cfg(") else name == triple
            if applies:
                yield _flags(table(settings).get("rustflags")), str(file.path)


def rustflags(
    folder: Path,
    triple: str,
    cfg: frozenset[str],
    environ: Mapping[str, str] | None = None,
) -> tuple[list[str], list[str]]:
    """The compiler flags that cargo adds in `folder`, from the one source that wins.

    Args:
        folder: cargo's working directory.
        triple: the target, ``x86_64-unknown-linux-gnu``.
        cfg: lines of ``rustc --print cfg``.
        environ: the process's own by default; ``CARGO_ENCODED_RUSTFLAGS`` is not read, as
            gates remove it.

    Returns:
        The flags, and where they come from (variables or files).
    """
    present = os.environ if environ is None else environ
    if "RUSTFLAGS" in present:
        return present["RUSTFLAGS"].split(), ["RUSTFLAGS"]
    files = config_files(folder, present)
    variable = f"CARGO_TARGET_{triple.upper().replace('-', '_').replace('.', '_')}_RUSTFLAGS"
    found = [(flags, source) for flags, source in _target_flags(files, triple, cfg) if flags]
    if present.get(variable):
        found.append((present[variable].split(), variable))
    if not found:
        for file in reversed(files):
            flags = _flags(table(file.values, "build").get("rustflags"))
            found += [(flags, str(file.path))] if flags else []
        if present.get("CARGO_BUILD_RUSTFLAGS"):
            found.append((present["CARGO_BUILD_RUSTFLAGS"].split(), "CARGO_BUILD_RUSTFLAGS"))
    return [flag for flags, _ in found for flag in flags], sorted({source for _, source in found})


_CFG_TOKEN = re.compile(r'\s*(?:([A-Za-z_][\w-]*)\s*=\s*"([^"]*)"|([A-Za-z_][\w-]*)|([(),]))')


def cfg_holds(expression: str, cfg: frozenset[str]) -> bool:
    """Whether the inside of a ``cfg(...)`` holds.

    Args:
        expression: such as ``all(unix, not(target_os = "macos"))``.
        cfg: lines of ``rustc --print cfg``.

    Returns:
        ``False`` too for what cannot be read; cargo refuses that by itself.

    >>> cfg_holds('all(unix, not(windows))', frozenset({"unix"}))
    True
    """
    tokens: list[tuple[str, str]] = []
    position = 0
    while expression[position:].strip():
        match = _CFG_TOKEN.match(expression, position)
        if match is None:
            return False
        key, value, name, mark = match.groups()
        if key is not None:
            tokens.append(("cfg", f'{key}="{value}"'))
        else:
            tokens.append(("name", name) if name else ("mark", mark))
        position = match.end()
    try:
        holds, rest = _evaluate(tokens, cfg)
    except (IndexError, ValueError):
        return False
    return holds and not rest


def _evaluate(
    tokens: list[tuple[str, str]], cfg: frozenset[str]
) -> tuple[bool, list[tuple[str, str]]]:
    kind, text = tokens[0]
    rest = tokens[1:]
    if kind == "mark":
        raise ValueError(text)
    if kind == "cfg" or rest[:1] != [("mark", "(")]:
        return text == "true" or text in cfg, rest
    rest = rest[1:]
    values: list[bool] = []
    while rest[0] != ("mark", ")"):
        value, rest = _evaluate(rest, cfg)
        values.append(value)
        if rest[0] == ("mark", ","):
            rest = rest[1:]
    rest = rest[1:]
    if text == "not":
        return not any(values), rest
    if text not in {"all", "any"}:
        raise ValueError(text)
    return (all if text == "all" else any)(values), rest


_LINT_OPTIONS = frozenset(
    {"-A", "-W", "-D", "-F", "--allow", "--warn", "--deny", "--forbid", "--force-warn"}
    | {"--cap-lints", "--expect"}
)
_LINT_GLUED = re.compile(
    r"-[AWDF].+|--(?:allow|warn|deny|forbid|force-warn|cap-lints|expect)=.+", re.DOTALL
)


def split_lint_flags(flags: list[str]) -> tuple[list[str], list[str]]:
    """Take the flags that set lint levels out of compiler flags.

    Returns:
        The other flags, and the lint flags, each with its value.

    >>> split_lint_flags(["-C", "debuginfo=1", "-A", "warnings", "--cap-lints=allow"])
    (['-C', 'debuginfo=1'], ['-A warnings', '--cap-lints=allow'])
    """
    others: list[str] = []
    lints: list[str] = []
    stream = iter(flags)
    for flag in stream:
        if flag in _LINT_OPTIONS:
            lints.append(shlex.join([flag, next(stream, "")]))
        elif _LINT_GLUED.fullmatch(flag):
            lints.append(flag)
        else:
            others.append(flag)
    return others, lints
