"""What a measurement depends on but for the tree, as a value that can be kept and bound to any."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from gaterun.model.binding import Binding

if TYPE_CHECKING:
    from gaterun.core.tree import TreeState
    from gaterun.model.phase import Requirement


class Binds(Protocol):
    """Says what a measurement made now would depend on."""

    @property
    def sources(self) -> Collection[str]:
        """The files of code whose state is part of what was bound so far."""

    def bind(self, requirement: Requirement) -> Binding | None:
        """What it would depend on; ``None`` where nobody can say."""


class Bond(Struct, frozen=True, kw_only=True):
    """What a measurement of one gate depends on.

    Attributes:
        parts: globs of the files that it depends on, as `Binder.inputs` gives them.
        binding: all else; what it says of the files and of the base is empty.
    """

    parts: tuple[tuple[str, ...], ...]
    binding: Binding

    def on(self, tree: TreeState, base: str) -> Binding:
        """What it depends on, on a tree.

        Args:
            base: the phase's base commit; empty without one.
        """
        return replace(self.binding, inputs=joint_digest(*map(tree.digest, self.parts)), base=base)


def joint_digest(*parts: str) -> str:
    """SHA-256 of texts that are told apart."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def options_text(options: object) -> str:
    """Options as text that differs for different options; what is such a text already stays."""
    return options if isinstance(options, str) else f"{type(options).__qualname__} {options!r}"
