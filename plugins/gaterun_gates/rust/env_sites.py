"""The places of a Rust file that have to do with environment variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from gaterun_gates.rust.calls import in_use_declaration, opening_after
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.test_code import path_at
from gaterun_gates.rust.tokens import Token, split_arguments

_STD_READS = frozenset({"var", "var_os"})
_STD_ALL = frozenset({"vars", "vars_os"})
_STD_EXPORTS = frozenset({"set_var", "remove_var"})
_DOTENV = frozenset({"dotenvy", "dotenv"})
_COMPILE = frozenset({"env", "option_env", "dotenv"})
_TEMP_ENV = frozenset(
    {"with_var", "with_var_unset", "async_with_vars", "with_vars", "with_vars_unset"}
)
#: Types and functions of providers that take a prefix.
_PREFIXES = frozenset({("envy", "prefixed"), ("Env", "prefixed"), ("Environment", "with_prefix")})
#: Those that read the whole environment for a struct, and the crates that they belong to.
_WHOLE = {("Env", "raw"): "figment", ("Environment", "default"): "config"}
#: What a path that reads or exports ends with.
FUNCTIONS = frozenset(
    {
        *(*_STD_READS, *_STD_ALL, *_STD_EXPORTS, *_COMPILE, *_TEMP_ENV),
        *(last for _, last in (*_PREFIXES, *_WHOLE)),
        *("from_env", "try_from_env", "from_default_env", "try_from_default_env"),
        *("init", "try_init", "init_from_env", "try_init_from_env"),
    }
)


def _renamed(source: Source) -> set[str]:
    """Names under which the file imports known functions."""
    return {name for name, path in source.imports.aliases.items() if path[-1] in FUNCTIONS}


class Act(StrEnum):
    """What a place in the code does with variables."""

    READ = "read"  # the first argument is a name
    READ_ALL = "read all"  # walks over the whole environment
    COMPILE = "compile"  # env! and option_env!
    EXPORT = "export"  # sets or removes: the first argument is a name
    PREFIX = "prefix"  # reads names that start with the first argument, for a struct's fields
    ONLY = "only"  # the first argument is a list of names
    FIELDS = "fields"  # reads a name for every field of a struct
    LOG = "log"  # reads RUST_LOG by convention
    BUILD = "build"  # tells cargo to build again when a variable changes


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A place that has to do with environment variables.

    Attributes:
        index: the token where the path or method begins.
        opening: the token of the bracket of its arguments; -1 where the function itself is
            passed on as a value.
    """

    act: Act
    index: int
    opening: int


def full_path(source: Source, path: Sequence[str]) -> list[str]:
    """`path` with its first segment replaced by what ``use`` says."""
    target = source.imports.aliases.get(path[0])
    return [*target, *path[1:]] if target is not None else list(path)


def _std_env(source: Source, path: list[str]) -> str:
    """The item of ``std::env`` that `path` names; empty when it names something else."""
    if path[:2] == ["std", "env"] and len(path) == 3:
        return path[2]
    if len(path) == 1 and ("std", "env") in source.imports.globs:
        return path[0]
    # An `env` that no `use` in this file explains comes from a glob, or is a module here.
    if len(path) == 2 and path[0] == "env" and "env" not in source.imports.modules:
        return path[1]
    return ""


def _act_of_path(source: Source, path: list[str]) -> Act | None:
    item = _std_env(source, path)
    last, qualifier = path[-1], path[-2] if len(path) > 1 else ""
    if item in _STD_READS or (last == "var" and qualifier in _DOTENV and len(path) == 2):
        return Act.READ
    if item in _STD_ALL or (last == "vars" and qualifier in _DOTENV and len(path) == 2):
        return Act.READ_ALL
    if item in _STD_EXPORTS or (path[0] == "temp_env" and last in _TEMP_ENV):
        return Act.EXPORT
    if (qualifier, last) in _PREFIXES:
        return Act.PREFIX
    if (qualifier, last) in _WHOLE and path[0] == _WHOLE[qualifier, last]:
        return Act.PREFIX
    if (qualifier, last) == ("envy", "from_env"):
        return Act.FIELDS
    if qualifier in {"EnvFilter", "Builder"} and last in {"from_env", "try_from_env"}:
        return Act.READ
    if last in {"init_from_env", "try_init_from_env"}:
        return Act.READ
    if last in {"from_default_env", "try_from_default_env"}:
        return Act.LOG
    if qualifier in {"env_logger", "pretty_env_logger"} and last in {"init", "try_init"}:
        return Act.LOG
    if path == ["tracing_subscriber", "fmt", "init"]:
        return Act.LOG
    return None


