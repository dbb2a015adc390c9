"""Looks at a workspace as it is now, and says which verdicts still hold; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.cli import noted
from gaterun.cli.workspace import Opened
from gaterun.core.freshness import Standing, survey
from gaterun.model.phase import Phase, Requirement

if TYPE_CHECKING:
    from gaterun.core.binding import Binder
    from gaterun.core.tree import TreeState
    from gaterun.model.waiver import InForce


class Looked(Struct, frozen=True, kw_only=True):
    """A workspace as it is now, ready to be compared with what was measured."""

    opened: Opened
    phase: Phase
    tree: TreeState | None
    binder: Binder

    def survey(
        self, chosen: Sequence[Requirement], in_force: InForce | None = None
    ) -> tuple[Standing, ...]:
        """How gates stand by the runs of this working tree."""
        from gaterun.core.store import Store

        store = Store(self.opened.config.state)
        found = survey(
            self.phase.id,
            chosen,
            binder=self.binder,
            tree=self.tree,
            store=store,
            in_force=in_force or self.opened.in_force(self.phase),
        )
        for problem in store.problems:
            noted.warn(f"{problem}; it is passed over")
        noted.gates(store.path, self.binder, found)
        return found


def look(opened: Opened, phase: Phase) -> Looked:
    """Look at a workspace; nothing is written."""
    from gaterun.cli.find_baseline import baseline_path
    from gaterun.core.binding import Binder
    from gaterun.core.bound_run import look_for
    from gaterun.core.git import Git, GitError
    from gaterun.core.store import Store

    git = Git(opened.root)
    looking = noted.Looking(opened, git)
    try:
        tree = look_for(phase, git, opened.config.state, told=looking.told)
    except GitError:
        tree = None
    looking.seen(tree, baseline_path(phase, opened.root, Store(opened.config.state)))
    binder = Binder(
        tree,
        root=opened.root,
        base=git.commit(phase.base) if phase.base and git.present else None,
        environment=opened.config.environment.given,
        resources=opened.plugins.resources,
    )
    return Looked(opened=opened, phase=phase, tree=tree, binder=binder)


def stand(opened: Opened, phase: Phase, chosen: Sequence[Requirement]) -> tuple[Standing, ...]:
    """How the gates stand on the tree as it is now; nothing is written."""
    return look(opened, phase).survey(chosen)
