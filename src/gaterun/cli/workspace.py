"""What most commands begin with: the options that name a workspace, its settings, its plugins."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from msgspec import Struct

from gaterun.cli.notes import followed
from gaterun.core.config import Config, find_root, load_config
from gaterun.core.discovery import Plugins, load
from gaterun.core.phases import load_phase, phase_names
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase

if TYPE_CHECKING:
    from gaterun.core.bond import Binds
    from gaterun.core.store import Store
    from gaterun.core.tree import TreeState
    from gaterun.model.claim import Claim, Unread
    from gaterun.model.record import RunRecord
    from gaterun.model.report import Reporter
    from gaterun.model.waiver import InForce

F = TypeVar("F", bound=Callable[..., Any])


class Opened(Struct, frozen=True, kw_only=True):
    """A workspace with its settings and plugins.

    Attributes:
        selected: what ``-p`` and the setting ``plugins`` say.
    """

    config: Config
    plugins: Plugins
    selected: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """The workspace."""
        return self.config.root

    @property
    def state(self) -> Path:
        """Absolute path of the state folder."""
        return self.config.state

    @property
    def folder(self) -> str:
        """The state folder as the setting names it."""
        return self.config.settings.state

    def show(self, text: str) -> None:
        """Write what a command has to show, and keep it for the next time."""
        click.echo(text, nl=False)
        if notes := followed():
            notes.keep(text, self.state)

    def store(self) -> Store:
        """The state folder, created, and cleared of what a killed run left and of old runs.

        Raises:
            UsageError: it cannot be written to.
        """
        from gaterun.core.store import Store

        store = Store(self.config.state)
        store.prepare()
        keep = self.config.settings.keep
        if keep and sum(1 for _ in store.path.glob("runs/*")) > keep:
            from gaterun.core.retention import forget

            forget(store, keep=keep)
        return store

    def reporter(self, name: str) -> Reporter:
        """A report format that a command needs.

        Raises:
            UsageError: the plugin that offers it is blocked.
        """
        if name not in self.plugins.reporters:
            raise UsageError(
                f"no plugin offers the report format '{name}'", help="do not block it with -p no:…"
            )
        return self.plugins.reporters[name]

    def latest(self, phase: str) -> RunRecord | None:
        """The newest recorded run of a phase; nothing is written to find it."""
        from gaterun.core.store import Store

        store = Store(self.config.state)
        record = store.latest(phase)
        for problem in store.problems:
            from gaterun.cli import noted

            noted.warn(f"{problem}; it is passed over")
        return record

    def has_phase(self, name: str) -> bool:
        """Whether a phase of this name could be run here."""
        return name in phase_names(self.config.phase_folders, self.plugins.phases())

    def phase_name(self, name: str | None, *, how: str = "name one") -> str:
        """The phase that is meant: named, configured, or the only one there is.

        Args:
            how: a command names one, where it is not clear.

        Raises:
            UsageError: it is not clear which.
        """
        if name or self.config.settings.phase:
            return name or self.config.settings.phase
        local = sorted(phase_names(self.config.phase_folders, {}))
        if len(local) == 1:
            return local[0]
        raise UsageError(
            "which phase? " + (", ".join(local) if local else "there is none here yet"),
            help=f'{how}, or set phase = "…" in gaterun.toml'
            if local
            else "`gaterun init` writes a first phase file",
        )

    def spoken(self, name: str | None) -> str:
        """What a command that is shown has to call a phase; empty where it needs no name.

        Raises:
            UsageError: it is not clear which phase.
        """
        wanted = self.phase_name(name)
        if self.config.origins["phase"] == "-o":
            return wanted  # the next command need not say so again
        try:
            return "" if self.phase_name(None) == wanted else wanted
        except UsageError:
            return wanted

    def phase(self, name: str | None, *, base: str = "") -> Phase:
        """Read and bind a phase.

        Raises:
            UsageError: it is not there, or something in it is wrong.
        """
        wanted = self.phase_name(name)
        base = base or self.config.settings.base
        try:
            return load_phase(
                wanted,
                root=self.root,
                folders=self.config.phase_folders,
                shipped=self.plugins.phases,
                gates=self.plugins.gates,
                resources=self.plugins.resources,
                overrides={"base": base} if base else None,
            )
        except UsageError as error:
            if error.message == f"there is no phase '{wanted}'":
                from gaterun.cli.main import COMMANDS

                names = phase_names(self.config.phase_folders, self.plugins.phases())
                hint = nearest(wanted, sorted(names | set(COMMANDS)))
                raise UsageError(error.message, help=hint or error.help) from error
            raise

    def revision(self, ref: str) -> str:
        """A revision that the command line names, as it is; nothing for nothing.

        Raises:
            UsageError: git does not know it. What a phase file names may be missing, as in a
                shallow clone; what somebody types is not to be passed over.
        """
        if ref:
            from gaterun.core.git import Git

            git = Git(self.root)
            if not git.present:
                raise UsageError(
                    f"there is no git repository in which '{ref}' could be a revision",
                    help="leave out --base",
                )
            if git.commit(ref) is None:
                raise UsageError(
                    f"git knows no revision '{ref}'",
                    help="`git log --all --oneline` shows what it knows; in CI, fetch the whole "
                    "history (fetch-depth: 0)",
                )
        return ref

    def in_force(self, phase: Phase, file: Path | None = None) -> InForce:
        """The waivers and sign-offs that a phase is judged with today, in UTC.

        Args:
            file: the waiver file that the command line names.

        Raises:
            UsageError: it cannot be read, or something in it is wrong.
        """
        from datetime import UTC, datetime

        from gaterun.model.waiver import WAIVERS_FILE, InForce

        today = datetime.now(UTC).date()
        usual = self.root / WAIVERS_FILE
        try:
            # Opened, not asked for: kept answers depend on what was tried to be opened.
            usual.open("rb").close()
        except OSError:
            if file is None and not os.path.lexists(usual):
                return InForce(today=today)
        from gaterun.core.waiver_names import in_force

        return in_force(
            self.root,
            file,
            phase,
            today=today,
            longest=self.config.settings.max_waiver_days,
            elsewhere=lambda gate: self.is_elsewhere(gate, phase),
        )

    def said(self, phase: Phase) -> list[Claim | Unread]:
        """Everything that was said about the tasks of a phase, as far as it can be read."""
        from gaterun.cli import noted

        return noted.claims(self.plugins, self.root, phase)

    def binds(self, phase: Phase, tree: TreeState | None, base: str | None) -> Binds:
        """Says what measurements of a phase's gates depend on."""
        from gaterun.core.binding import Binder

        del phase
        return Binder(
            tree,
            root=self.root,
            base=base,
            environment=self.config.environment.given,
            resources=self.plugins.resources,
        )

    def is_elsewhere(self, gate: str, phase: Phase) -> bool:
        """Whether a plugin offers a gate, or another phase of the workspace has it."""
        if "::" not in gate and gate in self.plugins.gates:
            return True
        for name in sorted(phase_names(self.config.phase_folders, {})):
            try:
                other = self.phase(name)
            except UsageError:
                continue  # whoever runs that phase is told
            if any(gate in {r.node_id, r.id} for r in other.requirements if other.id != phase.id):
                return True
        return False


