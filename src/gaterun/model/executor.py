"""What measures gates elsewhere: the values and protocols between a run and an executor.

An executor carries messages that it does not look into: a run writes them, a `gaterun.Station`
at a worker answers them. Only measurements come back; the run judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec import Struct

from gaterun.model.errors import UsageError

T = TypeVar("T")


class ExecutorConfig(Struct, frozen=True, kw_only=True):
    """What an executor is told before a run.

    Attributes:
        root: absolute path of the workspace.
        jobs: how many gates this machine measures at once.
        options: what the setting ``executor`` says, by key.
    """

    root: Path
    jobs: int
    options: Mapping[str, str]

    def read(self, kind: type[T]) -> T:
        """The options as an instance of `kind`, a struct that forbids unknown fields.

        Raises:
            UsageError: an option is not known, or not of its type.
        """
        import msgspec

        from gaterun.model.condition import nearest

        known = list(kind.__struct_fields__)  # type: ignore[attr-defined]
        for name in self.options:
            if name not in known:
                raise UsageError(
                    f'executor = "{name}=…": there is no such option', help=nearest(name, known)
                )
        try:
            return msgspec.convert(dict(self.options), kind, strict=False)
        except msgspec.ValidationError as error:
            text = str(error).replace("`", "'").replace("$.", "")
            raise UsageError(f"executor: {text[:1].lower() + text[1:]}") from error


class Trees(Struct, frozen=True, kw_only=True):
    """How workers come by the tree. With neither, it is where the run sees it.

    Attributes:
        folder: absolute path of a checkout that each worker has.
        repository: what each worker clones, to check out the commit that is measured.
    """

    folder: str = ""
    repository: str = ""

    @property
    def shared(self) -> bool:
        """Whether workers and the run see one and the same folder."""
        return not (self.folder or self.repository)


class Job(Struct, frozen=True, kw_only=True):
    """One gate to be measured elsewhere.

    Attributes:
        run: id of the run.
        node_id: of the gate.
        timeout: seconds that it has, once it has begun.
        message: for `gaterun.Station.answer`.
    """

    run: str
    node_id: str
    timeout: float
    message: bytes


class Ear(Protocol):
    """What somebody who measures at a worker tells and asks the executor."""

    def began(self) -> None:
        """What the gate waited for is there: its time begins now."""

    def progress(self, text: str) -> None:
        """What the gate is doing."""

    def cancelled(self) -> bool:
        """Whether nobody wants the answer any longer; asked a few times a second."""


class Executor(Protocol):
    """Measures gates elsewhere. Used by many threads at once."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def places(self) -> int:
        """How many gates it measures at once."""

    @property
    def trees(self) -> Trees:
        """How its workers come by the tree."""

    def measure(self, job: Job, progress: Callable[[str], None]) -> bytes:
        """Have a job done, and return the station's answer; lasts until it is there.

        A job is begun once. When its worker is lost there is no answer, and no second try.

        Raises:
            CannotMeasure: there will be no answer: its worker or the scheduler is lost
                (``worker-lost``), it has not ended though its time is over (``timeout``), or it
                was cancelled.
        """

    def cancel(self, *, at_once: bool) -> None:
        """End every job, and what it has started, and take no more. Does not wait.

        Args:
            at_once: leave them no time to end by themselves.
        """

    def close(self) -> None:
        """Give back what is held. Nothing of this run is left running afterwards."""
