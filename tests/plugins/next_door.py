"""An executor whose station is in this very process: what travels is what would travel far.

Its options say how the other side differs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

import gaterun
from gaterun.core.order import Answer, Order


class NextDoorOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the other side differs.

    Attributes:
        unlike: a field of the likeness that is another there.
        folder: the checkout that is there.
        clone: what is cloned there.
        host: the name of its machine.
        secret: value of a variable that is set there.
    """

    unlike: str = ""
    folder: str = ""
    clone: str = ""
    host: str = ""
    secret: str = ""


class _Ear:
    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress = progress

    def began(self) -> None:
        pass

    def cancelled(self) -> bool:
        return False


class NextDoor:
    name = "next-door"
    places = 2

    def __init__(self, options: NextDoorOptions, root: Path) -> None:
        self.trees = gaterun.Trees(folder=options.folder, repository=options.clone)
        self._options = options
        self._station = gaterun.Station(name="w", folder=root.parent / "next-door")
        self._runs: set[str] = set()
        if options.secret:  # for as long as there is a worker: two gates are measured at once
            os.environ["THEIR_TOKEN"] = options.secret

    def measure(self, job: gaterun.Job, progress: Callable[[str], None]) -> bytes:
        self._runs.add(job.run)
        order = msgspec.msgpack.decode(job.message, type=Order)
        if self._options.unlike:
            there: Any = {
                "plugins": {"other": "other 1.0"},
                "tools": {"rustc": "0.1", "cargo": order.like.tools["cargo"]},
                "variables": {"RUSTFLAGS": "0"},
            }.get(self._options.unlike, "unlike")
            order = replace(order, like=replace(order.like, **{self._options.unlike: there}))
        raw = self._station.answer(
            gaterun.__version__, msgspec.msgpack.encode(order), _Ear(progress)
        )
        if self._options.host:
            answer = msgspec.msgpack.decode(raw, type=Answer)
            raw = msgspec.msgpack.encode(replace(answer, host=self._options.host))
        return raw

    def cancel(self, *, at_once: bool) -> None:
        for run in self._runs:
            self._station.stop(run, at_once=at_once)

    def close(self) -> None:
        for run in self._runs:
            self._station.forget(run)
        os.environ.pop("THEIR_TOKEN", None)


@gaterun.hookimpl
def gaterun_executor(config: gaterun.ExecutorConfig) -> gaterun.Executor:
    return NextDoor(config.read(NextDoorOptions), config.root)
