"""What has to be the same where a gate is measured elsewhere, and how it differs.

`gaterun.core.binding` says whether anything at all has changed in one place, by paths and times.
Two machines share neither, so here contents and versions count.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from gaterun import __version__
from gaterun.core.binding import canonical, modules_of
from gaterun.core.bond import joint_digest
from gaterun.core.discovery import Plugins
from gaterun.core.tree import TreeState
from gaterun.core.tree_key import blob, file_state
from gaterun.model.errors import CannotMeasure
from gaterun.model.gate import Resource
from gaterun.model.phase import Requirement
from gaterun.model.verdict import Reason

#: Variables that change what cargo builds and how, whatever the machine.
_TELLING = ("RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC*", "RUST_*", "CARGO_*", "*FLAGS", "*FLAGS_*")

#: Of these, what only says where things are, how they are fetched or how much is told.
_HARMLESS = (
    *("*_HOME", "*_DIR", "*_PATH", "RUSTUP_*", "CARGO_MAKEFLAGS", "MAKEFLAGS", "RUST_BACKTRACE"),
    *("RUST_LIB_BACKTRACE", "CARGO_TERM_*", "CARGO_NET_*", "CARGO_HTTP_*", "CARGO_BUILD_JOBS"),
)

#: How many names of a list are told.
_NAMED = 3

_SAME = "install the same versions there"


class Likeness(Struct, frozen=True, kw_only=True):
    """What decides a measurement, as it is where somebody looks.

    Attributes:
        gaterun: its version.
        python: implementation and version, ``cpython-312``.
        plugins: distribution and version by the plugin's name.
        code: digest of the sources of gaterun, of the gate and of its resources.
        asked: digest of the gate's name, its options as its own code reads them, its inputs
            and the phase's base.
        tools: version by program, for rustc and cargo.
        variables: digest by name, of those that change what is built.
        inputs: digest of the content of the files that the gate depends on.
        commit: full id of HEAD, for people.
        dirty: whether something differs from it, for people.
    """

    gaterun: str
    python: str
    plugins: Mapping[str, str]
    code: str
    asked: str
    tools: Mapping[str, str]
    variables: Mapping[str, str]
    inputs: str
    commit: str = ""
    dirty: bool = False


def likeness(
    requirement: Requirement,
    tree: TreeState,
    parts: Sequence[Sequence[str]],
    *,
    plugins: Plugins,
    base: str | None,
    tools: Mapping[str, str],
    environment: Mapping[str, str],
) -> Likeness:
    """How it is here.

    Args:
        parts: as `Binder.inputs` gives them.
        tools: facts of this machine; only those of the tool chain count.
        environment: what commands are given.
    """
    options = canonical(requirement.options)
    return Likeness(
        gaterun=__version__,
        python=str(sys.implementation.cache_tag),
        plugins=_origins(plugins),
        code=joint_digest(*_codes(requirement, plugins.resources)),
        asked=joint_digest(requirement.gate.name, *options, *requirement.inputs, base or ""),
        tools={name: tools.get(name, "none") for name in ("rustc", "cargo")},
        variables=_variables(environment),
        inputs=inputs_of(tree, parts),
        commit=tree.commit,
        dirty=tree.dirty,
    )


def inputs_of(tree: TreeState, parts: Sequence[Sequence[str]]) -> str:
    """Digest of the content of the files that a gate depends on."""
    return joint_digest(*(tree.content(part) for part in parts))


def ignored_of(tree: TreeState, parts: Sequence[Sequence[str]], root: Path) -> dict[str, str]:
    """Content, by name, of the files that git ignores and that a gate may depend on."""
    names = sorted({name for part in parts for name in tree.unseen(part)})
    return {name: _blob(str(root / name), file_state(str(root / name))) for name in names}


def refuse_version(asking: str, worker: str) -> None:
    """Refuse to read the message of another gaterun, in which anything may mean something else.

    Args:
        asking: the version that wrote it.

    Raises:
        CannotMeasure: it is another (``tool-version``).
    """
    if asking != __version__:
        raise CannotMeasure(
            Reason.TOOL_VERSION,
            f"{worker} has another gaterun: {__version__}, here it is {asking}",
            help=_SAME,
        )


def refuse_other(ours: Likeness, theirs: Likeness, worker: str) -> None:
    """Refuse what a worker would measure if it differs from what is asked here.

    Raises:
        CannotMeasure: it does (``tool-version``, ``not-comparable`` or ``wrong-tree``).
    """
    for what, here, there, help in (
        ("gaterun", ours.gaterun, theirs.gaterun, _SAME),
        ("Python", ours.python, theirs.python, _SAME),
        *_unlike("plugin", ours.plugins, theirs.plugins, _SAME),
        *_unlike("", ours.tools, theirs.tools, "pin the tool chain in rust-toolchain.toml"),
    ):
        if here != there:
            raise CannotMeasure(
                Reason.TOOL_VERSION,
                f"{worker} has another {what}: {there or 'none'}, here it is {here or 'none'}",
                help=help,
            )
    if ours.code != theirs.code:
        raise CannotMeasure(
            Reason.TOOL_VERSION,
            f"{worker} has other code of gaterun or of the gate, under the same version",
            help=_SAME,
        )
    if names := _differing(ours.variables, theirs.variables):
        raise CannotMeasure(
            Reason.NOT_COMPARABLE,
            f"the environment of {worker} differs in {_named(names)}",
            help="set these for both, or for neither",
        )
    if ours.asked != theirs.asked:
        raise CannotMeasure(
            Reason.NOT_COMPARABLE, f"{worker} understands the gate's options in another way"
        )
    if ours.inputs != theirs.inputs:
        raise CannotMeasure(
            Reason.WRONG_TREE,
            f"{worker} has another tree: {_tree(theirs)}, here it is {_tree(ours)}",
            help="workers that clone get what is committed: commit first"
            if ours.dirty
            else "bring its checkout to this commit, or let the workers clone",
        )


def refuse_missing(wanted: Mapping[str, str], found: Mapping[str, str], worker: str) -> None:
    """Refuse a worker that lacks files which git ignores and which the gate may read.

    Raises:
        CannotMeasure: it does (``wrong-tree``).
    """
    if names := [name for name, content in wanted.items() if found.get(name) != content]:
        raise CannotMeasure(
            Reason.WRONG_TREE,
            f"{worker} has no such {_named(names)}, which git ignores here",
            help="take out what the gate does not read, by the key 'inputs' of its entry: "
            f'inputs = ["**", "!{names[0]}"]',
        )


def _unlike(
    what: str, ours: Mapping[str, str], theirs: Mapping[str, str], help: str
) -> Iterator[tuple[str, str, str, str]]:
    for name in _differing(ours, theirs):
        yield f"{what} {name}".strip(), ours.get(name, ""), theirs.get(name, ""), help


def _differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return sorted(n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n))


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _tree(like: Likeness) -> str:
    commit = like.commit[:12] or "no commit"
    return f"{commit} with uncommitted work" if like.dirty else commit


def _origins(plugins: Plugins) -> dict[str, str]:
    """Those with a version: of distributions. What has none is compared by its code."""
    return {
        info.name: info.origin
        for info in plugins.infos
        if not info.blocked and info.origin not in {"-p", info.module}
    }


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: joint_digest(value)[:16]
        for name, value in environment.items()
        if any(fnmatch.fnmatchcase(name, glob) for glob in _TELLING)
        and not any(fnmatch.fnmatchcase(name, glob) for glob in _HARMLESS)
    }


def _codes(requirement: Requirement, resources: Mapping[str, Resource]) -> list[str]:
    return [_code(module) for module in ("gaterun", *sorted(modules_of(requirement, resources)))]


def _code(name: str) -> str:
    """Digest of the source of a module, or of the whole package that it is part of."""
    top = name.partition(".")[0]
    if hasattr(sys.modules.get(top), "__path__"):
        return _package(top)
    file = getattr(sys.modules.get(name), "__file__", None)
    return _blob(file, file_state(file)) if file else "none"


@lru_cache(maxsize=64)
def _package(name: str) -> str:
    """Looked at once: what is loaded stays as it is, whatever is installed meanwhile."""
    parts = []
    for folder in sys.modules[name].__path__:
        for path in sorted(Path(folder).rglob("*.py")):
            parts += [path.relative_to(folder).as_posix(), _blob(str(path), file_state(str(path)))]
    return joint_digest(*parts)


@lru_cache(maxsize=20_000)
def _blob(path: str, state: str) -> str:
    """Content of a file, read once as long as its state is the same."""
    del state
    try:
        return blob(path, Path(path).stat().st_size)
    except OSError as error:
        return f"unreadable {error.errno}"
