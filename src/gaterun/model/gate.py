"""A gate and a resource, as values that plugins offer, and what they are given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field

from gaterun.model.command import Completed
from gaterun.model.edit import Edit
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Metric, Reading
from gaterun.model.options import Options
from gaterun.model.verdict import Outcome

#: Stands among the inputs of what also depends on HEAD and on the tags.
HISTORY = "@history"


class Context(Protocol):
    """What a gate (or a resource) works with. One context belongs to one gate of one run."""

    @property
    def root(self) -> Path:
        """Absolute path of the workspace that is measured."""

    @property
    def options(self) -> Any:
        """The gate's options, an instance of `Gate.options`; ``None`` for a resource."""

    @property
    def base(self) -> str | None:
        """The commit where the phase began, resolved; ``None`` when the phase names none."""

    @property
    def state(self) -> Path:
        """A folder of this gate's own below ``.gaterun/`` that later runs find again."""

    @property
    def scratch(self) -> Path:
        """An empty folder of this gate's own, gone when the gate has finished."""

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a program to its end and return what became of it. Never through a shell.

        Args:
            argv: program and arguments.
            cwd: working directory, the workspace root by default.
            env: variables to add, or to remove where the value is ``None``.
            timeout: seconds; the gate's own timeout is always the outer limit.

        Raises:
            CannotMeasure: the program is not there (``tool-missing``), ran out of time
                (``timeout``) or the run was interrupted. A non-zero exit is not an error.
        """

    def files(self, *globs: str) -> tuple[str, ...]:
        """The workspace's files, tracked or not, that git does not ignore, sorted.

        Args:
            globs: ``*`` stays in a folder, ``**`` crosses folders; all files without any.

        Returns:
            Paths relative to the root with ``/``. Without git every file outside
            ``target`` and hidden folders.
        """

    def checkout(self, ref: str | None) -> Path:
        """A detached checkout in a folder of its own, removed when the gate has finished.

        Args:
            ref: a git revision, or ``None`` for the working tree as it is now, with its
                uncommitted and untracked files.

        Raises:
            CannotMeasure: there is no git repository or no such revision.
        """

    def reads(self, path: Path) -> None:
        """Say that the measurement depends on a file or folder that the gate's inputs do not name.

        What is outside of the workspace has to be said so, a path dependency for one.
        """

    @property
    def measured(self) -> Mapping[str, Reading]:
        """What the other gates of the phase have measured of this tree, by the metric's id.

        A metric that has no value is there too, with the reason. Only for a gate that says
        ``after_others``; empty where it is measured by itself.
        """

    def progress(self, text: str) -> None:
        """Say in a few words what is going on; shown live beside the gate's name."""


