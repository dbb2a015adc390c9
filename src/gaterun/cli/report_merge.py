"""``gaterun report --merge``: judge the shards of a run together, as one machine would have."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from gaterun import __version__
from gaterun.cli.find_baseline import find_baseline
from gaterun.cli.run import second_key, terminal_report
from gaterun.cli.shard import Sharding
from gaterun.cli.step_summary import step_summary
from gaterun.cli.style import style_for
from gaterun.cli.workspace import Opened
from gaterun.core.archive import staged
from gaterun.core.git import Git, GitError
from gaterun.core.merge import Merge
from gaterun.core.outputs import Outputs
from gaterun.core.parts import Read, Whole, problems, read, refuse, same_told
from gaterun.core.select import select
from gaterun.core.shards import partition
from gaterun.core.store import Store
from gaterun.core.tree import TreeState, look_for
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase
from gaterun.model.record import RunRecord


def merged(
    opened: Opened,
    phase: str | None,
    paths: Sequence[Path],
    store: Store,
    *,
    writes: Sequence[Path],
    to_stderr: bool,
) -> RunRecord:
    """Judge the shards below `paths` as one run of `phase`, tell about it, and record it.

    Args:
        writes: reports that are about to be written.
        to_stderr: whether standard output is a report's.

    Raises:
        UsageError: a shard is missing, doubled, cut off, damaged or foreign; nothing is judged.
    """
    with staged(store) as place:
        parts = read(paths, place)
        same_told(parts)
        return _merged(opened, phase, parts, store, own=(*paths, *writes), to_stderr=to_stderr)


def _merged(
    opened: Opened,
    name: str | None,
    parts: Sequence[Read],
    store: Store,
    *,
    own: Sequence[Path],
    to_stderr: bool,
) -> RunRecord:
    told = parts[0].shard.told
    phase = opened.phase(name, base=told.base)
    refuse([_of_another_phase(part, phase.id) for part in parts if part.record.phase != phase.id])
    chosen = select(
        phase,
        selectors=told.selectors,
        keyword=told.keyword,
        tags=told.tags,
        deselect=told.deselect,
    )
    waivers = Path(told.waivers) if told.waivers else None
    in_force = opened.in_force(phase, waivers)
    if told.no_waivers:
        in_force = replace(in_force, waivers=())
    settings = opened.config.settings
    allowed = settings.max_warnings if told.max_warnings is None else told.max_warnings
    limit = None if allowed < 0 else allowed
    baseline = find_baseline(told.baseline, phase, opened, store, chosen)
    sharding = Sharding(
        opened=opened,
        phase=phase,
        whole=chosen,
        plan=partition(phase, chosen, parts[0].shard.of, opened.plugins.resources),
        number=1,
        told=told,
    )
    git = Git(opened.root)

    def look() -> TreeState:
        return _look(opened, phase, git, store, own)

    before = look()
    whole = Whole(
        phase=phase,
        plan=sharding.plan,
        mark=sharding.mark(baseline, in_force, limit),
        tree=before.summary,
        base=(git.commit(phase.base) or "" if phase.base and git.present else ""),
        version=__version__,
    )
    refuse(problems(parts, whole))
    style = style_for(
        sys.stdout,
        color=settings.color,
        output=settings.output,
        progress=False,
        state=store.path,
    )
    summary = step_summary(store.path)
    screen = Outputs(
        terminal_report(opened, []),
        stdout=sys.stderr if to_stderr else sys.stdout,
        style=style,
        observers=[
            ("a plugin that observes", opened.plugins.notify),
            *((("the step summary", summary),) if summary else ()),
        ],
    )
    try:
        record = Merge(
            whole=whole,
            chosen=chosen,
            parts=parts,
            store=store,
            plugins=opened.plugins,
            root=opened.root,
            look=look,
            before=before,
            tell=screen,
            in_force=in_force,
            environment=opened.config.environment,
            baseline=baseline,
            baseline_is_named=bool(told.baseline),
            max_warnings=limit,
            second=second_key(opened, phase, name, told.base_policy, waivers),
            name=opened.phase_name(name),
            argv=tuple(sys.argv),
        ).run()
    finally:
        screen.abandon()
    for problem in screen.problems:
        click.echo(f"error: {problem}", err=True)
    return record


def _of_another_phase(part: Read, phase: str) -> str:
    found = part.record.phase
    return f"{part.shard.label} ({part.name}) is of phase '{found}', not '{phase}'"


def _look(opened: Opened, phase: Phase, git: Git, store: Store, own: Sequence[Path]) -> TreeState:
    """The tree that is here, without the shards and without what is written here."""
    without = []
    for path in own:
        below = path.resolve()
        if below.is_relative_to(opened.root):
            name = below.relative_to(opened.root).as_posix()
            without.append(f"{name}/" if below.is_dir() else name)
    try:
        return look_for(phase, git, store.path, without)
    except (GitError, OSError) as error:
        raise UsageError(f"git cannot say what tree this is: {error}") from error
