"""Compares what judges a run with what judged at the base: phase, settings, waivers, files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gaterun.core.base_files import BaseFiles
from gaterun.core.bind import bind
from gaterun.core.changed_files import ChangedFiles
from gaterun.core.changed_grants import changed_settings, waivers
from gaterun.core.config import PLACES, Config, Settings, find_table
from gaterun.core.discovery import Plugins
from gaterun.core.git import Git, GitError
from gaterun.core.glob import glob_matcher
from gaterun.core.phase_table import Draft
from gaterun.core.phases import read_draft
from gaterun.core.second_key import SecondKey
from gaterun.core.source import Read, from_disk
from gaterun.core.vanished import without_vanished
from gaterun.core.weakening import counterparts, weakening
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase, Requirement
from gaterun.model.policy import BasePolicy, ChangeKind, PolicyChange, PolicyMode
from gaterun.model.waiver import WAIVERS_FILE


def second_key(
    *,
    config: Config,
    plugins: Plugins,
    phase: Phase,
    name: str,
    mode: str = "",
    waiver_file: Path | None = None,
) -> SecondKey | None:
    """What the base says about a run of `phase`.

    Args:
        phase: read and bound; its base is the base.
        name: what the user called the phase.
        mode: as given on the command line; what the settings say when empty, at the base
            as well as here, unless they come from outside of the workspace.
        waiver_file: the waivers in force, where the command line names others.

    Returns:
        ``None`` where nobody asks the base.
    """
    asked = PolicyMode(mode) if mode else _given(config)
    if asked is PolicyMode.OFF or (not phase.base and asked is not PolicyMode.FAIL):
        return None
    written = PolicyMode(config.settings.base_policy)
    unread = BasePolicy(mode=asked or max(written, PolicyMode.WARN, key=_strictness))
    if not phase.base:
        return SecondKey(
            policy=_without(unread, "the phase names no base", "name one with --base REF"),
            file=phase.source,
        )
    git = Git(config.root)
    commit = git.commit(phase.base) if git.present else None
    found = _with(unread, ref=phase.base, commit=commit or "")
    if commit is None:
        what = f"git knows no revision '{phase.base}'"
        how = "in CI, fetch the whole history: git fetch --unshallow, or fetch-depth: 0"
        return SecondKey(policy=_without(found, what, how), file=phase.source)
    comparison = _Comparison(config, plugins, phase, name, waiver_file, git, commit)
    try:
        table = comparison.table_at_base()
        if asked is None:
            then = _mode_in(table)
            if written is then is PolicyMode.OFF:
                return None
            found = _with(found, mode=max(written, then, key=_strictness))
        return comparison.key(found, table)
    except (GitError, OSError, UnicodeDecodeError) as error:
        what = f"{phase.base} cannot be read: {error}"
        how = "in CI, fetch the whole history: git fetch --unshallow, or fetch-depth: 0"
        return SecondKey(policy=_without(found, what, how), file=phase.source)


class _Comparison:
    """One comparison of a workspace with a commit."""

    def __init__(  # noqa: PLR0917 - one call, each in its place
        self,
        config: Config,
        plugins: Plugins,
        phase: Phase,
        name: str,
        waiver_file: Path | None,
        git: Git,
        commit: str,
    ) -> None:
        self._config = config
        self._plugins = plugins
        self._phase = phase
        self._name = name
        self._waiver_file = waiver_file
        self._git = git
        self._commit = commit
        self._files = BaseFiles(git, commit)

    def table_at_base(self) -> dict[str, Any]:
        """The settings as they were written at the base; none where they cannot be read."""
        return self._table(self._files.read)

    def key(self, found: BasePolicy, table: Mapping[str, Any]) -> SecondKey:
        """The whole comparison."""
        changes = [
            *changed_settings(table, self._table(from_disk), self._config.file or "gaterun.toml")
        ]
        notes = [*self._notes()]
        obstacle, help = "", ""
        base: Phase | None = None
        try:
            folder = str(table.get("phases", Settings().phases))
            draft = self._draft(self._files.read, self._config.root / folder)
        except UsageError as error:
            if error.message == f"there is no phase '{self._name}'":
                notes.append(f"{found.label} has no phase '{self._name}': nothing to judge by")
            else:
                obstacle = f"the phase file of {found.label} cannot be read: {error.message}"
                help = error.help
        else:
            changes += without_vanished(draft, self._plugins.gates)
            changes += self._base_of(draft)
            try:
                base = bind(draft, self._plugins.gates, self._plugins.resources)
            except UsageError as error:
                obstacle = f"the phase file of {found.label} is not valid today: {error.message}"
                help = error.help
            else:
                changes += weakening(base, self._phase)
        changes += self._waivers()
        changes += self._changed(base, table)
        pairs = counterparts(base, self._phase) if base else []
        policy = _with(
            found,
            file=base.source if base else "",
            gates=len(pairs),
            changes=tuple(
                sorted(changes, key=lambda change: (not change.weakens, not change.touches))
            ),
            notes=tuple(notes),
            obstacle=obstacle,
            help=help,
        )
        asks = {new.node_id: old for old, new in pairs if new is not None and _differ(old, new)}
        judging = asks if policy.mode is PolicyMode.FAIL else {}
        return SecondKey(policy=policy, requirements=judging, file=self._phase.source)

    def _table(self, read: Read) -> dict[str, Any]:
        file = self._config.file
        explicit = Path(file) if file and file not in PLACES else None
        try:
            return find_table(self._config.root, explicit, read)[2]
        except UsageError:
            return {}  # there at the base, in whatever state: the settings' defaults then

    def _draft(self, read: Read, *folders: Path) -> Draft:
        return read_draft(
            self._name,
            root=self._config.root,
            folders=tuple(dict.fromkeys((*folders, *self._config.phase_folders))),
            shipped=self._plugins.phases,
            read=read,
        )

    def _notes(self) -> Iterator[str]:
        head = self._git.commit("HEAD")
        if head == self._commit:
            yield "the base is HEAD itself: only what is not committed is compared"
            return
        try:
            self._git("merge-base", "--is-ancestor", self._commit, "HEAD")
        except GitError:
            yield (
                "the base is no ancestor of HEAD: what it gained meanwhile looks removed here, "
                "until this is rebased"
            )

    def _base_of(self, draft: Draft) -> Iterator[PolicyChange]:
        now = self._draft(from_disk).phase.values.get("base", "")
        then = draft.phase.values.get("base", "")
        if then and then != now:
            yield PolicyChange(
                kind=ChangeKind.BASE_CHANGED,
                subject=self._phase.source,
                before=str(then),
                after=str(now) or "none is named",
            )

    def _waivers(self) -> Iterator[PolicyChange]:
        root = self._config.root
        path = root / WAIVERS_FILE if self._waiver_file is None else self._waiver_file.absolute()
        name = os.path.relpath(path, root)
        before = waivers(path, self._files.read)
        for waiver in waivers(path, from_disk):
            if waiver not in before:
                yield PolicyChange(kind=ChangeKind.WAIVER_ADDED, subject=name, after=waiver)

    def _changed(self, base: Phase | None, table: Mapping[str, Any]) -> Iterator[PolicyChange]:
        """Files that decide about verdicts and differ from the base."""
        kept = (*self._phase.protected, *(base.protected if base else ()))
        folders = {str(table.get("gates", "")), self._config.settings.gates} - {""}
        own = [f"{folder.strip('/')}/**" for folder in folders]
        measured = [base.outputs.baseline] if base and base.outputs.baseline else []
        kinds = [
            *((glob, ChangeKind.PROTECTED_FILE_CHANGED) for glob in kept),
            *((glob, ChangeKind.LOCAL_GATE_CHANGED) for glob in own),
            *((glob, ChangeKind.BASELINE_CHANGED) for glob in measured),
        ]
        if not kinds:
            return

        def kind_of(name: str) -> ChangeKind | None:
            return next((kind for glob, kind in kinds if glob_matcher(glob)(name)), None)

        for name, commits in ChangedFiles(self._git, self._commit).matching(kind_of):
            kind = kind_of(name)
            if kind is ChangeKind.BASELINE_CHANGED and not self._at_base(name):
                continue  # the first one weakens nothing
            if kind is not None:
                yield PolicyChange(kind=kind, subject=name, commits=commits)

    def _at_base(self, name: str) -> bool:
        try:
            self._files.read(self._config.root / name)
        except FileNotFoundError:
            return False
        return True


def _strictness(mode: PolicyMode) -> int:
    return mode.strictness


def _given(config: Config) -> PolicyMode | None:
    """The mode that comes from outside of the workspace, which no change can edit."""
    origin = config.origins["base_policy"]
    outside = origin == "-o" or origin.startswith("GATERUN_")
    return PolicyMode(config.settings.base_policy) if outside else None


def _mode_in(table: Mapping[str, Any]) -> PolicyMode:
    value = table.get("base_policy", PolicyMode.WARN)
    return PolicyMode(value) if value in list(PolicyMode) else PolicyMode.WARN


def _with(policy: BasePolicy, **changes: Any) -> BasePolicy:
    from msgspec.structs import replace

    return replace(policy, **changes)


def _without(policy: BasePolicy, obstacle: str, help: str) -> BasePolicy:
    return _with(policy, obstacle=obstacle, help=help)


def _differ(old: Requirement, new: Requirement) -> bool:
    """Whether the base's conditions could judge otherwise."""
    if old.skip or old.gate.name != new.gate.name:
        return False
    return (old.conditions, old.mode, old.enforce_after) != (
        new.conditions,
        new.mode,
        new.enforce_after,
    )
