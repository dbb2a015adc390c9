"""The plugin contract, whole: what a plugin can offer and observe.

A plugin is a module (or object) named by an entry point in the group ``gaterun``. It
implements any of these with `gaterun.hookimpl`. *Offer* hooks return values; the *observe*
hook returns nothing. Nothing may be changed in place: all values are frozen.

The name of the entry point says when the plugin is loaded, and its offer hooks are called:
the name of a gate or a resource when that is asked for, ``report-NAME`` for a report,
``phases`` or ``phases-NAME`` for phase files, ``claims-NAME`` when claims are read,
``event-NAME`` in every run. One that measures elsewhere is loaded by ``-p NAME`` alone. A plugin with another name is found too, but later: when a name is asked for that no entry point has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gaterun.model.claim import Claim, PhaseOutline, Unread
    from gaterun.model.event import Event
    from gaterun.model.executor import Executor, ExecutorConfig
    from gaterun.model.gate import Gate, Resource
    from gaterun.model.phase import PhaseFile
    from gaterun.model.report import Reporter

PROJECT = "gaterun"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function of a plugin that implements one of these hooks.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def gaterun_gates() -> Iterable[Gate]:
    """Offer gates.

    Called: once, when the plugin is loaded.

    Returns: the gates. Two gates of one name are an error that names both plugins.

    Example::

        @gaterun.hookimpl
        def gaterun_gates():
            return [gaterun.Gate(name="todo", title="TODO comments", metrics=..., measure=todo)]
    """
    raise NotImplementedError


@hookspec
def gaterun_resources() -> Iterable[Resource]:
    """Offer resources: what several gates need, computed once in a run on first use.

    Called: once, when the plugin is loaded.

    Returns: the resources. A gate asks for one by naming a parameter of its ``measure``
    after it.

    Example::

        @gaterun.hookimpl
        def gaterun_resources():
            return [gaterun.Resource(name="licences", compute=read_licences)]
    """
    raise NotImplementedError


@hookspec
def gaterun_phases() -> Iterable[PhaseFile]:
    """Offer phase files, which a workspace may run as they are or name in ``extends``.

    Called: once, when the plugin is loaded: when a phase is not found in the workspace, and
    for ``gaterun list``.

    Returns: the phase files.

    Example::

        @gaterun.hookimpl
        def gaterun_phases():
            return [gaterun.PhaseFile(name="release", text=TOML, source="my-plugin release.toml")]
    """
    raise NotImplementedError


@hookspec
def gaterun_reporters() -> Iterable[Reporter]:
    """Offer report formats for ``--report NAME[:PATH]``.

    Called: once, when the plugin is loaded.

    Returns: the reporters. A reporter that raises is reported and hides neither the
    others nor the verdict.

    Example::

        @gaterun.hookimpl
        def gaterun_reporters():
            return [gaterun.Reporter(name="csv", title="CSV", filename="gates.csv", start=start)]
    """
    raise NotImplementedError


@hookspec
def gaterun_claims(root: Path, phase: PhaseOutline) -> Iterable[Claim | Unread]:
    """Offer claims: what people, agents and their tools said about the tasks of a phase.

    Called: each time that claims are held against evidence, by ``gaterun claims`` for one. The
    name of the plugin's entry point begins with ``claims``. Nothing may be written.

    Returns: the claims, also those that are about no task of the phase; and `Unread` for a
    source that is there and cannot be read, which is never the same as no claim. What the hook
    raises becomes one.

    What ``status`` and ``hook stop`` answer is kept as long as nothing changes, if the module of
    every reader says ``opens_all = True``: it opens (or lists) every file and folder on which its
    answer depends, also to find out whether it is there, and asks neither a server nor the clock.

    Example::

        @gaterun.hookimpl
        def gaterun_claims(root, phase):
            for line in (root / "DONE.txt").read_text().splitlines():
                yield gaterun.Claim(
                    key=line, said=gaterun.Said.COMPLETED, source="DONE.txt", raw=line
                )
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def gaterun_executor(config: ExecutorConfig) -> Executor | None:
    """Offer to measure gates elsewhere.

    Called: before the first gate of a run, of the plugins that ``-p`` or the setting ``plugins``
    names. Where none is named, gates are measured here, in threads.

    Returns: the executor, or ``None``. The first one counts.

    Example::

        @gaterun.hookimpl
        def gaterun_executor(config):
            return Cluster(config.read(ClusterOptions))
    """
    raise NotImplementedError


@hookspec
def gaterun_event(event: Event) -> None:
    """Observe a run.

    Called: for every event, in order, from one thread, after the reporters. The name of the
    plugin's entry point begins with ``event-``, so that it is loaded from the start.

    Returns: nothing.

    Example::

        @gaterun.hookimpl
        def gaterun_event(event):
            if isinstance(event, gaterun.RunFinished):
                notify(event.record.exit_code)
    """