def _paths(source: Source) -> Iterator[tuple[int, list[str], int]]:
    """Paths that end with the name of a known function: first token, path, index after it."""
    items = source.tokens
    wanted = FUNCTIONS | _renamed(source)
    for last, token in enumerate(items):
        if not token.is_name or token.name not in wanted:
            continue
        first = last
        while first > 1 and items[first - 1].kind == "::" and items[first - 2].is_name:
            first -= 2
        before = items[first - 1].kind if first else ""
        of_a_type = before == "::" and first > 1 and items[first - 2].kind == ">"
        if of_a_type or before in {".", "fn", "struct", "mod", "let", "$"}:
            continue
        path, after = path_at(items, first, len(items))
        if after == last + 1:
            yield first, path, after


def sites(source: Source) -> Iterator[Site]:
    """Every place in `source` that reads or exports variables by a known function."""
    items = source.tokens
    for index, path, after in _paths(source):
        if after < len(items) and items[after].kind == "!":
            opening = after + 1
            if (
                opening < len(items)
                and items[opening].pair > opening
                and path[-1] in _COMPILE
                and (len(path) == 1 or path[0] in {"std", "core", "dotenvy", "dotenv"})
            ):
                yield Site(act=Act.COMPILE, index=index, opening=opening)
            continue
        act = _act_of_path(source, full_path(source, path))
        if act is None:
            continue
        opening = opening_after(items, after)
        if opening >= 0 and act is Act.READ and path[-1].endswith("from_env"):
            named = {token.text for token in items[opening : items[opening].pair]}
            if "Env" in named:  # env_logger's, which looks at RUST_LOG unless told otherwise
                if not named & {"filter", "filter_or"}:
                    yield Site(act=Act.LOG, index=index, opening=opening)
                continue
        if opening >= 0:
            yield Site(act=act, index=index, opening=opening)
        elif not in_use_declaration(source, items[index].start):
            yield Site(act=act, index=index, opening=-1)
    yield from _methods(items)
    if b"rerun-if-env-changed=" in source.data:
        for index, token in enumerate(items):
            if (
                token.is_string
                and "rerun-if-env-changed=" in token.text
                and items[index - 1].pair > index
            ):
                yield Site(act=Act.BUILD, index=index, opening=index - 1)


def _methods(items: list[Token]) -> Iterator[Site]:
    """Method calls: clap's ``.env("X")``, ``Command::env(k, v)``, figment, env_logger."""
    for index in range(1, len(items) - 2):
        if items[index - 1].kind != "." or not items[index].is_name:
            continue
        opening = index + 1
        if items[opening].kind != "(" or items[opening].pair < 0:
            continue
        name = items[index].name
        if name == "env":
            count = len(split_arguments(items, opening + 1, items[opening].pair))
            if count == 1:
                yield Site(act=Act.READ, index=index, opening=opening)
            elif count == 2:
                yield Site(act=Act.EXPORT, index=index, opening=opening)
        elif name in {"env_remove", "set_env"}:
            yield Site(act=Act.EXPORT, index=index, opening=opening)
        elif name in {"filter_or", "write_style_or"} or (
            name == "filter" and _chain_has(items, index, "Env") and _has_text(items, opening)
        ):
            yield Site(act=Act.READ, index=index, opening=opening)
        elif name == "only" and _chain_has(items, index, "Env"):
            yield Site(act=Act.ONLY, index=index, opening=opening)
        elif name == "prefix" and _chain_has(items, index, "Environment"):
            yield Site(act=Act.PREFIX, index=index, opening=opening)


def _has_text(items: list[Token], opening: int) -> bool:
    """Whether the one argument is a string: ``Env::new().filter("X")``, not figment's closure."""
    return items[opening + 1].is_string and items[opening].pair == opening + 2


def _chain_has(items: list[Token], index: int, name: str) -> bool:
    """Whether `name` occurs shortly before in the same statement."""
    for other in range(index - 1, max(index - 40, -1), -1):
        if items[other].kind in {";", "{"}:
            return False
        if items[other].text == name:
            return True
    return False