class Control(Struct, frozen=True, kw_only=True):
    """A tiny workspace on which a gate must be red, or green, for its own reason.

    Attributes:
        name: what it shows, as a slug (``unused-variable``).
        expect: ``PASS``, ``FAIL``, or ``INCONCLUSIVE`` for a case that must not be judged.
        files: path to text, written and committed as the head.
        base: path to text of an earlier commit, the phase's base; ``None`` when there is none.
        options: options of the gate as in a phase file, conditions included.
        rule: a rule that a finding of the red case must have; empty when a failed
            condition is enough.
        metrics: those whose conditions the red case breaks, and no others; empty when any will do.
        executable: paths in `files` that get the executable bit.
        needs: programs without which it cannot be run.
        measured: what other gates are taken to have measured.
    """

    name: str
    expect: Outcome
    files: Mapping[str, str]
    base: Mapping[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    metrics: tuple[str, ...] = ()
    executable: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    measured: tuple[Reading, ...] = ()


def _no_controls() -> Sequence[Control]:
    return ()


class Defect(Struct, frozen=True, kw_only=True):
    """A small thing that a gate is there to notice, planted in a scratch copy of a workspace.

    Attributes:
        name: what it is, as a slug (``unused-variable``).
        plant: called like `Gate.measure`, with the copy as ``ctx.root``; changes files below
            it, and raises ``LookupError`` where there is nothing to break.
    """

    name: str
    plant: Callable[..., None]


def _no_defects() -> Sequence[Defect]:
    return ()


def _proposes_nothing(measurement: Measurement) -> Mapping[str, object]:
    del measurement
    return {}


class Gate(Struct, frozen=True, kw_only=True):
    """One kind of thing that can be measured, offered by a plugin.

    Attributes:
        name: the name a phase file uses, also that of its entry point (``env-coverage``).
        title: a few words for people.
        about: what it means, its pitfalls, how it can be gamed; Markdown.
        metrics: everything it measures; conditions are checked against these.
        measure: called with the context as first argument, and with the resources that
            its further parameters name. Returns a `Measurement` or raises `CannotMeasure`.
        options: a subclass of `Options` that declares what a phase file may say.
        requires: the conditions of a phase entry that states none.
        uses: resources that only one gate at a time may use, across processes
            (``cargo-target``).
        exclusive: nothing else may run meanwhile, for timing.
        self_comparing: it measures base and head itself, so a baseline leaves it out.
        after_others: it is measured when the other gates of the run have ended, whatever
            became of them, because it reads what they measured (`Context.measured`). It is never
            used again.
        timeout: seconds, unless the phase says otherwise.
        inputs: globs of the workspace's files that a measurement depends on, ``("**",)`` for
            all; one that begins with ``!`` takes files out again, `HISTORY` adds the tags and
            the newest commit of more than documents that gaterun writes. As long as these,
            the options, the code, the toolchain and the environment are the same, a measurement is used again. Without inputs it never is: what depends
            on the network, a server or the clock declares none.
        controls: known-bad and known-good cases.
        pins: metrics that `gaterun init` holds at today's value, in their better direction. Where
            a condition of `requires` about another one does not hold today, the gate is left out.
        proposes: options that make the gate describe today's state (known failures by name),
            for `gaterun init`.
        defects: what `gaterun selftest --on` plants to see whether the gate notices.
        fix: called like `measure`, for `gaterun fix`; returns what it would change, only where
            there is no doubt, and writes nothing. ``None`` for a gate that mends nothing.
    """

    name: str
    title: str
    metrics: tuple[Metric, ...]
    measure: Callable[..., Measurement]
    about: str = ""
    options: type[Options] = Options
    requires: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    exclusive: bool = False
    self_comparing: bool = False
    after_others: bool = False
    timeout: float = 1800.0
    inputs: tuple[str, ...] = ()
    controls: Callable[[], Sequence[Control]] = _no_controls
    pins: tuple[str, ...] = ()
    proposes: Callable[[Measurement], Mapping[str, object]] = _proposes_nothing
    defects: Callable[[], Sequence[Defect]] = _no_defects
    fix: Callable[..., Sequence[Edit]] | None = None


class Resource(Struct, frozen=True, kw_only=True):
    """Something that several gates need, computed once in a run on first use.

    Attributes:
        name: the parameter name by which gates and other resources ask for it.
        compute: called like `Gate.measure`; may raise `CannotMeasure`, which then holds
            for every gate that asks.
        about: one line of meaning.
        inputs: as `Gate.inputs`, for every gate that asks for it.
        cheap: each machine of a run in shards may compute it again; gates that ask for one
            that is not stay on one machine.
    """

    name: str
    compute: Callable[..., object]
    about: str = ""
    inputs: tuple[str, ...] = ()
    cheap: bool = False


@lru_cache(maxsize=512)
def resource_names(function: Callable[..., object]) -> tuple[str, ...]:
    """The resources that a ``measure`` or ``compute`` asks for.

    These are its plain parameters after the first; one with a default, ``*args`` and
    ``**kwargs`` are the function's own business.

    >>> resource_names(lambda ctx, workspace, *rest, limit=3: None)
    ('workspace',)
    """
    import inspect

    plain = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return tuple(
        parameter.name
        for parameter in parameters
        if parameter.kind in plain and parameter.default is inspect.Parameter.empty
    )


def resource_circle(name: str, resources: Mapping[str, Resource]) -> tuple[str, ...]:
    """The resources that ask for each other in a circle, as met from `name` on; else none."""

    def follow(trail: tuple[str, ...]) -> tuple[str, ...]:
        for need in resource_names(resources[trail[-1]].compute):
            if need in trail:
                return (*trail[trail.index(need) :], need)
            if need in resources and (found := follow((*trail, need))):
                return found
        return ()

    return follow((name,))
