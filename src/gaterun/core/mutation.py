"""Plants defects in a scratch copy of a workspace, and sees which gates notice theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from gaterun.core.bind import requirement
from gaterun.core.controls import commit, git
from gaterun.core.execute import Processes
from gaterun.core.git import Git
from gaterun.core.judge import judge
from gaterun.core.measure import Bench
from gaterun.core.propose import propose
from gaterun.model.errors import CannotMeasure
from gaterun.model.gate import Defect, Gate, Resource
from gaterun.model.verdict import Outcome


class Detection(Struct, frozen=True, kw_only=True):
    """What became of one gate, or of one defect that was planted for it.

    Attributes:
        defect: its name; empty when the gate itself could not be tried.
        caught: whether the gate turned red by its own finding; ``None`` when nothing could be
            planted.
        said: what the gate said, or why it could not be tried.
    """

    gate: str
    defect: str
    caught: bool | None
    said: str


def detections(
    root: Path,
    gates: Mapping[str, Gate],
    resources: Mapping[str, Resource],
    folder: Path,
    progress: Callable[[str], None],
) -> Iterator[Detection]:
    """Try every gate that has defects to offer.

    A gate first has to be green on the untouched copy, with the conditions that `gaterun init`
    would write: a gate that is red anyway proves nothing.

    Args:
        root: the user's workspace, which is only read.
        folder: an empty folder for the copy and the state.
        progress: told what is going on.
    """
    (folder / "trees").mkdir()
    tree = Git(root).checkout(None, folder / "trees")
    if not (tree / ".git").exists() and not Git(tree).present:
        git(tree, "init", "--quiet")
    base = commit(tree, "As it is")
    scratch = _Scratch(tree, folder / "state", base, resources)
    try:
        for gate in gates.values():
            defects = gate.defects()
            if not defects:
                continue
            progress(gate.name)
            proposal = propose(scratch.bench(), gate, resources, _quiet)
            if proposal.obstacle:
                said = f"not green to begin with: {proposal.obstacle}"
                yield Detection(gate=gate.name, defect="", caught=None, said=said)
                continue
            for defect in defects:
                yield scratch.attempt(gate, defect, proposal.entry)
    finally:
        scratch.processes.kill()


class _Scratch:
    """The copy, which is brought back to its commit after every defect."""

    def __init__(
        self, tree: Path, state: Path, base: str, resources: Mapping[str, Resource]
    ) -> None:
        self._tree = tree
        self._state = state
        self._base = base
        self._resources = resources
        self._benches = 0
        self.processes = Processes(f"selftest-{base[:12]}")
        for name in ("gates", "locks", "scratch"):
            (state / name).mkdir(parents=True)

    def bench(self) -> Bench:
        """A bench that has seen nothing yet, on the state that the others have left."""
        self._benches += 1
        logs = self._state / f"logs-{self._benches}"
        logs.mkdir()
        return Bench(
            root=self._tree,
            state=self._state,
            logs=logs,
            base=self._base,
            resources=self._resources,
            processes=self.processes,
        )

    def attempt(self, gate: Gate, defect: Defect, entry: Mapping[str, object]) -> Detection:
        """Plant a defect, let the gate look, and take the defect away again."""
        wanted = requirement(gate, entry, self._resources)
        caught: bool | None = None
        try:
            self.bench().plant(defect.plant, name=gate.name)
            measurement, _ = self.bench().measure(
                gate, wanted.options, name=gate.name, timeout=wanted.timeout, progress=_quiet
            )
            verdict = judge(wanted, measurement, None)
            caught = verdict.outcome is Outcome.FAIL
            said = verdict.message
        except LookupError as error:
            said = f"nothing to break: {error}"
        except CannotMeasure as refusal:
            caught = False
            said = f"no verdict ({refusal.reason}): {refusal.message}"
        finally:
            git(self._tree, "checkout", "--quiet", "--force", "--", ".")
            git(self._tree, "clean", "-fdq")
        return Detection(gate=gate.name, defect=defect.name, caught=caught, said=said)


def _quiet(text: str) -> None:
    del text
