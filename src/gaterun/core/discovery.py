"""Finds plugins, sorts, loads and registers them; the only place that calls a hook."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from gaterun import hookspecs
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.event import Event
from gaterun.model.gate import Gate, Resource
from gaterun.model.phase import PhaseFile
from gaterun.model.report import Reporter

GROUP = "gaterun"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """A plugin that was found.

    Attributes:
        name: of its entry point, module or file.
        module: what is imported.
        origin: distribution and version, or the file.
        blocked: whether ``-p no:name`` keeps it out.
    """

    name: str
    module: str
    origin: str
    blocked: bool = False


class Plugins:
    """The loaded plugins, as typed values.

    Args:
        manager: with every plugin registered.
        infos: what was found, blocked ones included.
    """

    def __init__(self, manager: pluggy.PluginManager, infos: Sequence[PluginInfo]) -> None:
        self._manager = manager
        self.infos = tuple(infos)
        self.gates: Mapping[str, Gate] = self._collect("gaterun_gates", Gate, "gate")
        self.resources: Mapping[str, Resource] = self._collect(
            "gaterun_resources", Resource, "resource"
        )
        self.reporters: Mapping[str, Reporter] = self._collect(
            "gaterun_reporters", Reporter, "reporter"
        )

    def phases(self) -> Mapping[str, PhaseFile]:
        """Phase files that plugins ship, by name."""
        return self._collect("gaterun_phases", PhaseFile, "phase")

    def notify(self, event: Event) -> None:
        """Tell every observer."""
        self._manager.hook.gaterun_event(event=event)

    def origin(self, plugin: object) -> str:
        """How errors name a plugin."""
        name = self._manager.get_name(plugin) or "?"
        for info in self.infos:
            if info.name == name:
                return f"{name} ({info.origin})"
        return name

    def _collect(self, hook: str, kind: type[T], what: str) -> Mapping[str, T]:
        found: dict[str, T] = {}
        owner: dict[str, str] = {}
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            origin = self.origin(implementation.plugin)
            for value in _offered(implementation.function, hook, origin):
                if not isinstance(value, kind):
                    raise UsageError(
                        f"plugin {origin}: {hook} offers a {type(value).__name__}, "
                        f"not a {kind.__name__}"
                    )
                name = getattr(value, "name")  # noqa: B009 - every kind has a name
                if name in found:
                    raise UsageError(
                        f"two plugins offer the {what} '{name}': {owner[name]} and {origin}",
                        help=f"block one of them with -p no:{owner[name].split(' ')[0]}",
                    )
                found[name] = value
                owner[name] = origin
        return dict(sorted(found.items()))


def _offered(function: Callable[[], Iterable[object]], hook: str, origin: str) -> list[object]:
    try:
        return list(function())
    except Exception as error:
        raise UsageError(
            f"plugin {origin}: {hook} raised {type(error).__name__}: {error}",
            help=f"block it with -p no:{origin.split(' ', maxsplit=1)[0]}, or mend it",
        ) from error


def load(
    *,
    selected: Sequence[str] = (),
    local: Path | None = None,
    entry_points: Sequence[tuple[str, str, str]] | None = None,
) -> Plugins:
    """Find, sort, load and register every plugin.

    Args:
        selected: the values of ``-p``: a module or an entry point's name to load, or
            ``no:name`` to block.
        local: the workspace's folder of local gates, as named in its configuration.
        entry_points: name, module and origin of each; those of this environment when
            ``None``.

    Raises:
        UsageError: something cannot be loaded, or two plugins offer one name. A gate that
            is silently absent is a gate that passes, so nothing is skipped with a warning.
    """
    blocked = {name.removeprefix("no:") for name in selected if name.startswith("no:")}
    extra = [name for name in selected if not name.startswith("no:")]
    found = sorted(installed_entry_points() if entry_points is None else entry_points)
    known = {name for name, _, _ in found}
    for name in blocked - known:
        raise UsageError(f"-p no:{name}: no plugin of that name", help=nearest(name, sorted(known)))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    infos: list[PluginInfo] = []
    for name, module, origin in found:
        is_blocked = name in blocked
        infos.append(PluginInfo(name=name, module=module, origin=origin, blocked=is_blocked))
        if not is_blocked:
            _register(manager, name, origin, partial(_import, module))
    for name in extra:
        if name not in known:
            infos.append(PluginInfo(name=name, module=name, origin="-p"))
            _register(manager, name, "-p", partial(_import, name))
    if local is not None:
        for path in sorted(local.glob("*.py")):
            infos.append(PluginInfo(name=path.stem, module=str(path), origin=str(path)))
            _register(manager, path.stem, str(path), partial(_import_file, path))
    return Plugins(manager, infos)


def _register(
    manager: pluggy.PluginManager, name: str, origin: str, load: Callable[[], Any]
) -> None:
    try:
        plugin = load()
        manager.register(plugin, name)
        manager.check_pending()
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"plugin '{name}' ({origin}) cannot be loaded: {type(error).__name__}: {error}",
            help=f"reinstall or mend it, or leave it out with -p no:{name}",
        ) from error


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    plugin: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        plugin = getattr(plugin, part)
    return plugin


def _import_file(path: Path) -> Any:
    name = f"gaterun_local.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def installed_entry_points() -> list[tuple[str, str, str]]:
    """Name, target and ``distribution version`` of every entry point in the group."""
    from importlib import metadata

    return [
        (point.name, point.value, f"{point.dist.name} {point.dist.version}" if point.dist else "?")
        for point in metadata.entry_points(group=GROUP)
    ]
