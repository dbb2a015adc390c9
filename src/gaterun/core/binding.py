"""Finds out what a measurement depends on: files, options, code, tools, environment, place."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from gaterun import __version__
from gaterun.core import toolchain
from gaterun.core.bond import Bond, joint_digest
from gaterun.core.environment import digest_of
from gaterun.core.tree import TreeState
from gaterun.model.binding import Binding
from gaterun.model.gate import Resource, resource_names
from gaterun.model.phase import Requirement

#: Raised when what is bound, or how, changes: no older measurement is used again.
_SCHEME = "1"

#: Variables that tell programs how to show something, and differ from window to window.
_MEANINGLESS = frozenset({"TERM", "COLUMNS", "NO_COLOR", "XDG_RUNTIME_DIR"})


class Binder:
    """Binds the gates of one run to one tree.

    Args:
        tree: as it is now; ``None`` where nothing is known about it.
        root: the workspace.
        base: the phase's base commit.
        environment: the variables that gates are given.
        resources: what gates can ask for, by name.
    """

    def __init__(
        self,
        tree: TreeState | None,
        *,
        root: Path,
        base: str | None,
        environment: Mapping[str, str],
        resources: Mapping[str, Resource],
    ) -> None:
        self._tree = tree
        self._root = root
        self._base = base or ""
        self._environment = environment
        self._resources = resources
        self._codes: dict[str, str] = {}
        self._sources: set[str] = set()

    @property
    def tree(self) -> TreeState | None:
        """The tree; ``None`` where nothing is known about it."""
        return self._tree

    @property
    def sources(self) -> frozenset[str]:
        """The files of code whose state is part of what was bound so far."""
        return frozenset(self._sources)

    def bind(self, requirement: Requirement) -> Binding | None:
        """What a measurement made now would depend on; ``None`` where nobody can say."""
        bond = self.bond(requirement) if self._tree is not None else None
        if self._tree is None or bond is None:
            return None
        return bond.on(self._tree, self._base)

    def bond(self, requirement: Requirement) -> Bond | None:
        """What it would depend on, on any tree; ``None`` where nobody can say."""
        parts = self.inputs(requirement)
        if not parts:
            return None
        code = self._code_of(requirement)
        if code is None:
            return None
        gate = requirement.gate
        place = [platform.system(), platform.machine(), str(self._root)]
        if gate.exclusive or any(metric.host_bound for metric in gate.metrics):
            place += [platform.node(), str(os.cpu_count())]
        version = f"{_SCHEME} {__version__} {sys.implementation.cache_tag} {sys.hexversion:x}"
        return Bond(
            parts=parts,
            binding=Binding(
                gaterun=version,
                code=code,
                options=joint_digest(gate.name, *canonical(requirement.options)),
                inputs="",
                tools=self._tools,
                environment=self._variables,
                base="",
                place=joint_digest(*place),
            ),
        )

    def inputs(self, requirement: Requirement) -> tuple[tuple[str, ...], ...]:
        """Globs of the files that a gate depends on; none where nobody can say.

        The phase file has the last word. Otherwise they are those of the gate and of every
        resource that it asks for, each for itself. What other gates measure is in no file.
        """
        if requirement.gate.after_others:
            return ()
        if requirement.inputs:
            return (requirement.inputs,)
        asked = asked_by(requirement, self._resources)
        parts = [requirement.gate.inputs, *(item.inputs for item in asked)]
        return tuple(dict.fromkeys(parts)) if all(parts) else ()

    def changed(self, requirement: Requirement, now: TreeState) -> list[str]:
        """The files that a gate depends on and that are no longer as they were, sorted.

        Where nobody can say what it depends on, every file counts.
        """
        if self._tree is None:
            return []
        parts = self.inputs(requirement) or (("**",),)
        return sorted({name for part in parts for name in now.changed_since(self._tree, part)})

    def _code_of(self, requirement: Requirement) -> str | None:
        digests = []
        for name in modules_of(requirement, self._resources):
            if name not in sys.modules:
                return None
            top = name.partition(".")[0]
            home = top if hasattr(sys.modules.get(top), "__path__") else name
            if home not in self._codes:
                self._codes[home] = self._state_of(home)
            digests.append(self._codes[home])
        return joint_digest(*digests, self._installed)

    @cached_property
    def _installed(self) -> str:
        """Changes when a distribution is installed, upgraded or removed, and with gaterun."""
        # What Python puts first is the program's own folder: that of a console script, or, with
        # `python -m`, where it was started. Nothing is installed there by somebody else.
        first = 0 if sys.flags.safe_path else 1
        folders = (f"{path} {_state(path)}" for path in dict.fromkeys(sys.path[first:]) if path)
        return joint_digest(*folders, self._state_of("gaterun"))

    def _state_of(self, home: str) -> str:
        files = list(_sources(home))
        self._sources.update(files)
        return joint_digest(*(f"{path} {_state(path)}" for path in files))

    @cached_property
    def _tools(self) -> str:
        return toolchain.digest(str(self._root), self._environment)

    @cached_property
    def _variables(self) -> str:
        return digest_of(
            {name: value for name, value in self._environment.items() if name not in _MEANINGLESS}
        )


def asked_by(requirement: Requirement, resources: Mapping[str, Resource]) -> tuple[Resource, ...]:
    """Every resource that a gate asks for, and what those ask for."""
    found: dict[str, Resource] = {}
    names = list(resource_names(requirement.gate.measure))
    while names:
        name = names.pop()
        if name not in found and name in resources:
            found[name] = resources[name]
            names += resource_names(found[name].compute)
    return tuple(found.values())


def modules_of(requirement: Requirement, resources: Mapping[str, Resource]) -> tuple[str, ...]:
    """Names of the modules whose code measures: of the gate, then of its resources, each once."""
    functions: list[Callable[..., Any]] = [
        requirement.gate.measure,
        *(resource.compute for resource in asked_by(requirement, resources)),
    ]
    return tuple(dict.fromkeys(str(getattr(each, "__module__", "")) for each in functions))


def canonical(options: object) -> tuple[str, str]:
    """Options as text, equal for equal options."""
    kind = type(options)
    text = msgspec.json.encode(options, order="deterministic", enc_hook=repr)
    return f"{kind.__module__}.{kind.__qualname__}", text.decode()


def _sources(name: str) -> Iterator[str]:
    """Every source file of a top-level module, or of its neighbours in a folder."""
    module = sys.modules[name]
    for folder in getattr(module, "__path__", ()):
        for here, subfolders, files in os.walk(folder):
            subfolders[:] = sorted(item for item in subfolders if item != "__pycache__")
            for file in sorted(files):
                yield os.path.join(here, file)  # noqa: PTH118 - one of hundreds
    if not hasattr(module, "__path__") and (file := getattr(module, "__file__", None)):
        yield from map(str, sorted(Path(file).parent.glob("*.py")))


def _state(path: str | Path) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116 - one of hundreds
    except OSError:
        return "none"
    return f"{found.st_mtime_ns} {found.st_size}"
