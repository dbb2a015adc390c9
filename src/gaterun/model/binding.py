"""What a measurement holds for: everything that could make another one differ."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

#: What `inputs` are called: files, and the commit and tags where those matter.
FILES = "files that it depends on"

#: What each part is called when it has changed.
_CALLED = {
    "gaterun": "gaterun or Python",
    "code": "the code of the gate",
    "options": "its options",
    "inputs": FILES,
    "tools": "the toolchain or cargo's configuration",
    "environment": "the environment",
    "base": "the phase's base",
    "place": "the machine or the folder",
    "reads": "files that it has read beyond its inputs",
}


class Binding(Struct, frozen=True, kw_only=True):
    """What one measurement depends on, as digests that are equal when that is equal.

    Attributes:
        gaterun: version of gaterun and of Python.
        code: of the gate and of the resources that it asks for.
        options: of the gate, as read.
        inputs: of the files of the tree that the gate declares.
        tools: the programs that it may start, and cargo's configuration outside of the tree.
        environment: the variables that it is given.
        base: the phase's base commit; empty without one.
        place: system, architecture and folder; the host too, where a metric is bound to it.
        reads: digests of what it said that it reads beyond that, by path.
    """

    gaterun: str
    code: str
    options: str
    inputs: str
    tools: str
    environment: str
    base: str
    place: str
    reads: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Digest of all but `reads`, which are known only once it has been measured."""
        import hashlib

        parts = [getattr(self, name) for name in self.__struct_fields__ if name != "reads"]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    def changes(self, earlier: Binding) -> tuple[str, ...]:
        """What differs from an earlier binding, in words."""
        return tuple(
            _CALLED[name]
            for name in self.__struct_fields__
            if name != "reads" and getattr(self, name) != getattr(earlier, name)
        )


class Reused(Struct, frozen=True, kw_only=True):
    """Where a measurement comes from that was not made in this run.

    Attributes:
        run: id of the run that made it.
        measured: when, in seconds since the epoch.
    """

    run: str
    measured: float