def open_workspace(
    directory: Path | None,
    config_file: Path | None,
    profile: str,
    overrides: tuple[str, ...],
    plugins: tuple[str, ...],
) -> Opened:
    """Read settings and load plugins.

    Raises:
        UsageError: there is no workspace, a setting is wrong, a plugin cannot be loaded.
    """
    config = load_config(
        directory or Path.cwd(), file=config_file, profile=profile, overrides=overrides
    )
    selected = (*config.settings.plugins, *plugins)
    return Opened(
        config=config,
        plugins=load(selected=selected, local=config.local_gates),
        selected=selected,
    )


def renew_claims(config: Config) -> None:
    """Whatever somebody asks who has claimed a task, the claim is renewed."""
    # Mostly nothing has to be imported to see that nobody has: no state, nor one elsewhere.
    above = (config.root, *config.root.parents)
    if (config.state / "state.db").exists() or any((it / ".git").is_file() for it in above):
        from gaterun.cli.desk import sign_of_life

        sign_of_life(config.root, config.settings.state)


def workspace_options(function: F) -> F:
    """Add ``-C -c -P -o -p`` to a command, which gets an `Opened` as first argument."""

    @functools.wraps(function)
    def command(
        directory: Path | None,
        config_file: Path | None,
        profile: str,
        override: tuple[str, ...],
        plugin: tuple[str, ...],
        **arguments: Any,
    ) -> Any:
        opened = open_workspace(directory, config_file, profile, override, plugin)
        renew_claims(opened.config)
        return function(opened, **arguments)

    return cast("F", _with_options(command))


def plugin_options(function: F) -> F:
    """As `workspace_options`, for what asks plugins only: it gets `Plugins`, anywhere."""

    @functools.wraps(function)
    def command(
        directory: Path | None,
        config_file: Path | None,
        profile: str,
        override: tuple[str, ...],
        plugin: tuple[str, ...],
        **arguments: Any,
    ) -> Any:
        if not (directory or config_file or profile or override):
            try:
                find_root(Path.cwd())
            except UsageError:
                return function(load(selected=plugin), **arguments)
        opened = open_workspace(directory, config_file, profile, override, plugin)
        renew_claims(opened.config)
        return function(opened.plugins, **arguments)

    return cast("F", _with_options(command))


def _with_options(command: Callable[..., Any]) -> Any:
    folder = click.Path(path_type=Path)
    for option in (
        click.option(
            "-p", "plugin", multiple=True, metavar="NAME", help="Load a plugin; no:NAME blocks one."
        ),
        click.option("-o", "override", multiple=True, metavar="KEY=VAL", help="Set a setting."),
        click.option("-P", "--profile", default="", metavar="NAME", help="Use a profile."),
        click.option(
            "-c", "--config", "config_file", type=folder, metavar="FILE", help="Configuration file."
        ),
        click.option(
            "-C", "--directory", type=folder, metavar="DIR", help="The workspace, not this folder."
        ),
    ):
        command = option(command)
    return command


class PhaseName(click.ParamType[str]):
    """A phase's name, completed by the shell."""

    name = "phase"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Phases that begin with what was typed; nothing where there is no workspace."""
        from click.shell_completion import CompletionItem

        del ctx, param
        try:
            opened = open_workspace(None, None, "", (), ())
            names = phase_names(opened.config.phase_folders, opened.plugins.phases())
        except UsageError:
            return []
        return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


class Selector(click.ParamType[str]):
    """A task, a gate or a node id of the phase that was named before, completed by the shell."""

    name = "selector"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """What of the phase begins with what was typed; nothing where it cannot be read."""
        from click.shell_completion import CompletionItem

        del param
        try:
            opened = open_workspace(None, None, "", (), ())
            # Behind an option that still wants its value, click gives up and leaves all words.
            phase = opened.phase(ctx.params.get("phase") or next(iter(ctx.args), None))
        except UsageError:
            return []
        gates = phase.requirements
        names = dict.fromkeys(gate.task for gate in gates)
        names |= dict.fromkeys(gate.node_id for gate in gates)
        names |= dict.fromkeys(gate.id for gate in gates)
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]
