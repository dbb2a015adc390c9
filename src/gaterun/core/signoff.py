"""The manual gate: a person signs files, and the signature goes stale when they change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated

from gaterun.model.errors import CannotMeasure
from gaterun.model.gate import Context, Gate
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Better, Metric, Unit
from gaterun.model.options import Options, help
from gaterun.model.phase import Requirement
from gaterun.model.verdict import Reason
from gaterun.model.waiver import SignOff


class ManualOptions(Options, frozen=True, kw_only=True):
    """Options of an entry with ``mode = "manual"``."""

    file: Annotated[
        str | tuple[str, ...], help("the file, or the files, that are looked at and signed")
    ]

    @property
    def files(self) -> tuple[str, ...]:
        """The files, as a list."""
        return (self.file,) if isinstance(self.file, str) else self.file


def _nothing(ctx: Context) -> Measurement:
    raise NotImplementedError(f"{ctx.root}: a manual gate measures nothing, `signed` judges it")


#: What an entry with ``mode = "manual"`` is bound to; no plugin offers it.
MANUAL = Gate(
    name="manual",
    title="signed by a person",
    about="A person has looked at the files that the entry names, and signed them.",
    options=ManualOptions,
    metrics=(
        Metric(
            name="signed",
            unit=Unit.BOOLEAN,
            better=Better.NEITHER,
            help="somebody has signed the files as they are",
        ),
    ),
    requires=("signed == true",),
    measure=_nothing,
    self_comparing=True,
)


def outside(name: str) -> bool:
    """Whether a path is empty, or does not stay below the workspace."""
    path = PurePosixPath(name)
    return not path.parts or path.is_absolute() or ".." in path.parts


def digest(root: Path, files: Sequence[str]) -> str:
    """SHA-256 of a file, or of what ``sha256sum`` says about several.

    Raises:
        CannotMeasure: one is not there or cannot be read.
    """
    found: dict[str, str] = {}
    for name in files:
        try:
            found[name] = hashlib.sha256((root / name).read_bytes()).hexdigest()
        except OSError as error:
            raise CannotMeasure(
                Reason.NO_INPUT, f"{name}, which is to be signed, cannot be read: {error.strerror}"
            ) from error
    if len(found) == 1:
        return next(iter(found.values()))
    listed = "".join(f"{value}  {name}\n" for name, value in sorted(found.items()))
    return hashlib.sha256(listed.encode()).hexdigest()


def signed(requirement: Requirement, signoffs: Sequence[SignOff], root: Path) -> Measurement:
    """What is known of a manual gate: who has signed the files as they are now.

    Args:
        signoffs: of the phase.
        root: the workspace.

    Raises:
        CannotMeasure: nobody has, or the files have changed since.
    """
    options = requirement.options
    files = options.files if isinstance(options, ManualOptions) else ()
    now = digest(root, files)
    ours = [signoff for signoff in signoffs if signoff.gate == requirement.node_id]
    fitting = [signoff for signoff in ours if signoff.digest == now]
    how = f'`gaterun waivers sign {requirement.node_id} --reason "…"`, once you have read it'
    names = ", ".join(files)
    if not fitting and ours:
        last = ours[-1]
        raise CannotMeasure(
            Reason.UNDECIDED,
            f"{names} changed since {last.name} signed it on {last.date}",
            help=how,
        )
    if not fitting:
        raise CannotMeasure(Reason.UNDECIDED, f"nobody has signed {names}", help=how)
    return Measurement(
        metrics={"signed": True},
        inspected={"files": len(files)},
        notes=[
            f"signed by {signoff.name} on {signoff.date}: {signoff.reason}" for signoff in fitting
        ],
        recipe={"digest": now},
    )
