"""What it takes to say how tasks stand, besides the tree, what is recorded, and the clock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gaterun.core.bond import Binds
    from gaterun.core.tree import TreeState
    from gaterun.model.claim import Claim, Unread
    from gaterun.model.phase import Phase
    from gaterun.model.waiver import InForce


class Footing(Protocol):
    """A workspace, as far as that goes: opened, or recalled from a plan that still holds."""

    @property
    def root(self) -> Path:
        """The workspace."""

    @property
    def state(self) -> Path:
        """Absolute path of the state folder."""

    @property
    def folder(self) -> str:
        """The state folder as the setting names it."""

    def in_force(self, phase: Phase) -> InForce:
        """The waivers and sign-offs that a phase is judged with today.

        Raises:
            UsageError: they cannot be read.
        """

    def said(self, phase: Phase) -> Sequence[Claim | Unread]:
        """Everything that was said about the tasks of a phase, as far as it can be read.

        Raises:
            UsageError: a reader cannot be loaded.
        """

    def binds(self, phase: Phase, tree: TreeState | None, base: str | None) -> Binds:
        """Says what measurements of the phase's gates depend on.

        Args:
            base: the phase's base commit.
        """
