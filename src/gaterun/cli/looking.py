"""Looks at a workspace as it is now, and says which verdicts still hold; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from gaterun.cli import noted
from gaterun.core.freshness import Standing, survey
from gaterun.model.phase import Phase, Requirement

if TYPE_CHECKING:
    from gaterun.cli.footing import Footing
    from gaterun.core.bond import Binds
    from gaterun.core.tree import TreeState
    from gaterun.model.waiver import InForce


class Looked(Struct, frozen=True, kw_only=True):
    """A workspace as it is now, ready to be compared with what was measured."""

    footing: Footing
    phase: Phase
    tree: TreeState | None
    binder: Binds

    def survey(
        self, chosen: Sequence[Requirement], in_force: InForce | None = None
    ) -> tuple[Standing, ...]:
        """How gates stand by the runs of this working tree."""
        from gaterun.core.store import Store

        store = Store(self.footing.state)
        found = survey(
            self.phase.id,
            chosen,
            binder=self.binder,
            tree=self.tree,
            store=store,
            in_force=in_force or self.footing.in_force(self.phase),
        )
        for problem in store.problems:
            noted.warn(f"{problem}; it is passed over")
        noted.gates(store.path, self.binder, found)
        return found


def look(footing: Footing, phase: Phase) -> Looked:
    """Look at a workspace; nothing is written."""
    from gaterun.core.baseline_place import baseline_path
    from gaterun.core.git import Git, GitError
    from gaterun.core.store import Store
    from gaterun.core.tree import look_for

    root, state = footing.root, footing.state
    git = Git(root)
    looking = noted.Looking(root, state, git)
    try:
        tree = look_for(phase, git, state, told=looking.told)
    except GitError:
        tree = None
    looking.seen(tree, baseline_path(phase, root, Store(state)))
    base = git.commit(phase.base) if phase.base and git.present else None
    binder = footing.binds(phase, tree, base)
    return Looked(footing=footing, phase=phase, tree=tree, binder=binder)


def stand(footing: Footing, phase: Phase, chosen: Sequence[Requirement]) -> tuple[Standing, ...]:
    """How the gates stand on the tree as it is now; nothing is written."""
    return look(footing, phase).survey(chosen)
