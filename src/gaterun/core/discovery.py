"""Finds plugins, and loads each when it is named; the only place that calls a hook.

The name of an entry point says when its plugin is loaded (docs/design/entry-points.md): the
name of a gate or of a resource when a phase or a gate names it, ``report-NAME`` when that
report is wanted, ``phases…`` when a phase is not in the workspace, ``claims…`` when claims are
read, ``event-…`` always. Where
nothing of a name is found, and wherever everything is listed, all plugins are loaded.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import pluggy
from msgspec import Struct

import gaterun
from gaterun import hookspecs
from gaterun.core.entry_points import installed_entry_points
from gaterun.model.errors import UsageError
from gaterun.model.gate import Resource, resource_circle, resource_names

if TYPE_CHECKING:
    from gaterun.model.claim import Claim, PhaseOutline, Unread
    from gaterun.model.event import Event
    from gaterun.model.executor import Executor, ExecutorConfig
    from gaterun.model.gate import Gate
    from gaterun.model.phase import PhaseFile
    from gaterun.model.report import Reporter

T = TypeVar("T")


class PluginInfo(Struct, frozen=True, kw_only=True):
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


class Offers(Mapping[str, T], Generic[T]):
    """What plugins offer of one kind, by name; asking for a name loads the plugin of that name.

    Listing loads every plugin; names are sorted.

    Args:
        what: how errors call one.
        entries: the names of the entry points to load for a name, before all others.
        plugins: those that offer.
    """

    def __init__(
        self, what: str, entries: Callable[[str], Iterable[str]], plugins: Plugins
    ) -> None:
        self._what = what
        self._entries = entries
        self._plugins = plugins
        self._found: dict[str, T] = {}
        self._owner: dict[str, str] = {}

    def add(self, name: str, value: T, origin: str) -> None:
        """Take in what a plugin offers.

        Raises:
            UsageError: another offers one of this name.
        """
        if name in self._found:
            owner = self._owner[name]
            raise UsageError(
                f"two plugins offer the {self._what} '{name}': {owner} and {origin}",
                help=f"block one of them with -p no:{owner.split(' ')[0]}",
            )
        self._found[name] = value
        self._owner[name] = origin

    def __getitem__(self, name: str) -> T:
        if name not in self._found:
            for entry in self._entries(name):
                self._plugins.load(entry)
        if name not in self._found:
            self._plugins.load_all()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        self._plugins.load_all()
        return iter(sorted(self._found))

    def __len__(self) -> int:
        self._plugins.load_all()
        return len(self._found)


class _Resources(Offers[Resource]):
    """Resources, each with those that it asks for itself."""

    def __init__(self, plugins: Plugins) -> None:
        super().__init__("resource", lambda name: (name, name.replace("_", "-")), plugins)
        self._whole: set[str] = set()

    def __getitem__(self, name: str) -> Resource:
        resource = super().__getitem__(name)
        if name not in self._whole:
            self._whole.add(name)
            for need in resource_names(resource.compute):
                if need not in self:
                    raise UsageError(
                        f"resource '{name}' asks for a resource '{need}' that no plugin offers"
                    )
            if circle := resource_circle(name, self):
                raise UsageError(
                    f"resources ask for each other in a circle: {' asks for '.join(circle)}"
                )
        return resource


class _Manager(pluggy.PluginManager):
    """A plugin manager that looks at nothing of a plugin but what is called like a hook.

    pluggy looks at every attribute of a module, which takes longer than to import it.
    """

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """The options of the hook implementation `name`, if it is one."""
        if not name.startswith(f"{hookspecs.PROJECT}_"):
            return None
        return super().parse_hookimpl_opts(plugin, name)


class Plugins:
    """The plugins that were found, and what they offer as typed values.

    Args:
        found: every plugin, blocked ones included, with the function that imports it.
    """

    def __init__(self, found: Sequence[tuple[PluginInfo, Callable[[], Any]]]) -> None:
        self.infos = tuple(info for info, _ in found)
        self._waiting = {info.name: (info, load) for info, load in found if not info.blocked}
        # Gates that run beside each other may ask for what is not loaded yet.
        self._guard = threading.RLock()
        self._manager = _Manager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        gates: Offers[Gate] = Offers("gate", lambda name: (name,), self)
        reporters: Offers[Reporter] = Offers("reporter", lambda name: (f"report-{name}",), self)
        phases: Offers[PhaseFile] = Offers("phase", lambda _: self._named("phases"), self)
        resources = _Resources(self)
        self.gates: Mapping[str, Gate] = gates
        self.resources: Mapping[str, Resource] = resources
        self.reporters: Mapping[str, Reporter] = reporters
        self._phases: Mapping[str, PhaseFile] = phases
        #: What each hook offers: the class of its values, by name, and where they go.
        self._offers: Mapping[str, tuple[str, Offers[Any]]] = {
            "gaterun_gates": ("Gate", gates),
            "gaterun_resources": ("Resource", resources),
            "gaterun_reporters": ("Reporter", reporters),
            "gaterun_phases": ("PhaseFile", phases),
        }
        for name in self._named("event-"):
            self.load(name)

    def phases(self) -> Mapping[str, PhaseFile]:
        """Phase files that plugins ship, by name."""
        return self._phases

    def notify(self, event: Event) -> None:
        """Tell every observer."""
        self._manager.hook.gaterun_event(event=event)

    def claims(self, root: Path, phase: PhaseOutline) -> list[Claim | Unread]:
        """What every reader of claims finds, and what could not be read; in a fixed order.

        Raises:
            UsageError: a reader cannot be loaded.
        """
        from gaterun.model.claim import Claim, Unread

        for name in self._named("claims"):
            self.load(name)
        found: list[Claim | Unread] = []
        readers = self._manager.hook.gaterun_claims.get_hookimpls()
        for reader in sorted(readers, key=lambda reader: reader.plugin_name):
            given = {"root": root, "phase": phase}
            wanted = {name: given[name] for name in reader.argnames}
            source = f"plugin {reader.plugin_name}"
            try:
                for item in cast("Iterable[object]", reader.function(**wanted)):
                    if not isinstance(item, Claim | Unread):
                        raise TypeError(f"it offers a {type(item).__name__}, not a Claim")  # noqa: TRY301
                    found.append(item)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it may not hide other claims
                found.append(Unread(source=source, why=f"{type(error).__name__}: {error}"))
        return found

    @property
    def claims_open_all(self) -> bool:
        """Whether every reader of claims says that it opens or lists all that it depends on."""
        readers = self._manager.hook.gaterun_claims.get_hookimpls()
        return all(getattr(reader.plugin, "opens_all", False) is True for reader in readers)

    def executor(self, config: ExecutorConfig, selected: Sequence[str]) -> Executor | None:
        """Who measures gates elsewhere; ``None`` where none of these plugins offers to.

        That a plugin is loaded is not enough, as listing loads all: it has to be asked for.

        Raises:
            UsageError: the plugin cannot be used as it is.
        """
        callers = self._manager.hook.gaterun_executor.get_hookimpls()
        others = [it.plugin for it in callers if it.plugin_name not in selected]
        caller = self._manager.subset_hook_caller("gaterun_executor", others)
        return cast("Executor | None", caller(config=config))

    def _named(self, prefix: str) -> list[str]:
        return [name for name in self._waiting if name.startswith(prefix)]

    def load_all(self) -> None:
        """Load every plugin that is not loaded yet.

        Raises:
            UsageError: as `load`.
        """
        for name in list(self._waiting):
            self.load(name)

    def load(self, name: str) -> None:
        """Load the plugin of this name, unless it is loaded, blocked or not there.

        Raises:
            UsageError: it cannot be loaded, or offers what another does. A gate that is
                silently absent is a gate that passes, so nothing is skipped with a warning.
        """
        with self._guard:
            if name in self._waiting:
                info, importer = self._waiting[name]
                self._register(info, importer)
                del self._waiting[name]

    def _register(self, info: PluginInfo, importer: Callable[[], Any]) -> None:
        try:
            plugin = importer()
            if self._manager.is_registered(plugin):
                return  # by an entry point and by -p, say
            self._manager.register(plugin, info.name)
            self._manager.check_pending()
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"plugin '{info.name}' ({info.origin}) cannot be loaded: "
                f"{type(error).__name__}: {error}",
                help=f"reinstall or mend it, or leave it out with -p no:{info.name}",
            ) from error
        origin = f"{info.name} ({info.origin})"
        for caller in self._manager.get_hookcallers(plugin) or ():
            if caller.name not in self._offers:
                continue
            kind_name, offers = self._offers[caller.name]
            kind = getattr(gaterun, kind_name)
            (function,) = (
                implementation.function
                for implementation in caller.get_hookimpls()
                if implementation.plugin is plugin
            )
            for value in _offered(function, caller.name, origin):
                if not isinstance(value, kind):
                    raise UsageError(
                        f"plugin {origin}: {caller.name} offers a {type(value).__name__}, "
                        f"not a {kind_name}"
                    )
                offers.add(cast("Any", value).name, value, origin)


def _offered(function: Callable[..., Any], hook: str, origin: str) -> list[object]:
    try:
        return list(function())
    except (Exception, SystemExit) as error:
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
    """Find and sort every plugin, and load those that cannot wait.

    What ``-p`` names and the workspace's own gates are always loaded.

    Args:
        selected: the values of ``-p``: a module or an entry point's name to load, or
            ``no:name`` to block.
        local: the workspace's folder of local gates, as named in its configuration.
        entry_points: name, module and origin of each; those of this environment when
            ``None``.

    Raises:
        UsageError: something cannot be loaded, or two plugins have one name.
    """
    blocked = {name.removeprefix("no:") for name in selected if name.startswith("no:")}
    wanted = [name for name in dict.fromkeys(selected) if not name.startswith("no:")]
    points = sorted(installed_entry_points() if entry_points is None else entry_points)
    known = {name for name, _, _ in points}
    for name in sorted(blocked - known):
        from gaterun.model.condition import nearest

        raise UsageError(f"-p no:{name}: no plugin of that name", help=nearest(name, sorted(known)))
    found: list[tuple[PluginInfo, Callable[[], Any]]] = []
    for name, target, origin in points:
        info = PluginInfo(name=name, module=target, origin=origin, blocked=name in blocked)
        found.append((info, _importer(_import, target)))
    for name in wanted:
        if name not in known:
            info = PluginInfo(name=name, module=name, origin="-p")
            found.append((info, _importer(_import, name)))
    paths = sorted(local.glob("*.py")) if local is not None else []
    for path in paths:
        info = PluginInfo(name=path.stem, module=str(path), origin=str(path))
        found.append((info, _importer(_import_file, path)))
    _refuse_two_of_one_name([info for info, _ in found])
    plugins = Plugins(found)
    for name in (*wanted, *(path.stem for path in paths)):
        plugins.load(name)
    return plugins


def _importer(load: Callable[[T], Any], target: T) -> Callable[[], Any]:
    return lambda: load(target)


def _refuse_two_of_one_name(infos: Sequence[PluginInfo]) -> None:
    first: dict[str, PluginInfo] = {}
    for info in infos:
        other = info if info.blocked else first.setdefault(info.name, info)
        if other is not info:
            raise UsageError(
                f"two plugins are called '{info.name}': {other.origin} and {info.origin}",
                help=f"uninstall or rename one of them, or leave out both with -p no:{info.name}",
            )


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    plugin: Any = importlib.import_module(module)
    for part in attribute.split(".") if attribute else ():
        plugin = getattr(plugin, part)
    return plugin


def _import_file(path: Path) -> Any:
    """Run a file as a module, and leave no byte code among the user's files."""
    name = f"gaterun_local.{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - it is how modules are imported
    except BaseException:
        del sys.modules[name]
        raise
    return module
